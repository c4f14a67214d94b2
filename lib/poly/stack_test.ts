import assert from "node:assert/strict";
import { Mlp } from "../models/mlp/model.ts";
import { onEachBackend } from "../testing/on_each_backend.ts";
import * as tf from "../tf.ts";
import { type Adapter, disposeAdapter } from "./adapter.ts";
import { PolyConfig, type PolyConfigOptions } from "./config.ts";
import { makeAdapter } from "./make_adapter.ts";
import { copyFromStack, stackAdapters } from "./stack.ts";

const BASE = { model_type: "mlp", in_features: 6, hidden_features: [4], out_features: 2 };

/** Adapters of one task on a base, which is freed at once: only their own tensors are looked at. */
function adapters(count: number, options: PolyConfigOptions = {}): Adapter[] {
  const base = Mlp.fromConfig(BASE, { seed: 0 });
  const config = { target_modules: "all-linear", n_tasks: 1, n_skills: 3, n_splits: 2, r: 5 };
  const poly = new PolyConfig({ ...config, init_weights: false, ...options });
  const made = Array.from(
    { length: count },
    (_, seed) => makeAdapter(base, "default", poly, seed).adapter,
  );
  base.dispose();
  return made;
}

onEachBackend("stackAdapters() and copyFromStack() are inverse", () => {
  const [from, to] = [adapters(3), adapters(3).toReversed()];
  const stack = stackAdapters(from);
  assert.equal(stack.config.n_tasks, 3);
  const layer = stack.layers.get("layers.0")!;
  assert.deepEqual(layer.skillsA.shape, [3 * 2, 3, 3, 5]);
  assert.deepEqual(layer.skillsB.shape, [3 * 2, 3, 5, 2]);
  assert.deepEqual(layer.router.moduleLogits.shape, [3, 2 * 3]);
  copyFromStack(stack, to);
  for (const [i, { layers }] of from.entries()) {
    for (const [name, { skillsA, skillsB, router }] of layers) {
      const other = to[i]!.layers.get(name)!;
      assert.deepEqual(other.skillsA.arraySync(), skillsA.arraySync());
      assert.deepEqual(other.skillsB.arraySync(), skillsB.arraySync());
      assert.deepEqual(other.router.moduleLogits.arraySync(), router.moduleLogits.arraySync());
    }
  }
  [stack, ...from, ...to].forEach(disposeAdapter);
}, { only: ["cpu"] });

onEachBackend("stackAdapters() puts fixed allocations one behind another", () => {
  const fixed = [[1, 0, 2], [0, 3, 0]].map((row) =>
    adapters(1, { settings: { router_allocation: [row] } })[0]!
  );
  const stack = stackAdapters(fixed);
  assert.deepEqual(stack.config.settings.router_allocation, [[1, 0, 2], [0, 3, 0]]);
  const [router] = [...stack.layers.values()].map((layer) => layer.router);
  const weights = tf.tidy(() =>
    router!.mixingWeights({ taskIds: [1], training: false }).arraySync()
  );
  assert.deepEqual(weights, [[[0, 1, 0], [0, 1, 0]]]);
  [stack, ...fixed].forEach(disposeAdapter);
}, { only: ["cpu"] });

onEachBackend("stackAdapters() refuses adapters that differ", () => {
  const refused = (...others: Adapter[]) => {
    const all = [...adapters(1), ...others];
    assert.throws(() => stackAdapters(all), /^RangeError: Cannot stack adapters as /);
    all.forEach(disposeAdapter);
  };
  refused(...adapters(1, { n_tasks: 2 }));
  refused(...adapters(1, { r: 4 }));
  refused(...adapters(1, { n_splits: 1 }));
  refused(...adapters(1, { settings: { router_noise: "none" } }));
  refused(...adapters(1, { settings: { router_allocation: [[1, 1, 1]] } }));
  refused(...adapters(1, { target_modules: ["layers.0"], modules_to_save: ["layers.2"] }));
}, { only: ["cpu"] });
