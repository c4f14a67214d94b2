import type * as tf from "../../../tf.ts";
import { type Gpu, groupsFor, type Kernel, size } from "./kernel.ts";
import { HEAD_OF_GROUP, productOfTiles, rowCombine, TILE, TILES } from "./attention_tiles.ts";
import { elementwise, program } from "./program.ts";

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
    integers: ["heads", "Lq", "Lk", "Dh"],
    floats: ["scale"],
    threads: TILE * TILE,
    before: TILES + rowCombine("rowSum", "a + b"),
    body: `${HEAD_OF_GROUP}
  let query = group.x * ${TILE}u + ty;
  let isQuery = query < params.Lq;
  let row = (head * params.Lq + query) * params.Lk; // of the weights
  var own = 0.0;
  for (var k0 = 0u; k0 < params.Lk; k0 += ${TILE}u) {
    ${
      productOfTiles("slope", {
        terms: "params.Dh",
        left: ["isQuery && at < params.Dh", "dy[(head * params.Lq + query) * params.Dh + at]"],
        right: [
          "k0 + ty < params.Lk && at < params.Dh",
          "values[(head * params.Lk + k0 + ty) * params.Dh + at]",
        ],
        turned: true,
      })
    }
    let key = k0 + tx;
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
  for (var d0 = 0u; d0 < params.Dh; d0 += ${TILE}u) {
    ${
          productOfTiles("slope", {
            terms: "params.Lk",
            left: ["isQuery && at < params.Lk", "dScores[row + at]"],
            right: [
              "t0 + ty < params.Lk && d0 + tx < params.Dh",
              "keys[(head * params.Lk + t0 + ty) * params.Dh + d0 + tx]",
            ],
          })
        }
    if (isQuery && d0 + tx < params.Dh) {
      dQueries[(head * params.Lq + query) * params.Dh + d0 + tx] = slope;
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
  integers: ["heads", "Lq", "Lk", "Dh"],
  threads: TILE * TILE,
  before: `${TILES}
var<workgroup> weightTile: array<f32, 272>;
var<workgroup> slopeTile: array<f32, 272>;`,
  body: `${HEAD_OF_GROUP}
  let k0 = group.x * ${TILE}u;
  for (var d0 = 0u; d0 < params.Dh; d0 += ${TILE}u) {
    var ofKey = 0.0;
    var ofValue = 0.0;
    for (var q0 = 0u; q0 < params.Lq; q0 += ${TILE}u) {
      let row = head * params.Lq + q0 + ty;
      let at = row * params.Lk + k0 + tx;
      let source = row * params.Dh + d0 + tx;
      var tiles = vec4<f32>(0.0);
      if (q0 + ty < params.Lq && k0 + tx < params.Lk) { tiles = vec4<f32>(dScores[at], weights[at], 0.0, 0.0); }
      if (q0 + ty < params.Lq && d0 + tx < params.Dh) {
        tiles.z = queries[source];
        tiles.w = dy[source];
      }
      leftTile[ty * 17u + tx] = tiles.x;
      weightTile[ty * 17u + tx] = tiles.y;
      rightTile[ty * 17u + tx] = tiles.z;
      slopeTile[ty * 17u + tx] = tiles.w;
      workgroupBarrier();
      for (var t = 0u; t < ${TILE}u; t++) {
        ofKey += leftTile[t * 17u + ty] * rightTile[t * 17u + tx];
        ofValue += weightTile[t * 17u + ty] * slopeTile[t * 17u + tx];
      }
      workgroupBarrier();
    }
    if (k0 + ty < params.Lk && d0 + tx < params.Dh) {
      let to = (head * params.Lk + k0 + ty) * params.Dh + d0 + tx;
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

/** The gradients of queries, keys and values. */
export const attentionGrad: Kernel<
  "dy" | "query" | "key" | "value" | "weights",
  { readonly scale: number }
> = (gpu, { dy, query, key, value, weights }, { scale }) => {
  const { integers, heads, Lq, Lk } = sizesOf(weights, value);
  const [dScores, dQuery] = gpu.run(
    SCORES_AND_QUERIES,
    [dy, value, weights, key],
    [weights.shape, query.shape],
    { integers, floats: [scale] },
    [Math.ceil(Lq / TILE), ...groupsFor(heads)],
  );
  const [dKey, dValue] = gpu.run(
    keysProgram,
    [dy, query, weights, dScores!],
    [key.shape, value.shape],
    { integers },
    [Math.ceil(Lk / TILE), ...groupsFor(heads)],
  );
  gpu.free(dScores!);
  return [dQuery!, dKey!, dValue!];
};

/** The gradient of the bias, apart from the others, as a bias is mostly frozen. */
export const attentionGradBias: Kernel<
  "dy" | "value" | "weights",
  { readonly shape: readonly [number, number, number, number] }
> = (gpu: Gpu, { dy, value, weights }, { shape }) => {
  const [B, N] = weights.shape as [number, number];
  const { integers, heads, Lq, Lk } = sizesOf(weights, value);
  const groups = [Math.ceil(Lq / TILE), ...groupsFor(heads)] as const;
  const params = { integers, floats: [1] };
  const dScores = gpu.make(SCORES, [dy, value, weights], weights.shape, params, groups);
  const dBias = gpu.each(biasProgram, size({ shape }), [dScores], [shape], {
    integers: [B, N, Lq, Lk, ...shape.slice(0, 3)],
  });
  gpu.free(dScores);
  return dBias;
};

function sizesOf(weights: tf.TensorInfo, value: tf.TensorInfo) {
  const [B, N, Lq, Lk] = weights.shape as [number, number, number, number];
  return { heads: B * N, Lq, Lk, integers: [B * N, Lq, Lk, value.shape[3]!] };
}
