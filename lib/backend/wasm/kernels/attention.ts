import type { KernelTensor } from "../../../ops/kernels.ts";
import type * as tf from "../../../tf.ts";
import type { WasmKernels } from "../fused.ts";
import { sizeOf } from "../heap.ts";

/** Floats that fit the second-level cache. */
const L2_FLOATS = 2 ** 16;

type Tensor4D = KernelTensor<tf.Tensor4D>;

/**
 * The kernels of `lib/ops/attention.ts`: a few heads at a time, so that their scores stay in the
 * cache.
 */
export const attentionKernels = {
  Attention(wasm, { query, key, value, bias, mask }, { scale, forbidden, keep }) {
    const { count, N, Lq, Lk, Dh, atOnce } = attentionSizes(query, key);
    const weights = keep ? wasm.make([...query.shape.slice(0, 3), Lk]) : undefined;
    const seen = wasm.make(query.shape);
    const [q, k, v, to] = [wasm.at(query), wasm.at(key), wasm.at(value), wasm.at(seen)];
    const added = [wasm.at(bias), ...strides(bias), wasm.at(mask), ...strides(mask)] as const;
    const part = keep ? 0 : wasm.part(atOnce * Lq * Lk);
    for (let i = 0; i < count; i += atOnce) {
      const heads = Math.min(atOnce, count - i);
      const w = keep ? wasm.at(weights) + 4 * i * Lq * Lk : part;
      const [ofQ, ofK] = [4 * i * Lq * Dh, 4 * i * Lk * Dh];
      wasm.products("batched", heads, [Lq, Lk, Dh], q + ofQ, false, k + ofK, true, w);
      wasm.run.attentionWeights(i, heads, N, Lq, Lk, w, scale, forbidden, ...added);
      wasm.products("batched", heads, [Lq, Dh, Lk], w, false, v + ofK, false, to + ofQ);
    }
    return weights === undefined ? [seen] : [seen, weights];
  },

  AttentionGrad(wasm, { dy, query, key, value, weights }, { scale }) {
    const { count, Lq, Lk, Dh, atOnce } = attentionSizes(query, key);
    const dQuery = wasm.make(query.shape);
    const [dKey, dValue] = [wasm.make(key.shape), wasm.make(value.shape)];
    const [q, k, v] = [wasm.at(query), wasm.at(key), wasm.at(value)];
    const [w, d] = [wasm.at(weights), wasm.at(dy)];
    const [dq, dk, dv] = [wasm.at(dQuery), wasm.at(dKey), wasm.at(dValue)];
    const ds = wasm.part(atOnce * Lq * Lk);
    for (let i = 0; i < count; i += atOnce) {
      const heads = Math.min(atOnce, count - i);
      const [ofQ, ofK, ofW] = [4 * i * Lq * Dh, 4 * i * Lk * Dh, 4 * i * Lq * Lk];
      wasm.products("batched", heads, [Lk, Dh, Lq], w + ofW, true, d + ofQ, false, dv + ofK);
      wasm.products("batched", heads, [Lq, Lk, Dh], d + ofQ, false, v + ofK, true, ds);
      wasm.run.attentionWeightsGrad(heads * Lq, Lk, w + ofW, ds, scale);
      wasm.products("batched", heads, [Lq, Dh, Lk], ds, false, k + ofK, false, dq + ofQ);
      wasm.products("batched", heads, [Lk, Dh, Lq], ds, true, q + ofQ, false, dk + ofK);
    }
    return [dQuery, dKey, dValue];
  },

  AttentionGradBias(wasm, { dy, value, weights }, { shape }) {
    const { count, N, Lq, Lk, Dh, atOnce } = attentionSizes(dy, value);
    const dBias = wasm.make(shape);
    const [v, w, d, to] = [wasm.at(value), wasm.at(weights), wasm.at(dy), wasm.at(dBias)];
    const ds = wasm.part(atOnce * Lq * Lk);
    wasm.clear(to, sizeOf(dBias));
    for (let i = 0; i < count; i += atOnce) {
      const heads = Math.min(atOnce, count - i);
      const [ofQ, ofK, ofW] = [4 * i * Lq * Dh, 4 * i * Lk * Dh, 4 * i * Lq * Lk];
      wasm.products("batched", heads, [Lq, Lk, Dh], d + ofQ, false, v + ofK, true, ds);
      wasm.run.attentionWeightsGrad(heads * Lq, Lk, w + ofW, ds, 1);
      wasm.run.attentionBiasGrad(i, heads, N, Lq, Lk, ds, ...strides({ shape }), to);
    }
    return [dBias];
  },
} satisfies WasmKernels;

/** Number of heads in all rows, their sizes, and the number of heads computed at once. */
function attentionSizes(query: Tensor4D, key: Tensor4D) {
  const [B, N, Lq, Dh] = query.shape;
  const Lk = key.shape[2];
  const atOnce = Math.max(1, Math.floor(L2_FLOATS / (Lq * Lk + 2 * (Lq + Lk) * Dh)));
  return { count: B * N, N, Lq, Lk, Dh, atOnce: Math.min(atOnce, B * N) };
}

/** The strides, in elements, of the first three of four axes; 0 where they broadcast. */
function strides(tensor: Pick<Tensor4D, "shape"> | undefined): [number, number, number] {
  if (tensor === undefined) return [0, 0, 0];
  const [b, n, q, k] = tensor.shape;
  return [b === 1 ? 0 : n * q * k, n === 1 ? 0 : q * k, q === 1 ? 0 : k];
}
