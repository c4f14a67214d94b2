import type { KernelAttrs, KernelFunction, KernelTensor } from "../../../ops/kernels.ts";
import type * as tf from "../../../tf.ts";
import { type Gpu, groupsFor, size } from "./gpu.ts";
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
import { elementwise, program } from "./program.ts";

const slopes = productOfTiles("slope", ofQueries("dy", "lines"), ofKeys("values", "lines"));
const toQueries = productOfTiles("toQuery", ofWeights("dScores", "lines"), ofKeys("keys", "terms"));
const toKeys = productOfTiles(
  "ofKey",
  ofWeights("dScores", "terms"),
  ofQueries("queries", "terms"),
);
const toValues = productOfTiles("ofValue", ofWeights("weights", "terms"), ofQueries("dy", "terms"));

/**
 * The gradient of the scores of 16 queries of one head, w · (d − Σ w · d) · scale with d = dy · vᵀ, and of
 * the queries where they are `wanted`.
 */
const scoresProgram = (wanted: boolean) =>
  program(`AttentionGradScores${wanted ? "Queries" : ""}`, {
    reads: {
      ...{ dy: "f32", values: "f32", weights: "f32" },
      ...wanted ? { keys: "f32" } : {},
    },
    writes: ["dScores", ...wanted ? ["dQueries"] : []],
    integers: SIZES,
    floats: ["scale"],
    threads: TILE * TILE,
    before: TILES + slopes.before + (wanted ? toQueries.before : "") +
      rowCombine("rowSum", "a + b"),
    body: `${PLACE}
  let query = firstLine + ty;
  let isQuery = query < params.Lq;
  let row = (head * params.Lq + query) * params.Lk; // of the weights
  var own = 0.0;
  for (var tileStart = 0u; tileStart < params.Lk; tileStart += ${TILE}u) {
    firstColumn = tileStart;${slopes.sum}
    let key = firstColumn + tx;
    if (isQuery && key < params.Lk) {
      dScores[row + key] = slope;
      own += weights[row + key] * slope;
    }
  }
  let mean = rowSum(lane, own);
  if (isQuery) {
    for (var key = tx; key < params.Lk; key += ${TILE}u) {
      dScores[row + key] = weights[row + key] * (dScores[row + key] - mean) * params.scale;
    }
  }
  ${
      wanted
        ? `
  storageBarrier();
  for (var tileStart = 0u; tileStart < params.Dh; tileStart += ${TILE}u) {
    firstColumn = tileStart;${toQueries.sum}
    let feature = firstColumn + tx;
    if (isQuery && feature < params.Dh) {
      dQueries[queryStart + query * lineStep + feature] = toQuery;
    }
  }`
        : ""
    }`,
  });

const [SCORES, SCORES_AND_QUERIES] = [scoresProgram(false), scoresProgram(true)];

/** The gradients of 16 keys and values of one head: dScoresᵀ · q and weightsᵀ · dy. */
const keysProgram = program("AttentionGradKeys", {
  reads: { dy: "f32", queries: "f32", weights: "f32", dScores: "f32" },
  writes: ["dKeys", "dValues"],
  integers: SIZES,
  threads: TILE * TILE,
  before: TILES + toKeys.before + toValues.before,
  body: `${PLACE}
  for (var tileStart = 0u; tileStart < params.Dh; tileStart += ${TILE}u) {
    firstColumn = tileStart;
    ${toKeys.sum}${toValues.sum}
    let key = firstLine + ty;
    let feature = firstColumn + tx;
    if (key < params.Lk && feature < params.Dh) {
      let to = keyStart + key * lineStep + feature;
      dKeys[to] = ofKey;
      dValues[to] = ofValue;
    }
  }`,
});

/** A thread for each number of the bias: the sum over the axes along which it was broadcast. */
const biasProgram = elementwise("AttentionGradBias", {
  reads: { dScores: "f32" },
  writes: ["dBias"],
  integers: ["B", "N", "Lq", "Lk", "ofB", "ofN", "ofQ"], // of*: the extents of the bias
  body: `
  let key = i % params.Lk;
  let q = i / params.Lk % params.ofQ;
  let n = i / (params.Lk * params.ofQ) % params.ofN;
  let b = i / (params.Lk * params.ofQ * params.ofN);
  var total = 0.0;
  for (var ib = b; ib < params.B; ib += params.ofB) {
    for (var jn = n; jn < params.N; jn += params.ofN) {
      for (var kq = q; kq < params.Lq; kq += params.ofQ) {
        total += dScores[((ib * params.N + jn) * params.Lq + kq) * params.Lk + key];
      }
    }
  }
  dBias[i] = total;`,
});

/** What both layouts of the gradients have. */
interface Inputs {
  readonly dy: KernelTensor;
  readonly value: KernelTensor;
  readonly weights: KernelTensor<tf.Tensor4D>;
}

/** The gradients of queries, keys and values. */
const gradients = (
  gpu: Gpu,
  { dy, query, key, value, weights }: Inputs & {
    readonly query: KernelTensor;
    readonly key: KernelTensor;
  },
  { scale }: KernelAttrs<"AttentionGrad">,
): [dQuery: tf.TensorInfo, dKey: tf.TensorInfo, dValue: tf.TensorInfo] => {
  const [B, N, Lq, Lk] = weights.shape;
  const integers = sizesOf(weights.shape, value);
  const [dScores, dQuery] = gpu.run(
    SCORES_AND_QUERIES,
    [dy, value, weights, key],
    [weights.shape, query.shape],
    { integers, floats: [scale] },
    [Math.ceil(Lq / TILE), ...groupsFor(B * N)],
  );
  const [dKey, dValue] = gpu.run(
    keysProgram,
    [dy, query, weights, dScores],
    [key.shape, value.shape],
    { integers },
    [Math.ceil(Lk / TILE), ...groupsFor(B * N)],
  );
  gpu.free(dScores);
  return [dQuery, dKey, dValue];
};

/** The gradient of the bias, apart from the others, as a bias is mostly frozen. */
const gradientOfBias = (
  gpu: Gpu,
  { dy, value, weights }: Inputs,
  { shape }: KernelAttrs<"AttentionGradBias">,
): [dBias: tf.TensorInfo] => {
  const [B, N, Lq, Lk] = weights.shape;
  const groups = [Math.ceil(Lq / TILE), ...groupsFor(B * N)] as const;
  const params = { integers: sizesOf(weights.shape, value), floats: [1] };
  const dScores = gpu.make(SCORES, [dy, value, weights], weights.shape, params, groups);
  const dBias = gpu.each(biasProgram, size({ shape }), [dScores], [shape], {
    integers: [B, N, Lq, Lk, ...shape.slice(0, 3)],
  });
  gpu.free(dScores);
  return dBias;
};

export const attentionGrad: KernelFunction<"AttentionGrad", Gpu> = gradients;
export const attentionGradBias: KernelFunction<"AttentionGradBias", Gpu> = gradientOfBias;
export const attentionOfRowsGrad: KernelFunction<"AttentionOfRowsGrad", Gpu> = gradients;
export const attentionOfRowsGradBias: KernelFunction<"AttentionOfRowsGradBias", Gpu> =
  gradientOfBias;
