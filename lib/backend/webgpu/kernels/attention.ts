import type { KernelAttrs, KernelFunction, KernelTensor } from "../../../ops/kernels.ts";
import type * as tf from "../../../tf.ts";
import {
  ofKeys,
  ofQueries,
  ofWeights,
  PLACE,
  productOfTiles,
  rowCombine,
  SIZES,
  sizesOf,
  TILE,
  TILES,
} from "./attention_tiles.ts";
import { type Gpu, groupsFor } from "./gpu.ts";
import { program } from "./program.ts";

/** WGSL that adds to a score what a tensor over the scores has for it. */
const addBias = "score += bias[b * params.biasB + n * params.biasN + query * params.biasQ + key];";
const addMask = `
      let allowed = mask[b * params.maskB + n * params.maskN + query * params.maskQ + key];
      score += (1.0 - allowed) * params.forbidden;
      most = max(most, allowed);`;

const scores = productOfTiles("score", ofQueries("queries", "lines"), ofKeys("keys", "lines"));
const seen = productOfTiles("value", ofWeights("weights", "lines"), ofKeys("values", "terms"));

/** Scores, their softmax and what it makes of the values, of 16 queries of one head. */
const attentionProgram = (biased: boolean, masked: boolean) =>
  program(`Attention${biased ? "Biased" : ""}${masked ? "Masked" : ""}`, {
    reads: {
      ...{ queries: "f32", keys: "f32", values: "f32" },
      ...biased ? { bias: "f32" } : {},
      ...masked ? { mask: "f32" } : {},
    },
    writes: ["y", "weights"],
    integers: [
      ...SIZES,
      ...["biasB", "biasN", "biasQ", "maskB", "maskN", "maskQ"],
    ],
    floats: ["scale", "forbidden"],
    threads: TILE * TILE,
    before: TILES + scores.before + seen.before + rowCombine("rowMax", "max(a, b)") +
      rowCombine("rowSum", "a + b"),
    body: `${PLACE}
  let b = head / params.N;
  let n = head % params.N;
  let query = firstLine + ty;
  let isQuery = query < params.Lq;
  let row = (head * params.Lq + query) * params.Lk; // of the weights
  var top = -0x1.fffffep+127;
  var most = ${masked ? "0.0" : "1.0"}; // that the mask allows
  for (var tileStart = 0u; tileStart < params.Lk; tileStart += ${TILE}u) {
    firstColumn = tileStart;${scores.sum}
    let key = firstColumn + tx;
    if (isQuery && key < params.Lk) {
      score *= params.scale;
      ${biased ? addBias : ""}${masked ? addMask : ""}
      weights[row + key] = score;
      top = max(top, score);
    }
  }
  top = rowMax(lane, top);
  ${masked ? "most = rowMax(lane, most);" : ""}
  var sum = 0.0;
  if (isQuery) {
    for (var key = tx; key < params.Lk; key += ${TILE}u) {
      let power = exp(weights[row + key] - top);
      weights[row + key] = power;
      sum += power;
    }
  }
  let share = most / rowSum(lane, sum);
  if (isQuery) {
    for (var key = tx; key < params.Lk; key += ${TILE}u) { weights[row + key] *= share; }
  }
  storageBarrier();
  for (var tileStart = 0u; tileStart < params.Dh; tileStart += ${TILE}u) {
    firstColumn = tileStart;${seen.sum}
    let feature = firstColumn + tx;
    if (isQuery && feature < params.Dh) {
      y[queryStart + query * lineStep + feature] = value;
    }
  }`,
  });

const PROGRAMS = [false, true].map((biased) =>
  [false, true].map((masked) => attentionProgram(biased, masked))
);

/** softmax(scale · q·kᵀ + bias) · v over the keys that the mask allows, and the weights where they are kept. */
export const attention: KernelFunction<"Attention", Gpu> = (gpu, inputs, attrs) => {
  const { query, key } = inputs;
  const [B, N, Lq] = query.shape;
  return attend(gpu, inputs, attrs, [B, N, Lq, key.shape[2]]);
};

/** The same of tensors that have the heads side by side. */
export const attentionOfRows: KernelFunction<"AttentionOfRows", Gpu> = (gpu, inputs, attrs) => {
  const { query, key } = inputs;
  const [B, Lq] = query.shape;
  return attend(gpu, inputs, attrs, [B, attrs.heads, Lq, key.shape[1]]);
};

function attend(
  gpu: Gpu,
  { query, key, value, bias, mask }: {
    readonly query: KernelTensor;
    readonly key: KernelTensor;
    readonly value: KernelTensor;
    readonly bias?: KernelTensor<tf.Tensor4D> | undefined;
    readonly mask?: KernelTensor<tf.Tensor4D> | undefined;
  },
  { scale, forbidden, keep }: KernelAttrs<"Attention">,
  shape: readonly [B: number, N: number, Lq: number, Lk: number],
): [seen: tf.TensorInfo, weights?: tf.TensorInfo] {
  const [B, N, Lq] = shape;
  const program = PROGRAMS[Number(bias !== undefined)]![Number(mask !== undefined)]!;
  const [y, weights] = gpu.run(
    program,
    [query, key, value, ...[bias, mask].filter((given) => given !== undefined)],
    [query.shape, shape],
    {
      integers: [...sizesOf(shape, value), ...steps(bias), ...steps(mask)],
      floats: [scale, forbidden],
    },
    [Math.ceil(Lq / TILE), ...groupsFor(B * N)],
  );
  if (keep) return [y, weights];
  gpu.free(weights);
  return [y];
}

/** The steps, in elements, along the first three of four axes; 0 where they broadcast. */
function steps(tensor: KernelTensor<tf.Tensor4D> | undefined): [number, number, number] {
  if (tensor === undefined) return [0, 0, 0];
  const [b, n, q, k] = tensor.shape;
  return [b === 1 ? 0 : n * q * k, n === 1 ? 0 : q * k, q === 1 ? 0 : k];
}
