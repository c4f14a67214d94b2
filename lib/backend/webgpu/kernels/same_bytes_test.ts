/** Training on WebGPU is reproducible on one adapter: no kernel sums up in an order of chance. */
import assert from "node:assert/strict";
import {
  AdamW,
  AutoModelForSeq2SeqLM,
  disposeGradients,
  getPeftModel,
  lossAndGradients,
  PolyConfig,
  seededNoise,
} from "../../../mod.ts";
import { onEachBackend } from "../../../testing/on_each_backend.ts";
import * as tf from "../../../tf.ts";
import { clipGradients } from "../../../train/clip_gradients.ts";

/** The numbers of all parameters after two steps. */
async function trained(): Promise<Float32Array[]> {
  const base = AutoModelForSeq2SeqLM.fromConfig({
    model_type: "t5",
    ...{ vocab_size: 31, d_model: 20, d_kv: 5, d_ff: 36, num_heads: 4, num_layers: 1 },
    ...{ feed_forward_proj: "gated-gelu", dropout_rate: 0 },
  }, { seed: 0 });
  const model = getPeftModel(
    base,
    new PolyConfig({
      task_type: "SEQ_2_SEQ_LM",
      ...{ r: 3, n_tasks: 3, n_skills: 4, n_splits: 2, target_modules: "all-linear" },
    }),
    { seed: 0 },
  );
  const parameters = model.trainableParameters();
  const optimizer = new AdamW([{ parameters, learningRate: 1e-2 }]);
  const noise = seededNoise(0);
  const inputIds = [[3, 9, 4, 1, 7], [5, 8, 8, 2, 30], [6, 6, 11, 23, 1]];
  for (let step = 0; step < 2; step++) {
    const found = lossAndGradients(
      () =>
        model.forward({
          ...{ inputIds, labels: inputIds, taskIds: [2, 0, 2], training: true, noise },
        }).loss,
      parameters,
    );
    const clipped = clipGradients(found.gradients, 0.1);
    optimizer.step(clipped.gradients);
    disposeGradients(found);
    tf.dispose([clipped.norm, ...clipped.gradients.values()]);
  }
  const values: Float32Array[] = [];
  for (const parameter of parameters.values()) {
    values.push(await parameter.data() as Float32Array);
  }
  optimizer.dispose();
  model.dispose();
  base.dispose();
  return values;
}

onEachBackend("training gives the same bytes each time", async () => {
  const first = await trained();
  assert.ok(first.every((values) => values.every(Number.isFinite)));
  assert.deepEqual(await trained(), first);
}, { only: ["webgpu"] });
