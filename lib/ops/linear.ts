import * as tf from "../tf.ts";
import { differentiate, isFused, runKernel, runKernelForOne } from "./fused.ts";
import { type LowRankFactors, lowRankUpdate } from "./low_rank_update.ts";

/**
 * x·Wᵀ + b with PyTorch's weight layout. Letters: `B` rows, `L` positions, `I` and `O` features in and
 * out.
 *
 * @param x shape `[B, L, I]`
 * @param weight shape `[O, I]`
 * @param bias shape `[O]`, or null for none
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
): tf.Tensor3D {
  if (isFused("Linear", x, weight)) {
    return runKernel("Linear", { x, weight, bias: bias ?? undefined }, {})[0];
  }
  const [B, L, I] = x.shape;
  const [O] = weight.shape;
  return tf.tidy(() => {
    const y = tf.matMul(tf.reshape(x, [B * L, I]), weight, false, true); // [B·L, O]
    return tf.reshape(bias === null ? y : tf.add(y, bias), [B, L, O]);
  });
}

/**
 * A linear layer with what low-rank factors add to it, each row by its own: x·Wᵀ + b + (x·A)·B / R.
 * The sum of {@linkcode linear} and {@linkcode lowRankUpdate}.
 *
 * @param x shape `[B, L, I]`
 * @param weight shape `[O, I]`
 * @param bias shape `[O]`, or null for none
 * @returns shape `[B, L, O]`
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../tf.ts";
 *
 * await tf.setBackend("cpu");
 * const [x, weight] = [tf.tensor3d([[[1, 2]]]), tf.tensor2d([[3, 4]])];
 * const factors = { A: tf.tensor3d([[[1], [1]]]), B: tf.tensor3d([[[10]]]), owners: [0] };
 * assert.deepEqual(adaptedLinear(x, weight, null, factors).arraySync(), [[[11 + 30]]]);
 * ```
 */
export function adaptedLinear(
  x: tf.Tensor3D,
  weight: tf.Tensor2D,
  bias: tf.Tensor1D | null,
  factors: LowRankFactors,
): tf.Tensor3D {
  if (isFused("AdaptedLinear", x, weight)) {
    const { A: factorA, B: factorB, owners } = factors;
    const inputs = { x, weight, bias: bias ?? undefined, factorA, factorB };
    return runKernelForOne("AdaptedLinear", inputs, { owners });
  }
  return tf.tidy(() => tf.add(linear(x, weight, bias), lowRankUpdate(x, factors)));
}

differentiate(
  "Linear",
  { by: ["LinearGradInput", "LinearGradWeight"], save: ["x", "weight"] },
  ({ dy, saved: [x, weight] }) => ({
    x: () => runKernel("LinearGradInput", { dy, weight }, { owners: [] })[0],
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
    const [dNarrow, dA, dB] = runKernel("LinearGradFactors", inputs, attrs);
    return {
      x: () => runKernel("LinearGradInput", { dy, weight, dNarrow, factorA }, attrs)[0],
      weight: () => runKernel("LinearGradWeight", { dy, x }, {})[0],
      bias: () => tf.sum(dy, [0, 1]),
      factorA: () => dA,
      factorB: () => dB,
    };
  },
);
