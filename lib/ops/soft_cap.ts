import * as tf from "../tf.ts";

/**
 * c · tanh(x / c), elementwise: small numbers as they are, large ones bounded by ±c.
 *
 * Source: Gemma 2, arXiv:2408.00118, section 2; transformers models/gemma2/modeling_gemma2.py.
 *
 * @param cap c; above 0
 * @returns the shape of `x`
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../tf.ts";
 *
 * await tf.setBackend("cpu");
 * const [small, large] = softCap(tf.tensor1d([0.01, 900]), 30).dataSync();
 * assert.ok(Math.abs(small! - 0.01) < 1e-6);
 * assert.equal(large, 30);
 * ```
 */
export function softCap<T extends tf.Tensor>(x: T, cap: number): T {
  return tf.tidy(() => tf.mul(tf.tanh(tf.div(x, cap)), cap) as T);
}
