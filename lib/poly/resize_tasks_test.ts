import assert from "node:assert/strict";
import { useBackend } from "../backend/backend.ts";
import { onEachBackend } from "../testing/on_each_backend.ts";
import { BATCH, fillWithWaves, smallT5 } from "../testing/models/small_models.ts";
import * as tf from "../tf.ts";
import { type Adapter, routersOf } from "./adapter.ts";
import { PolyConfig, type PolyConfigOptions } from "./config.ts";
import { getPeftModel } from "../peft/peft_model.ts";

await useBackend("cpu");
const base = smallT5();

function make(options: PolyConfigOptions = {}) {
  const config = new PolyConfig({
    target_modules: ["wo"],
    r: 2,
    n_tasks: 4,
    n_skills: 3,
    n_splits: 2,
    ...options,
  });
  const model = getPeftModel(base, config);
  fillWithWaves(model.adapters.get("default")!);
  return model;
}

/** Z of every router; `[T][H·S]`. */
async function routing(adapter: Adapter): Promise<number[][][]> {
  const all = [...routersOf(adapter)].map((router) => router.moduleLogits.array());
  return await Promise.all(all) as number[][][];
}

onEachBackend(
  "resizeTasks() keeps old rows to the bit and copies or draws new ones",
  async ({ name }) => {
    await useBackend(name);
    const base = smallT5();
    const config = new PolyConfig({ target_modules: ["wo"], r: 2, n_tasks: 4, n_splits: 2 });
    const model = getPeftModel(base, config);
    const adapter = () => model.adapters.get("default")!;
    fillWithWaves(adapter());
    const [before, skills] = [await routing(adapter()), [...adapter().layers.values()]];
    model.resizeTasks(5, { keep: [3, 1], init: { copyFrom: 2 } });
    const copied = await routing(adapter());
    for (const [i, Z] of copied.entries()) {
      assert.deepEqual(Z, [3, 1, 2, 2, 2].map((task) => before[i]![task]));
    }
    model.resizeTasks(7, { seed: 3 });
    for (const [i, Z] of (await routing(adapter())).entries()) {
      assert.deepEqual(Z.slice(0, 5), copied[i]);
      const fresh = Z.slice(5).flat();
      assert.ok(fresh.every((z) => z !== 0 && Math.abs(z) < 1e-3));
      assert.equal(new Set(fresh).size, fresh.length);
    }
    assert.equal(adapter().config.n_tasks, 7);
    for (const { name, skillsA, skillsB } of skills) {
      const layer = adapter().layers.get(name)!;
      assert.ok(layer.skillsA === skillsA && layer.skillsB === skillsB);
    }
    model.dispose();
    base.dispose();
  },
);

onEachBackend(
  "resizeTasks() starts a new task from the average, as few-shot learning does",
  async () => {
    const model = make();
    model.resizeTasks(1, { keep: [], seed: 1 });
    const first = await routing(model.adapters.get("default")!);
    assert.deepEqual(first.map((Z) => Z.length), [1, 1, 1]);
    assert.notDeepEqual(first[0], first[1]);
    const same = make();
    same.resizeTasks(1, { keep: [], seed: 1 });
    assert.deepEqual(await routing(same.adapters.get("default")!), first);
    same.resizeTasks(1, { keep: [], seed: 2 });
    assert.notDeepEqual(await routing(same.adapters.get("default")!), first);
    const { inputIds, labels } = BATCH;
    tf.dispose({ ...model.forward({ inputIds, labels, taskIds: [0, 0, 0] }) });
    assert.throws(() => model.forward({ inputIds, labels, taskIds: [0, 1, 0] }), /Only 1 tasks/);
    model.dispose();
    same.dispose();
  },
  { only: ["cpu"] },
);

onEachBackend("resizeTasks() keeps what is trained, and routers shared", () => {
  const model = make({ settings: { router_granularity: "model" } });
  model.setRequiresGrad("default", false, "skills");
  const names = [...model.trainableParameters().keys()];
  assert.equal(names.length, 1);
  model.resizeTasks(6);
  assert.deepEqual([...model.trainableParameters().keys()], names);
  assert.equal(routersOf(model.adapters.get("default")!).size, 1);
  assert.deepEqual(model.trainableParameters().get(names[0]!)!.shape, [6, 6]);
  model.dispose();
}, { only: ["cpu"] });

onEachBackend(
  "resizeTasks() moves a fixed allocation along, and refuses fresh rows of it",
  () => {
    const allocation = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]];
    const model = make({ settings: { router_allocation: allocation } });
    assert.throws(() => model.resizeTasks(5), {
      name: "RangeError",
      message: /allocation is fixed.*copyFrom/,
    });
    model.resizeTasks(3, { keep: [2, 0], init: { copyFrom: 3 } });
    assert.deepEqual(model.adapters.get("default")!.config.settings.router_allocation, [
      [0, 0, 1],
      [1, 0, 0],
      [1, 1, 1],
    ]);
    model.dispose();
  },
  { only: ["cpu"] },
);

onEachBackend("resizeTasks() refuses before anything changes", async () => {
  const model = make();
  const before = await routing(model.adapters.get("default")!);
  const refusals: [() => void, string, RegExp][] = [
    [
      () => model.resizeTasks(2),
      "RangeError",
      /at most 2 must be kept: got 4; name those to keep, such as keep: \[3\]/,
    ],
    [() => model.resizeTasks(0, { keep: [] }), "RangeError", /at least one/],
    [() => model.resizeTasks(2.5), "TypeError", /integers/],
    [() => model.resizeTasks(5, { keep: [4] }), "RangeError", /tasks must be in \[0, 4\): got 4/],
    [() => model.resizeTasks(5, { keep: [-1] }), "RangeError", /got -1/],
    [() => model.resizeTasks(5, { keep: [1, 1] }), "RangeError", /once/],
    [() => model.resizeTasks(1, { keep: [1, 2] }), "RangeError", /got 2; name those to keep/],
    [() => model.resizeTasks(5, { init: { copyFrom: 4 } }), "RangeError", /got 4/],
    [() => model.resizeTasks(5, { init: { copyFrom: NaN } }), "TypeError", /integers/],
    [() => model.resizeTasks(5, { seed: 0.5 }), "RangeError", /seed/],
    [() => model.resizeTasks(5, { adapterName: "nope" }), "RangeError", /nope/],
  ];
  const tensors = tf.memory().numTensors;
  for (const [resize, name, message] of refusals) assert.throws(resize, { name, message });
  assert.equal(tf.memory().numTensors, tensors);
  assert.deepEqual(await routing(model.adapters.get("default")!), before);
  model.dispose();
}, { only: ["cpu"] });
