/**
 * Linear layers with PyTorch's weight layout, low-rank updates, and both in one. In an update,
 * every row uses the factors of its owner, such as its task.
 */
import * as tf from "../tf.ts";
import { embedding } from "./embedding.ts";
import { differentiate, isFused, runKernel, runKernelForOne } from "./fused.ts";

/**
 * x·Wᵀ + b with PyTorch's weight layout. Letters: `B` rows, `L` positions, `I` and `O` features in and
 * out.
 *
 * @param x shape `[B, L, I]`
 * @param weight shape `[O, I]`
 * @param bias shape `[O]`, or null for none
 * @param parts number of equal parts of the rows, each of which gets the bits that it would get alone
 * @returns shape `[B, L, O]`
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../tf.ts";
 *
 * await tf.setBackend("cpu");
 * const [x, weight] = [tf.tensor3d([[[1, 2]]]), tf.tensor2d([[3, 4], [5, 6], [7, 8]])];
 * assert.deepEqual(linear(x, weight, null).arraySync(), [[[11, 17, 23]]]);
 * ```
 */
export function linear(
  x: tf.Tensor3D,
  weight: tf.Tensor2D,
  bias: tf.Tensor1D | null,
  parts = 1,
): tf.Tensor3D {
  if (isFused("Linear", x, weight)) {
    return runKernel("Linear", { x, weight, bias: bias ?? undefined }, { parts })[0];
  }
  const [B, L, I] = x.shape;
  const [O] = weight.shape;
  return tf.tidy(() => {
    const y = tf.matMul(tf.reshape(x, [B * L, I]), weight, false, true); // [B·L, O]
    return tf.reshape(bias === null ? y : tf.add(y, bias), [B, L, O]);
  });
}

/** Low-rank factors, and which of them each row uses. */
export interface LowRankFactors {
  /** Shape `[U, I, R]`. */
  readonly factorA: tf.Tensor3D;
  /** Shape `[U, R, O]`. */
  readonly factorB: tf.Tensor3D;
  /** Index of the factors that each row uses, in [0, U). */
  readonly owners: readonly number[];
}

/**
 * The update that low-rank factors add to a linear layer: (x·A)·B / R, with the factors of each
 * row's owner. Letters: `B` rows, `U` owners, `L` positions, `I` and `O` features in and out, `R`
 * rank.
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
 * const [factorA, factorB] = [tf.tensor3d([[[1, 2]]]), tf.tensor3d([[[4], [5]]])];
 * const y = lowRankUpdate(tf.tensor3d([[[3]], [[6]]]), { factorA, factorB, owners: [0, 0] });
 * assert.deepEqual(y.arraySync(), [[[(3 * 4 + 6 * 5) / 2]], [[(6 * 4 + 12 * 5) / 2]]]);
 * ```
 */
export function lowRankUpdate(
  x: tf.Tensor3D,
  { factorA, factorB, owners }: LowRankFactors,
): tf.Tensor3D {
  return tf.tidy(() => {
    const [ownA, ownB] = [ofRows(factorA, owners), ofRows(factorB, owners)];
    // Dividing the narrow product costs less than dividing the wide one, and is exact for R = 2ⁿ.
    return tf.matMul(tf.div(tf.matMul(x, ownA), factorA.shape[2]) as tf.Tensor3D, ownB);
  });
}

/**
 * A linear layer with a low-rank update, each row by its own factors: x·Wᵀ + b + (x·A)·B / R. It is
 * the sum of {@linkcode linear} and {@linkcode lowRankUpdate}.
 *
 * @param x shape `[B, L, I]`
 * @param weight shape `[O, I]`
 * @param bias shape `[O]`, or null for none
 * @param parts number of equal parts of the rows, each of which gets the bits that it would get alone
 * @returns shape `[B, L, O]`
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../tf.ts";
 *
 * await tf.setBackend("cpu");
 * const [x, weight] = [tf.tensor3d([[[1, 2]]]), tf.tensor2d([[3, 4]])];
 * const [factorA, factorB] = [tf.tensor3d([[[1], [1]]]), tf.tensor3d([[[10]]])];
 * const factors = { factorA, factorB, owners: [0] };
 * assert.deepEqual(adaptedLinear(x, weight, null, factors).arraySync(), [[[11 + 30]]]);
 * ```
 */
export function adaptedLinear(
  x: tf.Tensor3D,
  weight: tf.Tensor2D,
  bias: tf.Tensor1D | null,
  factors: LowRankFactors,
  parts = 1,
): tf.Tensor3D {
  if (isFused("AdaptedLinear", x, weight)) {
    const { factorA, factorB, owners } = factors;
    const inputs = { x, weight, bias: bias ?? undefined, factorA, factorB };
    return runKernelForOne("AdaptedLinear", inputs, { owners, parts });
  }
  return tf.tidy(() => tf.add(linear(x, weight, bias), lowRankUpdate(x, factors)));
}

differentiate(
  "Linear",
  { by: ["LinearGradInput", "LinearGradWeight"], save: ["x", "weight"] },
  ({ dy, saved: [x, weight], attrs: { parts } }) => ({
    x: () => runKernel("LinearGradInput", { dy, weight }, { owners: [], parts })[0],
    weight: () => runKernel("LinearGradWeight", { dy, x }, {})[0],
    bias: () => tf.sum(dy, [0, 1]),
  }),
);

differentiate(
  "AdaptedLinear",
  {
    by: ["LinearGradFactors", "LinearGradInput", "LinearGradWeight"],
    save: ["x", "weight", "factorA", "factorB"],
    saveOutputs: [1],
    used: 1,
  },
  ({ dy, saved: [x, weight, factorA, factorB, narrow], attrs }) => {
    const inputs = { dy, x, narrow, factorA, factorB };
    const [dNarrow, dA, dB] = runKernel("LinearGradFactors", inputs, { owners: attrs.owners });
    return {
      x: () => runKernel("LinearGradInput", { dy, weight, dNarrow, factorA }, attrs)[0],
      weight: () => runKernel("LinearGradWeight", { dy, x }, {})[0],
      bias: () => tf.sum(dy, [0, 1]),
      factorA: () => dA,
      factorB: () => dB,
    };
  },
);

/**
 * What belongs to each row's owner, `[U, X, Y]` → `[B, X, Y]`; `factors` itself when row b has owner b.
 *
 * @param owners index of the owner of each row, in [0, U)
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../tf.ts";
 *
 * await tf.setBackend("cpu");
 * const factors = tf.tensor3d([[[4]], [[5]]]);
 * assert.deepEqual(ofRows(factors, [1, 0, 1]).arraySync(), [[[5]], [[4]], [[5]]]);
 * ```
 */
export function ofRows(factors: tf.Tensor3D, owners: readonly number[]): tf.Tensor3D {
  const [U, X, Y] = factors.shape;
  if (U === owners.length && owners.every((owner, row) => owner === row)) return factors;
  const ids = tf.tensor1d([...owners], "int32");
  const rows = embedding(ids, tf.reshape(factors, [U, X * Y]));
  return tf.reshape(rows, [owners.length, X, Y]);
}
