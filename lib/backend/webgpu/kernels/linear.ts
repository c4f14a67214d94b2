import type { KernelFunction } from "../../../ops/kernels.ts";
import type * as tf from "../../../tf.ts";
import { type Gpu, size } from "./gpu.ts";
import { lowRank } from "./low_rank.ts";
import { narrowed } from "./narrow.ts";
import { once } from "./once.ts";
import {
  eachRow,
  PRODUCT_THREADS,
  type Side,
  sideFor,
  storeTile,
  tiledProduct,
  tilesOf,
} from "./product.ts";
import { program } from "./program.ts";

/** Up to this rank and from so many positions on, one program does all of a small adapted layer. */
const [HIGHEST_RANK, FEWEST_POSITIONS] = [16, 8];

/** The operands: rows [M, K] of x from number `origin` on, and the weight [N, K]. */
const OPERANDS = `
var<private> origin = 0u;
fn left(m: u32, k: u32) -> f32 {
  if (m >= params.M || k >= params.K) { return 0.0; }
  return x[(origin + m) * params.K + k];
}
fn right(n: u32, k: u32) -> f32 {
  if (n >= params.N || k >= params.K) { return 0.0; }
  return weight[n * params.K + k];
}`;

const PLACE_IN_B = "(owner * params.R + r) * params.N + n";

function addBias(side: Side, biased: boolean): string {
  if (!biased) return "";
  const columns = Array.from({ length: side }, (_, c) => `bias[min(n0 + ${c}u, params.N - 1u)]`);
  return `
  let biases = vec${side}<f32>(${columns.join(", ")});
  ${eachRow(side, (j) => `acc${j} += biases;`)}`;
}

/** x·Wᵀ + b, with what factors make of rows narrowed before where `updated`. */
const linearProgram = once((side: Side, biased: boolean, updated: boolean) => {
  const product = tiledProduct({ side, left: "sum", right: "sum" });
  const update = updated ? lowRank(side, PLACE_IN_B) : { before: "", add: "" };
  return program(`Linear${side}${biased ? "Biased" : ""}${updated ? "Updated" : ""}`, {
    reads: {
      ...{ x: "f32", weight: "f32" },
      ...biased ? { bias: "f32" } : {},
      ...updated ? { narrow: "f32", factors: "f32", owners: "i32" } : {},
    },
    writes: ["y"],
    integers: ["M", "N", "K", "L", "R"],
    threads: PRODUCT_THREADS,
    before: OPERANDS + product.before + update.before,
    body: product.sum + addBias(side, biased) + update.add + storeTile(side, "y"),
  });
});

/**
 * All of an adapted layer for one row of the batch, of M positions: while the tiles for x·Wᵀ pass by,
 * each invocation also sums up one place of the rank for its positions.
 */
const adaptedProgram = once((biased: boolean) => {
  const side = 2;
  const product = tiledProduct({
    ...{ side, left: "sum", right: "sum" },
    also: {
      load: "factorPart[ty * 16u + tx] = factorAt(k0 + ty, tx);",
      term: "low += a * factorPart[k * 16u + tx];",
    },
  });
  return program(`AdaptedLinear${biased ? "Biased" : ""}`, {
    reads: {
      ...{ x: "f32", weight: "f32" },
      ...biased ? { bias: "f32" } : {},
      ...{ factorsA: "f32", factorsB: "f32", owners: "i32" },
    },
    writes: ["y", "narrow"],
    integers: ["M", "N", "K", "L", "R"],
    threads: PRODUCT_THREADS,
    before: `${OPERANDS}${product.before}
var<private> owner: u32;
var<workgroup> factorPart: array<f32, 256>; // [k, r]
fn factorAt(k: u32, r: u32) -> f32 {
  if (k >= params.K || r >= params.R) { return 0.0; }
  return factorsA[(owner * params.K + k) * params.R + r];
}
fn factorBAt(r: u32, n: u32) -> f32 {
  if (r >= params.R || n >= params.N) { return 0.0; }
  return factorsB[(owner * params.R + r) * params.N + n];
}`,
    body: `
  origin = group.z * params.M;
  owner = u32(owners[group.z]);
  var low = vec2<f32>(0.0);
  ${product.sum}
  low /= f32(params.R);
  if (group.x == 0u && tx < params.R) {
    ${
      eachRow(side, (j) => `
    if (m0 + ${j}u < params.M) { narrow[(origin + m0 + ${j}u) * params.R + tx] = low[${j}]; }`)
    }
  }
  lefts[tx * 17u + ty] = low;
  rights[ty * 17u + tx] = vec2<f32>(
    factorBAt(ty, firstColumn + tx * 2u),
    factorBAt(ty, firstColumn + tx * 2u + 1u),
  );
  workgroupBarrier();
  for (var k = 0u; k < params.R; k++) {${product.term}
  }
  ${addBias(side, biased)}${storeTile(side, "y", "origin")}`,
  });
});

/** x·Wᵀ + b. */
export const linear: KernelFunction<"Linear", Gpu> = (gpu, { x, weight, bias }) => {
  const [O, K] = weight.shape;
  const M = size(x) / K;
  const side = sideFor(M, O);
  const program = linearProgram(side, bias !== undefined, false);
  const inputs = [x, weight, ...listed(bias)];
  const shape = [...x.shape.slice(0, -1), O];
  return gpu.run(program, inputs, [shape], { integers: [M, O, K, 0, 0] }, tilesOf(side, M, O));
};

/** x·Wᵀ + b + (x·A)·B / R, and x·A / R, each row of the batch with the factors of its owner. */
export const adaptedLinear: KernelFunction<"AdaptedLinear", Gpu> = (
  gpu,
  { x, weight, bias, factorA, factorB },
  { owners },
) => {
  const [B, L, K] = x.shape;
  const [, R, O] = factorB.shape;
  const shape = [B, L, O];
  const side = sideFor(B * L, O);
  const ofRows = gpu.integers(owners);
  if (side === 2 && R <= HIGHEST_RANK && L >= FEWEST_POSITIONS) {
    const inputs = [x, weight, ...listed(bias), factorA, factorB, ofRows];
    const groups = [...tilesOf(side, L, O), B] as const;
    const program = adaptedProgram(bias !== undefined);
    const params = { integers: [L, O, K, L, R] };
    return gpu.run(program, inputs, [shape, [B, L, R]], params, groups);
  }
  const narrow = narrowed(gpu, x, factorA, owners, false);
  const inputs = [x, weight, ...listed(bias), narrow, factorB, ofRows];
  const program = linearProgram(side, bias !== undefined, true);
  const params = { integers: [B * L, O, K, L, R] };
  return [gpu.make(program, inputs, shape, params, tilesOf(side, B * L, O)), narrow];
};

function listed(tensor: tf.TensorInfo | undefined): tf.TensorInfo[] {
  return tensor === undefined ? [] : [tensor];
}
