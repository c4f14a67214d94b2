import * as tf from "../tf.ts";
import { IGNORED_LABEL } from "./cross_entropy.ts";

/**
 * The log-likelihood log softmax(logits)[label] of each position, in nats; 0 where the label is −100.
 * Letters: `N` positions, `V` classes.
 *
 * It is what `crossEntropy` averages, for losses and scores that weigh positions in another way.
 *
 * @param logits shape `[N, V]`
 * @param labels int32 `[N]`; in [0, V) or −100, unchecked here
 * @returns shape `[N]`; at most 0
 *
 * @example Equal logits make all classes alike
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../tf.ts";
 *
 * await tf.setBackend("cpu");
 * const [first, ignored] = logLikelihoods(tf.zeros([2, 5]), tf.tensor1d([3, -100], "int32")).arraySync();
 * assert.ok(Math.abs(first! + Math.log(5)) < 1e-6);
 * assert.equal(Math.abs(ignored!), 0);
 * ```
 */
export function logLikelihoods(logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Tensor1D {
  const [N, V] = logits.shape;
  const operation = tf.customGrad((x, save) => {
    const logits = x as tf.Tensor2D;
    const counts = tf.cast(tf.notEqual(labels, IGNORED_LABEL), "float32"); // [N]
    const classes = tf.maximum(labels, tf.scalar(0, "int32")); // [N]; ignored: class 0
    const shifted = tf.sub(logits, tf.max(logits, 1, true)); // [N, V]
    const logSum = tf.log(tf.sum(tf.exp(shifted), 1)); // [N]
    const places = tf.add(tf.range(0, N * V, V, "int32"), classes); // [N] into N·V
    const target = tf.gather(tf.reshape(shifted, [N * V]), places); // [N]
    (save as tf.GradSaveFunc)([shifted, logSum, classes, counts]);
    return {
      value: tf.mul(tf.sub(target, logSum), counts),
      gradFunc(dy: tf.Tensor, saved: tf.Tensor[]) {
        const [shifted, logSum, classes, counts] = saved as [
          tf.Tensor,
          tf.Tensor,
          tf.Tensor1D,
          tf.Tensor,
        ];
        const softmax = tf.exp(tf.sub(shifted, tf.reshape(logSum, [N, 1])));
        // WebAssembly's one-hot is right for int32 only.
        const target = tf.cast(tf.oneHot(classes, V), "float32"); // [N, V]
        return tf.mul(tf.sub(target, softmax), tf.reshape(tf.mul(counts, dy), [N, 1]));
      },
    };
  });
  return tf.tidy(() => operation(logits) as tf.Tensor1D);
}
