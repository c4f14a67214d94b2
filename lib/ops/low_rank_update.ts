import * as tf from "../tf.ts";

/**
 * What low-rank factors add to a linear layer, each row with factors of its own: (x·A)·B / R.
 * Letters: `B` rows, `L` positions, `I` and `O` features in and out, `R` rank.
 *
 * Source: LoRA, arXiv:2106.09685, equation 3; tuners/poly/layer.py of PEFT, `Linear.forward`
 *
 * @param x shape `[B, L, I]`
 * @param A shape `[B, I, R]`
 * @param B shape `[B, R, O]`
 * @returns shape `[B, L, O]`
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../tf.ts";
 *
 * await tf.setBackend("cpu");
 * const [x, A, B] = [tf.tensor3d([[[3]]]), tf.tensor3d([[[1, 2]]]), tf.tensor3d([[[4], [5]]])];
 * assert.deepEqual(lowRankUpdate(x, A, B).arraySync(), [[[(3 * 4 + 6 * 5) / 2]]]);
 * ```
 */
export function lowRankUpdate(x: tf.Tensor3D, A: tf.Tensor3D, B: tf.Tensor3D): tf.Tensor3D {
  // Dividing the narrow product costs less than dividing the wide one, and is exact for R = 2ⁿ.
  return tf.tidy(() => tf.matMul(tf.div(tf.matMul(x, A), A.shape[2]) as tf.Tensor3D, B));
}
