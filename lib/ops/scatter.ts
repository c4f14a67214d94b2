import * as tf from "../tf.ts";

/**
 * Rows of zeros with values at given places. The gradient takes the values at these places out again.
 * Letters: `S` rows, `K` values in a row, `N` places in a row.
 *
 * @param values shape `[S, K]`
 * @param places of the values in their rows, row after row, each once in a row; in [0, N); length S·K
 * @param size N
 * @returns shape `[S, N]`
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../tf.ts";
 *
 * await tf.setBackend("cpu");
 * const values = tf.tensor2d([[5, 6], [7, 8]]);
 * const rows = scatter(values, Int32Array.of(0, 2, 1, 0), 3);
 * assert.deepEqual(rows.arraySync(), [[5, 0, 6], [8, 7, 0]]);
 * ```
 */
export function scatter(values: tf.Tensor2D, places: Int32Array, size: number): tf.Tensor2D {
  const [S, K] = values.shape;
  const flat = places.map((place, i) => Math.floor(i / K) * size + place);
  const operation = tf.customGrad((values) => ({
    value: tf.tidy(() => {
      const at = tf.tensor2d(flat, [S * K, 1], "int32");
      const all = tf.scatterND(at, tf.reshape(values as tf.Tensor, [S * K]), [S * size]);
      return tf.reshape(all, [S, size]);
    }),
    gradFunc: (dy: tf.Tensor) =>
      tf.tidy(() => {
        const at = tf.tensor1d(flat, "int32");
        return tf.reshape(tf.gather(tf.reshape(dy, [S * size]), at), [S, K]);
      }),
  }));
  return tf.tidy(() => operation(values) as tf.Tensor2D);
}
