import * as tf from "../tf.ts";

/**
 * The values of some scalars and vectors, one behind another, by one read from the device: each read waits
 * until the device has done all that came before.
 *
 * @param tensors of rank 0 or 1; the caller keeps them
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../tf.ts";
 *
 * await tf.setBackend("cpu");
 * assert.deepEqual(await readTogether([tf.scalar(3), tf.tensor1d([1, 2])]), [3, 1, 2]);
 * ```
 */
export async function readTogether(tensors: readonly tf.Tensor[]): Promise<number[]> {
  const all = tf.tidy(() => tf.concat(tensors.map((tensor) => tf.reshape(tensor, [-1]))));
  try {
    return [...await all.data()];
  } finally {
    all.dispose();
  }
}
