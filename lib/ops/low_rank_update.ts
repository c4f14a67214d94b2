import * as tf from "../tf.ts";
import { embedding } from "./embedding.ts";

/** Low-rank factors, and whose they are. */
export interface LowRankFactors {
  /** Shape `[U, I, R]`. */
  readonly A: tf.Tensor3D;
  /** Shape `[U, R, O]`. */
  readonly B: tf.Tensor3D;
  /** Which of the U factors each row takes; each in [0, U). */
  readonly owners: readonly number[];
}

/**
 * What low-rank factors add to a linear layer: (x·A)·B / R, with the factors of each row's owner.
 * Letters: `B` rows, `U` owners, `L` positions, `I` and `O` features in and out, `R` rank.
 *
 * Source: LoRA, arXiv:2106.09685, equation 3; tuners/poly/layer.py of PEFT, `Linear.forward`
 *
 * @param x shape `[B, L, I]`
 * @returns shape `[B, L, O]`
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../tf.ts";
 *
 * await tf.setBackend("cpu");
 * const [A, B] = [tf.tensor3d([[[1, 2]]]), tf.tensor3d([[[4], [5]]])];
 * const y = lowRankUpdate(tf.tensor3d([[[3]], [[6]]]), { A, B, owners: [0, 0] });
 * assert.deepEqual(y.arraySync(), [[[(3 * 4 + 6 * 5) / 2]], [[(6 * 4 + 12 * 5) / 2]]]);
 * ```
 */
export function lowRankUpdate(x: tf.Tensor3D, { A, B, owners }: LowRankFactors): tf.Tensor3D {
  return tf.tidy(() => {
    const [ownA, ownB] = [ofRows(A, owners), ofRows(B, owners)];
    // Dividing the narrow product costs less than dividing the wide one, and is exact for R = 2ⁿ.
    return tf.matMul(tf.div(tf.matMul(x, ownA), A.shape[2]) as tf.Tensor3D, ownB);
  });
}

/** The factor of each row's owner; the factors themselves where each row has its own in order. */
function ofRows(factors: tf.Tensor3D, owners: readonly number[]): tf.Tensor3D {
  const [U, X, Y] = factors.shape;
  if (U === owners.length && owners.every((owner, row) => owner === row)) return factors;
  const ids = tf.tensor1d([...owners], "int32");
  const rows = embedding(ids, tf.reshape(factors, [U, X * Y]));
  return tf.reshape(rows, [owners.length, X, Y]);
}
