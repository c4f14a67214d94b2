import * as tf from "../tf.ts";
import { differentiate, isFused, runKernel } from "./fused.ts";

/**
 * Looks up the row of `weight` for each id. Letters: `V` rows of the table, `D` features.
 *
 * The gradient is a product with one-hot rows, as `tf.gather` has none on WebAssembly. A frozen
 * weight costs no gradient.
 *
 * @param ids int32, any shape; in [0, V), which is not checked here
 * @param weight shape `[V, D]`
 * @param paddingRow the row that is looked up and gets no gradient, as PyTorch's `padding_idx`; null for
 *   none
 * @returns the shape of `ids` with `D` appended
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../tf.ts";
 *
 * await tf.setBackend("cpu");
 * const table = tf.tensor2d([[1, 2], [3, 4], [5, 6]]);
 * const rows = embedding(tf.tensor2d([[2, 0]], [1, 2], "int32"), table);
 * assert.deepEqual(rows.arraySync(), [[[5, 6], [1, 2]]]);
 * ```
 */
export function embedding(
  ids: tf.Tensor,
  weight: tf.Tensor2D,
  paddingRow: number | null = null,
): tf.Tensor {
  const [V, D] = weight.shape;
  if (isFused("TakeRows", ids, weight) && ids.dtype === "int32") {
    return runKernel("TakeRows", { table: weight, ids }, { rows: V, paddingRow })[0];
  }
  return tf.tidy(() => {
    const flat = tf.reshape(ids, [ids.size]) as tf.Tensor1D;
    const lookUp = tf.customGrad((weight, save) => {
      (save as tf.GradSaveFunc)([flat]);
      return {
        value: tf.gather(weight as tf.Tensor2D, flat), // [N, D]
        gradFunc(dy: tf.Tensor, saved: tf.Tensor[]) {
          // WebAssembly's one-hot is right for int32 only, and it has none of a single class.
          const oneHot = V === 1
            ? tf.ones([ids.size, 1])
            : tf.cast(tf.oneHot(saved[0]!, V), "float32"); // [N, V]
          const counted = withoutPadding(dy, saved[0]!, paddingRow) as tf.Tensor2D;
          return tf.matMul(oneHot as tf.Tensor2D, counted, true, false);
        },
      };
    });
    return tf.reshape(lookUp(weight), [...ids.shape, D]);
  });
}

differentiate(
  "TakeRows",
  { by: ["AddRows"], save: ["ids"] },
  ({ dy, saved: [ids], attrs: { rows, paddingRow } }) => ({
    table: () =>
      runKernel("AddRows", { dy: withoutPadding(dy, ids, paddingRow), ids }, { rows })[0],
  }),
);

/** The gradient with zeros where the id is that of the padding. */
function withoutPadding(dy: tf.Tensor, ids: tf.Tensor, paddingRow: number | null): tf.Tensor {
  if (paddingRow === null) return dy;
  return tf.mul(dy, tf.expandDims(tf.cast(tf.notEqual(ids, paddingRow), "float32"), -1));
}
