import type * as tf from "../tf.ts";

/**
 * Whether two tensors of one size, as read from a file, hold the same numbers. Tied matrices that a
 * file holds twice are told by it.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../tf.ts";
 *
 * await tf.setBackend("cpu");
 * assert.ok(sameValues(tf.tensor1d([1, 2]), tf.tensor1d([1, 2])));
 * assert.ok(!sameValues(tf.tensor1d([1, 2]), tf.tensor1d([1, 3])));
 * ```
 */
export function sameValues(a: tf.Tensor, b: tf.Tensor): boolean {
  const [one, other] = [a.dataSync(), b.dataSync()];
  return one.every((value, i) => value === other[i]);
}
