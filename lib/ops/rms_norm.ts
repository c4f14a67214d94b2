import * as tf from "../tf.ts";
import { differentiate, isFused, runKernel } from "./fused.ts";

/**
 * Scales each position to root mean square one, then each feature by its weight:
 * x / √(mean(x²) + ε) · w. Letters: `B` rows, `L` positions, `D` features.
 *
 * Source: Root Mean Square Layer Normalization, arXiv:1910.07467, equation 4; transformers
 * models/t5/modeling_t5.py, `T5LayerNorm`, and models/llama/modeling_llama.py, `LlamaRMSNorm`.
 *
 * @param x shape `[B, L, D]`
 * @param weight shape `[D]`
 * @param epsilon added to the mean square; above 0
 * @returns shape `[B, L, D]`
 *
 * @example The mean square of 3, 4 is 12.5
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../tf.ts";
 *
 * await tf.setBackend("cpu");
 * const [a, b] = rmsNorm(tf.tensor3d([[[3, 4]]]), tf.tensor1d([1, 10]), 1e-6).dataSync();
 * assert.ok(Math.abs(a! - 3 / Math.sqrt(12.5)) < 1e-6);
 * assert.ok(Math.abs(b! - 40 / Math.sqrt(12.5)) < 1e-5);
 * ```
 */
export function rmsNorm(x: tf.Tensor3D, weight: tf.Tensor1D, epsilon: number): tf.Tensor3D {
  if (isFused("RmsNorm", x)) {
    return runKernel("RmsNorm", { x, weight }, { epsilon })[0];
  }
  return tf.tidy(() => tf.mul(normalise(x, epsilon), weight));
}

differentiate(
  "RmsNorm",
  { by: ["RmsNormGrad", "RmsNormGradWeight"], save: ["x", "weight"] },
  ({ dy, saved: [x, weight], attrs }) => ({
    x: () => runKernel("RmsNormGrad", { dy, x, weight }, attrs)[0],
    weight: () => runKernel("RmsNormGradWeight", { dy, x }, attrs)[0],
  }),
);

/** x / √(mean(x²) + ε); one operation on the gradient tape in place of six. */
function normalise(x: tf.Tensor3D, epsilon: number): tf.Tensor3D {
  const operation = tf.customGrad((x, save) => {
    const input = x as tf.Tensor3D;
    const scale = tf.rsqrt(tf.add(tf.mean(tf.square(input), -1, true), epsilon)); // [B, L, 1]
    const y = tf.mul(input, scale);
    (save as tf.GradSaveFunc)([y, scale]);
    return {
      value: y,
      gradFunc(dy: tf.Tensor, saved: tf.Tensor[]) {
        const [y, scale] = saved as [tf.Tensor, tf.Tensor];
        const along = tf.mul(y, tf.mean(tf.mul(dy, y), -1, true)); // the part that only rescales x
        return tf.mul(tf.sub(dy, along), scale);
      },
    };
  });
  return operation(x) as tf.Tensor3D;
}
