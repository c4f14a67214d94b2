/**
 * Attention over the keys that a mask allows, by one kernel where the backend has it. A query that
 * may see no key gives exactly 0, never NaN.
 */
import * as tf from "../tf.ts";
import { differentiate, isFused, isRecording, runKernel, runKernelForOne } from "./fused.ts";
import { softCap } from "./soft_cap.ts";
import { mergeHeads, splitHeads } from "./split_heads.ts";

/**
 * Added to the score of a key that the mask forbids; any real score vanishes beside it. It is not
 * quite the lowest float32, −3.4028e38, as WebGPU's softmax returns NaN for a row of those.
 */
const FORBIDDEN = -3.4e38;

/** Options of {@linkcode attention}. */
export interface AttentionOptions {
  /** Factor of the products query·key, such as Dh^−½. */
  readonly scale: number;
  /** Bound c of the scaled products, which become c · tanh(product / c); none when absent or null. */
  readonly cap?: number | null;
  /**
   * Bias that is added to the scores; broadcasts to `[B, N, Lq, Lk]`. See {@linkcode maskedBias}.
   */
  readonly bias?: tf.Tensor | undefined;
  /** Mask, 1 where a query may see a key and 0 elsewhere; broadcasts to `[B, N, Lq, Lk]`. */
  readonly mask?: tf.Tensor | undefined;
  /** Dropout of the attention weights. */
  readonly dropout?: ((weights: tf.Tensor4D) => tf.Tensor4D) | undefined;
}

/**
 * softmax(scale · q·kᵀ + bias) · v over the keys that the mask allows. A query that may see no key
 * gives exactly 0. Letters: `B` rows, `N` heads, `Lq` and `Lk` positions, `Dh` features of a head.
 *
 * Source: Attention Is All You Need, arXiv:1706.03762, equation 1; for masked queries
 * `torch.nn.functional.scaled_dot_product_attention` with a boolean mask, since PyTorch 2.5.
 *
 * @param query shape `[B, N, Lq, Dh]`
 * @param key shape `[B, N, Lk, Dh]`
 * @param value shape `[B, N, Lk, Dh]`
 * @returns shape `[B, N, Lq, Dh]`
 *
 * @example A query that scores all keys alike gets the mean of the values that it may see
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../tf.ts";
 *
 * await tf.setBackend("cpu");
 * const query = tf.zeros<tf.Rank.R4>([1, 1, 2, 1]);
 * const value = tf.tensor4d([2, 4, 9], [1, 1, 3, 1]);
 * const mask = tf.tensor2d([[1, 1, 0], [0, 0, 0]]);
 * const seen = attention(query, value, value, { scale: 1, mask });
 * assert.deepEqual(seen.arraySync(), [[[[3], [0]]]]);
 * ```
 */
export function attention(
  query: tf.Tensor4D,
  key: tf.Tensor4D,
  value: tf.Tensor4D,
  { scale, cap = null, bias, mask, dropout }: AttentionOptions,
): tf.Tensor4D {
  return tf.tidy(() => {
    const keys = key.shape[2];
    if (
      dropout === undefined && cap === null && isFused("Attention", query, key) &&
      isRowPerQuery(bias, keys) && isRowPerQuery(mask, keys)
    ) {
      const { tensors, attrs } = forKernel(scale, bias, mask);
      return runKernelForOne("Attention", { query, key, value, ...tensors }, attrs);
    }
    let scores: tf.Tensor = tf.matMul(query, key, false, true); // [B, N, Lq, Lk]
    if (scale !== 1) scores = tf.mul(scores, scale);
    if (cap !== null) scores = softCap(scores, cap);
    if (bias !== undefined) scores = tf.add(scores, bias);
    if (mask !== undefined) scores = tf.add(scores, forbid(mask));
    let weights = tf.softmax(scores) as tf.Tensor4D;
    if (dropout !== undefined) weights = dropout(weights);
    const seen: tf.Tensor4D = tf.matMul(weights, value); // [B, N, Lq, Dh]
    return mask === undefined ? seen : tf.mul(seen, tf.max(asFloat(mask), -1, true));
  });
}

/**
 * {@linkcode attention} of queries, keys and values that have the features of all heads side by side, as
 * linear layers make them. A backend may read them as they lie; elsewhere they are transposed to heads and
 * back.
 *
 * @param query shape `[B, Lq, N·Dh]`
 * @param key shape `[B, Lk, N·Dh]`
 * @param value shape `[B, Lk, N·Dh]`
 * @param heads N
 * @returns shape `[B, Lq, N·Dh]`
 *
 * @example Each of two heads sees its own features of the only key
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../tf.ts";
 *
 * await tf.setBackend("cpu");
 * const value = tf.tensor3d([[[1, 2, 3, 4]]]);
 * const seen = attentionOfRows(tf.zeros([1, 2, 4]), value, value, 2, { scale: 1 });
 * assert.deepEqual(seen.arraySync(), [[[1, 2, 3, 4], [1, 2, 3, 4]]]);
 * ```
 */
export function attentionOfRows(
  query: tf.Tensor3D,
  key: tf.Tensor3D,
  value: tf.Tensor3D,
  heads: number,
  options: AttentionOptions,
): tf.Tensor3D {
  const { scale, cap = null, bias, mask, dropout } = options;
  const keys = key.shape[1];
  return tf.tidy(() => {
    if (
      dropout === undefined && cap === null && isFused("AttentionOfRows", query, key) &&
      isRowPerQuery(bias, keys) && isRowPerQuery(mask, keys)
    ) {
      const { tensors, attrs } = forKernel(scale, bias, mask);
      const inputs = { query, key, value, ...tensors };
      return runKernelForOne("AttentionOfRows", inputs, { ...attrs, heads });
    }
    const split = [query, key, value].map((x) => splitHeads(x, heads)) as Split;
    return mergeHeads(attention(...split, options));
  });
}

type Split = [query: tf.Tensor4D, key: tf.Tensor4D, value: tf.Tensor4D];

/**
 * The bias with about the lowest float32 where the mask is 0; give the result to {@linkcode
 * attention} as its bias. Unlike with a mask, a query that may see no key then gets the mean over
 * all keys.
 *
 * Source: transformers integrations/sdpa_attention.py, `create_position_bias_mask`.
 *
 * @param bias finite; any shape that broadcasts with `mask`
 * @param mask 1 where a query may see a key and 0 elsewhere
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../tf.ts";
 *
 * await tf.setBackend("cpu");
 * const [seen, masked] = maskedBias(tf.scalar(0.5), tf.tensor1d([1, 0])).dataSync();
 * assert.equal(seen, 0.5);
 * assert.ok(masked! < -1e38);
 * ```
 */
export function maskedBias(bias: tf.Tensor, mask: tf.Tensor): tf.Tensor {
  return tf.tidy(() => tf.add(tf.mul(bias, asFloat(mask)), forbid(mask)));
}

/** The mask as a bias: 0 where the mask is 1, `FORBIDDEN` where it is 0. */
function forbid(mask: tf.Tensor): tf.Tensor {
  return tf.mul(tf.sub(1, asFloat(mask)), FORBIDDEN);
}

function asFloat(mask: tf.Tensor): tf.Tensor {
  return mask.dtype === "float32" ? mask : tf.cast(mask, "float32");
}

/**
 * Whether the last axis holds one number per key, which the kernel needs; an absent tensor passes.
 */
function isRowPerQuery(tensor: tf.Tensor | undefined, keys: number): boolean {
  return tensor === undefined || tensor.shape.at(-1) === keys && tensor.rank <= 4;
}

/** What the kernels are told: weights are kept for a backward pass only, and scores never. */
function forKernel(scale: number, bias: tf.Tensor | undefined, mask: tf.Tensor | undefined) {
  const tensors = {
    bias: bias === undefined ? undefined : overScores(bias),
    mask: mask === undefined ? undefined : overScores(asFloat(mask)),
  };
  return {
    tensors,
    attrs: {
      ...{ scale, forbidden: FORBIDDEN, keep: isRecording() },
      biasShape: tensors.bias?.shape,
    },
  };
}

differentiate(
  "Attention",
  {
    by: ["AttentionGrad", "AttentionGradBias"],
    save: ["query", "key", "value"],
    saveOutputs: [1],
    used: 1,
  },
  ({ dy, saved: [query, key, value, weights], attrs: { scale, biasShape } }) => {
    const inputs = { dy, query, key, value, weights };
    const [dQuery, dKey, dValue] = runKernel("AttentionGrad", inputs, { scale });
    return {
      query: () => dQuery,
      key: () => dKey,
      value: () => dValue,
      bias: () => runKernel("AttentionGradBias", { dy, value, weights }, { shape: biasShape! })[0],
    };
  },
);

differentiate(
  "AttentionOfRows",
  {
    by: ["AttentionOfRowsGrad", "AttentionOfRowsGradBias"],
    save: ["query", "key", "value"],
    saveOutputs: [1],
    used: 1,
  },
  ({ dy, saved: [query, key, value, weights], attrs: { scale, biasShape } }) => {
    const inputs = { dy, query, key, value, weights };
    const [dQuery, dKey, dValue] = runKernel("AttentionOfRowsGrad", inputs, { scale });
    const ofBias = { dy, value, weights };
    return {
      query: () => dQuery,
      key: () => dKey,
      value: () => dValue,
      bias: () => runKernel("AttentionOfRowsGradBias", ofBias, { shape: biasShape! })[0],
    };
  },
);

/** Reshapes a tensor to four axes, as many as the scores have. */
function overScores(tensor: tf.Tensor): tf.Tensor4D {
  if (tensor.rank === 4) return tensor as tf.Tensor4D;
  const ones = Array<number>(4 - tensor.rank).fill(1);
  return tf.reshape(tensor, [...ones, ...tensor.shape] as tf.Tensor4D["shape"]);
}
