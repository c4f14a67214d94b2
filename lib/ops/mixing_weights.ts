import * as tf from "../tf.ts";

/**
 * Scales the last axis to sum 1: x / (Σ x + 10⁻¹²). A row that sums to less than 10⁻¹² fades to 0.
 *
 * Source: tuners/poly/router.py of PEFT, `PolyRouter.forward`
 *
 * @param amounts how much of each skill, not negative; shape `[…, S]`
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../tf.ts";
 *
 * await tf.setBackend("cpu");
 * const weights = mixingWeights(tf.tensor2d([[1, 3], [0, 0]]));
 * assert.deepEqual(weights.arraySync(), [[0.25, 0.75], [0, 0]]);
 * ```
 */
export function mixingWeights<T extends tf.Tensor>(amounts: T): T {
  return tf.tidy(() => tf.div(amounts, tf.add(tf.sum(amounts, -1, true), 1e-12)));
}
