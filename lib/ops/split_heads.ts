import * as tf from "../tf.ts";
import { differentiate, isFused, runKernel } from "./fused.ts";

/**
 * Gives each attention head its own features. Letters: `B` rows, `L` positions, `N` heads of `Dh`
 * features.
 *
 * @param x shape `[B, L, N·Dh]`, head after head
 * @param heads N; divides the features
 * @returns shape `[B, N, L, Dh]`
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../tf.ts";
 *
 * await tf.setBackend("cpu");
 * const x = tf.tensor3d([[[1, 2], [3, 4]]]);
 * assert.deepEqual(splitHeads(x, 2).arraySync(), [[[[1], [3]], [[2], [4]]]]);
 * ```
 */
export function splitHeads(x: tf.Tensor3D, heads: number): tf.Tensor4D {
  const [B, L, D] = x.shape;
  return tf.tidy(() => swapMiddle(tf.reshape(x, [B, L, heads, D / heads])));
}

/**
 * Sets the features of all heads side by side: undoes {@linkcode splitHeads}.
 *
 * @param x shape `[B, N, L, Dh]`
 * @returns shape `[B, L, N·Dh]`
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../tf.ts";
 *
 * await tf.setBackend("cpu");
 * const x = tf.tensor4d([[[[1], [3]], [[2], [4]]]]);
 * assert.deepEqual(mergeHeads(x).arraySync(), [[[1, 2], [3, 4]]]);
 * ```
 */
export function mergeHeads(x: tf.Tensor4D): tf.Tensor3D {
  const [B, N, L, Dh] = x.shape;
  return tf.tidy(() => tf.reshape(swapMiddle(x), [B, L, N * Dh]));
}

/** Swaps the second axis with the third. */
function swapMiddle(x: tf.Tensor4D): tf.Tensor4D {
  return isFused("SwapMiddle", x)
    ? runKernel("SwapMiddle", { x }, {})[0]
    : tf.transpose(x, [0, 2, 1, 3]);
}

differentiate("SwapMiddle", { by: ["SwapMiddle"] }, ({ dy }) => ({
  x: () => runKernel("SwapMiddle", { x: dy }, {})[0],
}));
