import assert from "node:assert/strict";
import { assertClose } from "../testing/assert_close.ts";
import { onEachBackend } from "../testing/on_each_backend.ts";
import { BATCH, fillWithWaves, LLAMA_CONFIG, smallLlama } from "../testing/models/small_models.ts";
import { LlamaForCausalLM } from "../models/llama/model.ts";
import type { LanguageModel } from "../models/base_model.ts";
import { seededNoise } from "../ops/noise.ts";
import * as tf from "../tf.ts";
import { PolyConfig, type PolyConfigOptions } from "../poly/config.ts";
import { getPeftModel, type PeftModel } from "./peft_model.ts";

const OPTIONS: PolyConfigOptions = {
  task_type: "CAUSAL_LM",
  target_modules: ["q_proj", "v_proj", "down_proj"],
  r: 3,
  n_tasks: 3,
  n_skills: 4,
  n_splits: 2,
};

function make(options: PolyConfigOptions = {}, base: LanguageModel = smallLlama()) {
  const model = getPeftModel(base, new PolyConfig({ ...OPTIONS, ...options }));
  fillWithWaves(model.adapters.get("default")!);
  return { base, model };
}

const { inputIds } = BATCH;
const rows = (task: number) => inputIds.map(() => task);

async function logits(
  of: PeftModel<LanguageModel> | LanguageModel,
  task = 0,
): Promise<{ shape: number[]; data: Float32Array }> {
  const { logits } = "adapters" in of
    ? of.forward({ inputIds, taskIds: rows(task) })
    : of.forward({ inputIds });
  const data = Float32Array.from(await logits.data());
  logits.dispose();
  return { shape: logits.shape, data };
}

async function bits(base: LanguageModel): Promise<Float32Array[]> {
  const values = base.parameters.names.map((name) => base.parameters.get(name).data());
  return (await Promise.all(values)).map((data) => Float32Array.from(data));
}

onEachBackend(
  "A15 mergeAdapter() gives the task's logits, unmergeAdapter() the old bits",
  async (backend) => {
    const { base, model } = make({ modules_to_save: ["lm_head"] });
    const weights = await bits(base);
    const expected = await Promise.all([0, 1, 2].map((task) => logits(model, task)));
    const plain = await logits(base);
    const tensors = tf.memory().numTensors;
    for (const task of [0, 1, 2]) {
      model.mergeAdapter({ task });
      assert.equal(model.mergedAdapter, "default");
      assert.notDeepEqual(await bits(base), weights);
      await assertClose(
        await logits(model, task),
        expected[task]!,
        Math.max(1e-4, backend.tolerance),
      );
      model.unmergeAdapter();
      assert.equal(model.mergedAdapter, null);
      assert.equal(tf.memory().numTensors, tensors);
    }
    assert.deepEqual(await bits(base), weights);
    assert.deepEqual(await logits(base), plain);
    assert.deepEqual(await logits(model, 1), expected[1]);
    model.dispose();
    base.dispose();
  },
);

onEachBackend(
  "A15 mergeAndUnload() leaves a base model with the task's logits",
  async (backend) => {
    const { base, model } = make({ modules_to_save: ["lm_head"] });
    const tensors = base.parameters.names.length;
    const expected = await logits(model, 2);
    assert.equal(model.mergeAndUnload({ task: 2 }), base);
    await assertClose(await logits(base), expected, Math.max(1e-4, backend.tolerance));
    assert.equal(model.adapters.size, 0);
    assert.equal(base.parameters.names.length, tensors);
    base.dispose();
  },
  { only: ["cpu", "wasm"] },
);

onEachBackend("A14 unload() leaves the base model as it was", async () => {
  const { base, model } = make({ modules_to_save: ["lm_head"] });
  const weights = await bits(base);
  const plain = await logits(base);
  model.mergeAdapter({ task: 1 });
  assert.equal(model.unload(), base);
  assert.deepEqual(await bits(base), weights);
  assert.deepEqual(await logits(base), plain);
  base.dispose();
}, { only: ["cpu"] });

onEachBackend("a merged model refuses everything it would compute wrongly", async () => {
  const { base, model } = make();
  model.addAdapter("other", new PolyConfig(OPTIONS));
  const weights = await bits(base);
  model.mergeAdapter({ task: 1 });
  const refused: [() => unknown, RegExp][] = [
    [
      () => model.mergeAdapter({ task: 1 }),
      /Cannot merge as task 1 of adapter "default" is merged/,
    ],
    [() => model.mergeAndUnload({ task: 0 }), /Cannot merge/],
    [() => model.forward({ inputIds, taskIds: [1, 1, 0] }), /Cannot compute task 0 as task 1/],
    [
      () => model.forward({ inputIds, taskIds: rows(1), training: true, noise: seededNoise(0) }),
      /Cannot train/,
    ],
    [() => model.disableAdapter(() => 0), /Cannot disable adapters/],
    [() => model.setAdapter("other"), /Cannot change the active adapters/],
    [() => model.deleteAdapter("default"), /Cannot delete an adapter/],
    [() => model.resizeTasks(4), /Cannot resize the tasks/],
  ];
  for (const [act, message] of refused) assert.throws(act, { name: "MergeError", message });
  model.unmergeAdapter();
  model.unmergeAdapter();
  assert.deepEqual(await bits(base), weights);
  model.dispose();
  base.dispose();
}, { only: ["cpu"] });

onEachBackend("mergeAdapter() needs one adapter in force, and a task of it", async () => {
  const { base, model } = make();
  const weights = await bits(base);
  model.addAdapter("other", new PolyConfig(OPTIONS));
  model.setAdapter(["default", "other"]);
  const merging = (message: RegExp, name = "MergeError") =>
    assert.throws(() => model.mergeAdapter({ task: 0 }), { name, message });
  merging(/exactly one adapter must be active and enabled: active are default, other/);
  model.setAdapter("default");
  model.disableAdapter(() => merging(/disabled/));
  assert.throws(() => model.mergeAdapter({ task: 3 }), { name: "RangeError", message: /0 to 2/ });
  assert.throws(() => model.mergeAdapter({ task: 1.5 }), { name: "TypeError" });
  model.deleteAdapter("default");
  model.deleteAdapter("other");
  merging(/active are none/);
  assert.deepEqual(await bits(base), weights);
  model.dispose();
  base.dispose();
}, { only: ["cpu"] });

onEachBackend("merging into a tied weight is refused, and nothing has changed", async () => {
  const tied = () =>
    LlamaForCausalLM.fromConfig({ ...LLAMA_CONFIG, tie_word_embeddings: true }, { seed: 1 });
  const adapted = make({ target_modules: ["q_proj", "lm_head"], n_splits: 1 }, tied());
  const saved = make({ target_modules: ["q_proj"], modules_to_save: ["lm_head"] }, tied());
  for (const { base, model } of [adapted, saved]) {
    const weights = await bits(base);
    const tensors = tf.memory().numTensors;
    assert.throws(() => model.mergeAndUnload({ task: 0 }), {
      name: "MergeError",
      message: /lm_head\.weight as it is tied/,
    });
    assert.equal(tf.memory().numTensors, tensors);
    assert.deepEqual(await bits(base), weights);
    assert.equal(model.mergedAdapter, null);
    model.dispose();
    base.dispose();
  }
}, { only: ["cpu"] });
