import * as tf from "../tf.ts";

/**
 * For each row, the sum of the skills by its weights, split by split; the splits are then set side by
 * side. Letters: `B` rows, `H` splits, `S` skills, `X` and `Y` the matrix of one skill and split.
 *
 * Source: Multi-Head Adapter Routing, arXiv:2211.03831, section 3.1; tuners/poly/layer.py of PEFT,
 * `Linear.forward`
 *
 * @param weights shape `[B, H, S]`
 * @param skills shape `[H, S, X, Y]`
 * @param along whether the splits continue each other's rows, as in A, or columns, as in B
 * @returns shape `[B, H·X, Y]` along rows, `[B, X, H·Y]` along columns
 *
 * @example Two skills of two splits, each of one number
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../tf.ts";
 *
 * await tf.setBackend("cpu");
 * const weights = tf.tensor3d([[[1, 0], [0.5, 0.5]]]);
 * const skills = tf.tensor4d([2, 4, 6, 8], [2, 2, 1, 1]);
 * assert.deepEqual(mixSkills(weights, skills, "rows").arraySync(), [[[2], [7]]]);
 * assert.deepEqual(mixSkills(weights, skills, "columns").arraySync(), [[[2, 7]]]);
 * ```
 */
export function mixSkills(
  weights: tf.Tensor3D,
  skills: tf.Tensor4D,
  along: "rows" | "columns",
): tf.Tensor3D {
  const [B] = weights.shape;
  const [H, S, X, Y] = skills.shape;
  return tf.tidy(() => {
    const bySplit = tf.transpose(weights, [1, 0, 2]); // [H, B, S]
    const mixed = tf.reshape(
      tf.matMul(bySplit, tf.reshape(skills, [H, S, X * Y])),
      [H, B, X, Y],
    );
    return along === "rows"
      ? tf.reshape(tf.transpose(mixed, [1, 0, 2, 3]), [B, H * X, Y])
      : tf.reshape(tf.transpose(mixed, [1, 2, 0, 3]), [B, X, H * Y]);
  });
}
