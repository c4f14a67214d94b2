import * as tf from "../tf.ts";

/**
 * Rounds to 0 or 1, one half to 0, and passes the gradient on as if it had not.
 *
 * Source: Estimating or Propagating Gradients Through Stochastic Neurons, arXiv:1308.3432
 *
 * @param x in [0, 1], any shape
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../tf.ts";
 *
 * await tf.setBackend("cpu");
 * const x = tf.tensor1d([0.2, 0.5, 0.7]);
 * assert.deepEqual([...straightThrough(x).dataSync()], [0, 0, 1]);
 * const slope = tf.grad((x: tf.Tensor) => tf.mul(straightThrough(x), 3))(x);
 * assert.deepEqual([...slope.dataSync()], [3, 3, 3]);
 * ```
 */
export function straightThrough<T extends tf.Tensor>(x: T): T {
  const operation = tf.customGrad((x) => ({
    value: tf.cast(tf.greater(x as tf.Tensor, 0.5), "float32"),
    gradFunc: (dy: tf.Tensor) => dy.clone(),
  }));
  return tf.tidy(() => operation(x) as T);
}
