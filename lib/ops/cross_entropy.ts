import * as tf from "../tf.ts";
import { differentiate, isFused, runKernel, runKernelForOne } from "./fused.ts";

/** The label of positions that are ignored, as in PyTorch. */
export const IGNORED_LABEL = -100;

/**
 * Mean of −log softmax(logits)[label] over the positions whose label is not −100; NaN, with a
 * gradient of zero, where every label is −100. Letters: `N` positions, `V` classes.
 *
 * Source: `torch.nn.functional.cross_entropy`.
 *
 * @param logits shape `[N, V]`
 * @param labels int32 `[N]`; in [0, V) or −100, unchecked here
 * @param labelSmoothing share of the target that is spread evenly over all classes; in [0, 1]
 *
 * @example Equal logits cost log V
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../tf.ts";
 *
 * await tf.setBackend("cpu");
 * const loss = crossEntropy(tf.zeros([2, 5]), tf.tensor1d([3, -100], "int32"));
 * assert.ok(Math.abs(loss.arraySync() - Math.log(5)) < 1e-6);
 * ```
 */
export function crossEntropy(
  logits: tf.Tensor2D,
  labels: tf.Tensor1D,
  labelSmoothing = 0,
): tf.Scalar {
  return tf.tidy(() => tf.reshape(crossEntropies(logits, labels, labelSmoothing, 1), []));
}

/**
 * The {@linkcode crossEntropy} of each of `P` equal parts of the positions, shape `[P]`.
 *
 * @param parts P, which divides the number of positions
 *
 * @example Two parts of one position each
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../tf.ts";
 *
 * await tf.setBackend("cpu");
 * const losses = crossEntropies(tf.zeros([2, 5]), tf.tensor1d([3, -100], "int32"), 0, 2);
 * assert.ok(Math.abs(losses.arraySync()[0]! - Math.log(5)) < 1e-6);
 * assert.ok(Number.isNaN(losses.arraySync()[1]));
 * ```
 */
export function crossEntropies(
  logits: tf.Tensor2D,
  labels: tf.Tensor1D,
  labelSmoothing: number,
  parts: number,
): tf.Tensor1D {
  if (isFused("CrossEntropy", logits)) {
    const attrs = { ignored: IGNORED_LABEL, smoothing: labelSmoothing, parts };
    return runKernelForOne("CrossEntropy", { logits, labels }, attrs);
  }
  const [N, V] = logits.shape;
  const size = N / parts;
  return tf.tidy(() => {
    if (parts === 1) return tf.reshape(meanLoss(logits, labels, labelSmoothing), [1]);
    const losses = Array.from({ length: parts }, (_, p) => {
      const ofPart: tf.Tensor2D = tf.slice(logits, [p * size, 0], [size, V]);
      return meanLoss(ofPart, tf.slice(labels, [p * size], [size]), labelSmoothing);
    });
    return tf.stack(losses) as tf.Tensor1D;
  });
}

/**
 * The loss of a batch of `P` parts, each a batch of its own: the sum of their mean losses, whose gradient
 * is that of each; and the mean losses themselves where there are several.
 */
export function lossOfParts(
  logits: tf.Tensor2D,
  labels: tf.Tensor1D,
  labelSmoothing = 0,
  parts = 1,
): { readonly loss: tf.Scalar; readonly losses?: tf.Tensor1D } {
  if (parts === 1) return { loss: crossEntropy(logits, labels, labelSmoothing) };
  const losses = crossEntropies(logits, labels, labelSmoothing, parts);
  return { loss: tf.sum(losses), losses };
}

function meanLoss(
  logits: tf.Tensor2D,
  labels: tf.Tensor1D,
  labelSmoothing: number,
): tf.Scalar {
  const [N, V] = logits.shape;
  const operation = tf.customGrad((x, save) => {
    const logits = x as tf.Tensor2D;
    const counts = tf.cast(tf.notEqual(labels, IGNORED_LABEL), "float32"); // [N]
    const classes = tf.maximum(labels, tf.scalar(0, "int32")); // [N]; ignored: class 0
    const total = tf.sum(counts);
    // log softmax = (logits − their largest) − log Σ exp(logits − their largest)
    const shifted = tf.sub(logits, tf.max(logits, 1, true)); // [N, V]
    const logSum = tf.log(tf.sum(tf.exp(shifted), 1)); // [N]
    const places = tf.add(tf.range(0, N * V, V, "int32"), classes); // [N] into N·V
    let target: tf.Tensor = tf.gather(tf.reshape(shifted, [N * V]), places); // [N]
    if (labelSmoothing !== 0) {
      target = tf.add(
        tf.mul(target, 1 - labelSmoothing),
        tf.mul(tf.mean(shifted, 1), labelSmoothing),
      );
    }
    const losses = tf.mul(tf.sub(logSum, target), counts);
    // WebGPU may return anything for 0 / 0.
    const value = tf.where(tf.greater(total, 0), tf.div(tf.sum(losses), tf.maximum(total, 1)), NaN);
    const scale = tf.div(counts, tf.maximum(total, 1)); // [N]; the weight of each position
    (save as tf.GradSaveFunc)([shifted, logSum, classes, scale]);
    return {
      value,
      gradFunc(dy: tf.Tensor, saved: tf.Tensor[]) {
        const [shifted, logSum, classes, scale] = saved as [
          tf.Tensor,
          tf.Tensor,
          tf.Tensor1D,
          tf.Tensor,
        ];
        const softmax = tf.exp(tf.sub(shifted, tf.reshape(logSum, [N, 1])));
        // WebAssembly's one-hot is right for int32 only.
        let target: tf.Tensor = tf.cast(tf.oneHot(classes, V), "float32"); // [N, V]
        if (labelSmoothing !== 0) {
          target = tf.add(tf.mul(target, 1 - labelSmoothing), labelSmoothing / V);
        }
        return tf.mul(tf.sub(softmax, target), tf.reshape(tf.mul(scale, dy), [N, 1]));
      },
    };
  });
  return tf.tidy(() => operation(logits) as tf.Scalar);
}

differentiate(
  "CrossEntropy",
  { by: ["CrossEntropyGrad"], save: ["logits", "labels"], saveOutputs: [1], used: 1 },
  ({ dy, saved: [logits, labels, logSums], attrs }) => ({
    logits: () => runKernel("CrossEntropyGrad", { dy, logits, labels, logSums }, attrs)[0],
  }),
);
