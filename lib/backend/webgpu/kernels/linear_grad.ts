import type { KernelFunction } from "../../../ops/kernels.ts";
import { type Gpu, size } from "./gpu.ts";
import { lowRank } from "./low_rank.ts";
import {
  PRODUCT_THREADS,
  type Side,
  sideFor,
  storeTile,
  tiledProduct,
  tilesOf,
} from "./product.ts";
import { program } from "./program.ts";

/** dx [M, N] = dy [M, K] · W [K, N], and what the factors of the owners add where `updated`. */
const inputProgram = (side: Side, updated: boolean) => {
  const product = tiledProduct({ side, left: "sum", right: "rows" });
  const update = updated
    ? lowRank(side, "(owner * params.N + n) * params.R + r")
    : { before: "", add: "" };
  return program(`LinearGradInput${side}${updated ? "Updated" : ""}`, {
    reads: {
      ...{ dy: "f32", weight: "f32" },
      ...updated ? { narrow: "f32", factors: "f32", owners: "i32" } : {},
    },
    writes: ["dx"],
    integers: ["M", "N", "K", "L", "R"],
    threads: PRODUCT_THREADS,
    before: `
fn left(m: u32, k: u32) -> f32 {
  if (m >= params.M || k >= params.K) { return 0.0; }
  return dy[m * params.K + k];
}
fn right(n: u32, k: u32) -> f32 {
  if (n >= params.N || k >= params.K) { return 0.0; }
  return weight[k * params.N + n];
}${product.before}${update.before}`,
    body: product.sum + update.add + storeTile(side, "dx"),
  });
};

/** dW [M, N] = dyᵀ · x over K rows. */
const weightProgram = (side: Side) => {
  const product = tiledProduct({ side, left: "rows", right: "rows" });
  return program(`LinearGradWeight${side}`, {
    reads: { dy: "f32", x: "f32" },
    writes: ["dWeight"],
    integers: ["M", "N", "K"],
    threads: PRODUCT_THREADS,
    before: `
fn left(m: u32, k: u32) -> f32 {
  if (m >= params.M || k >= params.K) { return 0.0; }
  return dy[k * params.M + m];
}
fn right(n: u32, k: u32) -> f32 {
  if (n >= params.N || k >= params.K) { return 0.0; }
  return x[k * params.N + n];
}${product.before}`,
    body: product.sum + storeTile(side, "dWeight"),
  });
};

const bySide = <Made>(make: (side: Side) => Made) => ({ 2: make(2), 4: make(4) });
const INPUT = [false, true].map((updated) => bySide((side) => inputProgram(side, updated)));
const WEIGHT = bySide(weightProgram);

/** dy · W, and dNarrow · Aᵀ where there are factors. */
export const linearGradInput: KernelFunction<"LinearGradInput", Gpu> = (
  gpu,
  { dy, weight, dNarrow, factorA },
  { owners },
) => {
  const [O, I] = weight.shape;
  const M = size(dy) / O;
  const side = sideFor(M, I);
  const groups = tilesOf(side, M, I);
  const shape = [...dy.shape.slice(0, -1), I];
  if (dNarrow === undefined || factorA === undefined) {
    const params = { integers: [M, I, O, 0, 0] };
    return gpu.run(INPUT[0]![side], [dy, weight], [shape], params, groups);
  }
  const params = { integers: [M, I, O, dy.shape[1], factorA.shape[2]] };
  const inputs = [dy, weight, dNarrow, factorA, gpu.integers(owners)];
  return gpu.run(INPUT[1]![side], inputs, [shape], params, groups);
};

/** dyᵀ · x over all positions. */
export const linearGradWeight: KernelFunction<"LinearGradWeight", Gpu> = (gpu, { dy, x }) => {
  const [O, I] = [dy.shape.at(-1)!, x.shape.at(-1)!];
  const side = sideFor(O, I);
  const params = { integers: [O, I, size(x) / I] };
  return gpu.run(WEIGHT[side], [dy, x], [[O, I]], params, tilesOf(side, O, I));
};
