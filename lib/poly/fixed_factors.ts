/**
 * The factors of a layer when its routing is fixed, so that they are plain LoRA. Merging and export
 * use them.
 */
import * as tf from "../tf.ts";
import type { Adapter } from "./adapter.ts";
import type { PolyLayer } from "./layer.ts";
import { layerFactors } from "./layer_factors.ts";

/** A routing that is the same for every row: that of one task, or the average of all skills. */
export type FixedRouting = { readonly task: number } | "average";

/**
 * The two low-rank factors of a layer under a fixed routing, in evaluation. They form one LoRA of
 * rank R and scale 1 / R, where R is that of the factors: of all skills together when their products are
 * summed. The caller disposes both.
 *
 * @returns `A` of shape `[I, R]` and `B` of shape `[R, O]`; the layer's update is x·A·B / R
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { Mlp } from "../models/mlp/model.ts";
 * import * as tf from "../tf.ts";
 * import { PolyConfig } from "./config.ts";
 * import { makeAdapter } from "./make_adapter.ts";
 *
 * await tf.setBackend("cpu");
 * const sizes = { in_features: 4, hidden_features: [], out_features: 2 };
 * const base = Mlp.fromConfig({ model_type: "mlp", ...sizes }, { seed: 0 });
 * const { adapter } = makeAdapter(base, "a", new PolyConfig({ target_modules: ["0"], r: 3 }), 0);
 * const { A, B } = fixedFactors(adapter.layers.get("layers.0")!, { task: 0 });
 * assert.deepEqual([A.shape, B.shape], [[4, 3], [3, 2]]);
 * ```
 */
export function fixedFactors(
  layer: PolyLayer,
  routing: FixedRouting,
): { readonly A: tf.Tensor2D; readonly B: tf.Tensor2D } {
  const { router, inFeatures: I, outFeatures: O } = layer;
  return tf.tidy(() => {
    const weights = routing === "average"
      ? tf.fill([1, router.nSplits, router.nSkills], 1 / router.nSkills) as tf.Tensor3D
      : router.mixingWeights({ taskIds: [routing.task], training: false });
    const { factorA, factorB } = layerFactors(layer, weights);
    const R = factorA.shape[2];
    return { A: tf.reshape(factorA, [I, R]), B: tf.reshape(factorB, [R, O]) };
  });
}

/**
 * Throws unless `task` is a task of the adapter.
 *
 * @param doing action for the message, such as `export a task`
 * @throws {TypeError} when `task` is not an integer
 * @throws {RangeError} when the adapter has no such task
 */
export function checkTask(doing: string, { name, config }: Adapter, task: number): void {
  if (!Number.isInteger(task)) {
    throw new TypeError(`Cannot ${doing} as task must be an integer: got ${task}`);
  }
  const last = config.n_tasks - 1;
  if (task < 0 || task > last) {
    throw new RangeError(
      `Cannot ${doing} as task must be one of 0 to ${last}, those of adapter "${name}": got ${task}`,
    );
  }
}
