/** What PeftModel computes leaves no tensor behind, wherever in the middle it fails. */
import assert from "node:assert/strict";
import type { LanguageModel } from "../models/base_model.ts";
import { seededNoise } from "../ops/noise.ts";
import { onEachBackend } from "../testing/on_each_backend.ts";
import { BATCH, fillWithWaves, smallLlama, smallT5 } from "../testing/models/small_models.ts";
import * as tf from "../tf.ts";
import { disposeGradients, lossAndGradients } from "../train/gradients.ts";
import { PolyConfig, type PolyConfigOptions } from "../poly/config.ts";
import { getPeftModel, type PeftModel } from "./peft_model.ts";

const { inputIds, attentionMask, labels, taskIds } = BATCH;

class Injected extends Error {}

/** Lets the base model's weights be looked up so often, and fail from then on. */
class Fuse {
  left = Infinity;
  lookUps = 0;

  constructor(readonly base: LanguageModel) {
    const { parameters } = base;
    const get = parameters.get.bind(parameters);
    parameters.get = (name) => {
      this.lookUps++;
      if (--this.left < 0) throw new Injected();
      return get(name);
    };
  }

  /** How many look-ups a run makes. */
  async count(run: () => unknown): Promise<number> {
    this.lookUps = 0;
    await run();
    return this.lookUps;
  }

  async failAfter(lookUps: number, run: () => unknown): Promise<void> {
    this.left = lookUps;
    try {
      await assert.rejects(async () => await run(), Injected);
    } finally {
      this.left = Infinity;
    }
  }
}

const BASES: Record<string, () => LanguageModel> = { T5: smallT5, Llama: smallLlama };
const CONFIG: PolyConfigOptions = {
  target_modules: "all-linear",
  modules_to_save: ["lm_head"],
  r: 2,
  n_tasks: 3,
  n_splits: 2,
};

/** Fails a run after each of `most` numbers of look-ups, and then lets it pass with the same result. */
async function leavesNothing<Result>(
  fuse: Fuse,
  most: number,
  run: () => Promise<Result>,
): Promise<void> {
  const before = tf.memory().numTensors;
  const expected = await run();
  assert.equal(tf.memory().numTensors, before, "after success");
  const all = await fuse.count(run);
  assert.ok(all > 2 * most);
  for (let i = 0; i < most; i++) {
    const lookUps = Math.floor(i * (all - 1) / (most - 1));
    await fuse.failAfter(lookUps, run);
    assert.equal(tf.memory().numTensors, before, `after failing at ${lookUps} of ${all}`);
  }
  assert.deepEqual(await run(), expected, "a failure changes what comes after it");
}

for (const [family, makeBase] of Object.entries(BASES)) {
  const withModel = (
    claim: string,
    test: (model: PeftModel<LanguageModel>, fuse: Fuse) => void | Promise<void>,
  ) =>
    onEachBackend(`${claim}: ${family}`, async () => {
      const base = makeBase();
      const model = getPeftModel(base, new PolyConfig(CONFIG));
      fillWithWaves(model.adapters.get("default")!);
      await test(model, new Fuse(base));
      model.unload().dispose();
    }, { only: ["wasm", "cpu"] });

  withModel("forward() leaves nothing, wherever it fails", async (model, fuse) => {
    for (const training of [false, true]) {
      await leavesNothing(fuse, 9, async () => {
        const context = { taskIds, training, noise: seededNoise(3) };
        const out = model.forward({ inputIds, attentionMask, labels, ...context });
        const values = await out.logits.data();
        tf.dispose({ ...out });
        return values;
      });
    }
  });

  withModel("a backward pass leaves nothing, wherever it fails", async (model, fuse) => {
    const parameters = model.trainableParameters();
    await leavesNothing(fuse, 9, async () => {
      const context = { taskIds, training: true, noise: seededNoise(3) };
      const result = lossAndGradients(
        () => model.forward({ inputIds, attentionMask, labels, ...context }).loss,
        parameters,
      );
      const values = [...result.gradients.values()].map((gradient) => gradient.data());
      disposeGradients(result);
      return await Promise.all(values);
    });
  });

  withModel("a backward pass leaves nothing, when a gradient fails", (model) => {
    const parameters = model.trainableParameters();
    const failing = tf.customGrad((x) => ({
      value: (x as tf.Tensor).clone(),
      gradFunc: () => {
        throw new Injected();
      },
    }));
    const before = tf.memory().numTensors;
    for (const fails of [true, false]) {
      const run = () =>
        lossAndGradients(() => {
          const { loss } = model.forward({ inputIds, labels, taskIds });
          return fails ? failing(loss) as tf.Scalar : loss;
        }, parameters);
      if (fails) assert.throws(run, Injected);
      else disposeGradients(run());
      assert.equal(tf.memory().numTensors, before);
    }
  });

  withModel("generate() leaves nothing, whichever step fails", async (model, fuse) => {
    const ways = [
      {},
      { num_beams: 3, num_return_sequences: 2 },
      { do_sample: true, seed: 1, num_return_sequences: 2 },
    ];
    for (const options of ways) {
      await leavesNothing(
        fuse,
        6,
        () => model.generate({ inputIds, attentionMask, taskIds, max_new_tokens: 3, ...options }),
      );
    }
  });
}
