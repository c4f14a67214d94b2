import { type Kernel, size } from "./kernel.ts";
import { lowRank } from "./low_rank.ts";
import { narrowed } from "./narrow.ts";
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

/**
 * The gradients of both factors. A workgroup sums up 32 features by 16 places of the rank of one owner,
 * over the positions of its rows, 16 at a time: first the features of A, then those of B.
 */
const factorsProgram = program("LinearGradFactors", {
  reads: { dy: "f32", x: "f32", narrow: "f32", dNarrow: "f32", rowsOf: "i32" },
  writes: ["dA", "dB"],
  integers: ["L", "I", "R", "O"],
  threads: 256,
  before: `
var<workgroup> wide: array<vec2<f32>, 272>; // [position, feature / 2], rows of 17
var<workgroup> low: array<f32, 256>; // [position, r]
fn wideAt(isA: bool, row: u32, feature: u32) -> f32 {
  if (isA) {
    if (feature >= params.I) { return 0.0; }
    return x[row * params.I + feature];
  }
  if (feature >= params.O) { return 0.0; }
  return dy[row * params.O + feature];
}`,
  body: `
  let tx = lane % 16u;
  let ty = lane / 16u;
  let tilesOfA = (params.I + 31u) / 32u;
  let isA = group.x < tilesOfA;
  let first = select(group.x - tilesOfA, group.x, isA) * 32u;
  let r = group.y * 16u + tx;
  let owner = group.z;
  var total = vec2<f32>(0.0); // features first + 2 ty and the next, place r
  for (var place = rowsOf[owner]; place < rowsOf[owner + 1u]; place++) {
    let b = u32(rowsOf[place]);
    for (var l0 = 0u; l0 < params.L; l0 += 16u) {
      let isInside = l0 + ty < params.L;
      let row = b * params.L + l0 + ty;
      var features = vec2<f32>(0.0);
      var lowOfRow = 0.0;
      if (isInside) {
        let feature = first + tx * 2u;
        features = vec2<f32>(wideAt(isA, row, feature), wideAt(isA, row, feature + 1u));
        if (r < params.R) {
          if (isA) { lowOfRow = dNarrow[row * params.R + r]; }
          else { lowOfRow = narrow[row * params.R + r]; }
        }
      }
      wide[ty * 17u + tx] = features;
      low[ty * 16u + tx] = lowOfRow;
      workgroupBarrier();
      for (var k = 0u; k < 16u; k++) { total += wide[k * 17u + ty] * low[k * 16u + tx]; }
      workgroupBarrier();
    }
  }
  if (r < params.R) {
    for (var j = 0u; j < 2u; j++) {
      let feature = first + ty * 2u + j;
      if (isA && feature < params.I) { dA[(owner * params.I + feature) * params.R + r] = total[j]; }
      if (!isA && feature < params.O) { dB[(owner * params.R + r) * params.O + feature] = total[j]; }
    }
  }`,
});

/** For each owner the place in this list where its rows start, the place behind the last; then the rows. */
function rowsOf(owners: readonly number[], U: number): number[] {
  const rows = Array.from({ length: U }, (): number[] => []);
  owners.forEach((owner, row) => rows[owner]!.push(row));
  const starts = [U + 1];
  for (const { length } of rows) starts.push(starts.at(-1)! + length);
  return [...starts, ...rows.flat()];
}

/** dNarrow = dy · Bᵀ / R, and the gradients of A and B over the rows that share them. */
export const linearGradFactors: Kernel<
  "dy" | "x" | "narrow" | "A" | "B",
  { readonly owners: readonly number[] }
> = (gpu, { dy, x, narrow, A, B: factorB }, { owners }) => {
  const [, L, I] = x.shape as [number, number, number];
  const [U, R, O] = factorB.shape as [number, number, number];
  const dNarrow = narrowed(gpu, dy, factorB, owners, true);
  const inputs = [dy, x, narrow, dNarrow, gpu.integers(rowsOf(owners, U))];
  const params = { integers: [L, I, R, O] };
  const tiles = Math.ceil(I / 32) + Math.ceil(O / 32);
  const groups = [tiles, Math.ceil(R / 16), U] as const;
  return [dNarrow, ...gpu.run(factorsProgram, inputs, [A.shape, factorB.shape], params, groups)];
};

/** dy · W, and dNarrow · Aᵀ where there are factors. */
export const linearGradInput: Kernel<
  "dy" | "weight",
  { readonly owners?: readonly number[] },
  "dNarrow" | "A"
> = (gpu, { dy, weight, dNarrow, A }, { owners }) => {
  const [O, I] = weight.shape as [number, number];
  const M = size(dy) / O;
  const side = sideFor(M, I);
  const groups = tilesOf(side, M, I);
  const shape = [...dy.shape.slice(0, -1), I];
  if (dNarrow === undefined || A === undefined || owners === undefined) {
    const params = { integers: [M, I, O, 0, 0] };
    return gpu.run(INPUT[0]![side], [dy, weight], [shape], params, groups);
  }
  const params = { integers: [M, I, O, dy.shape[1]!, A.shape[2]!] };
  const inputs = [dy, weight, dNarrow, A, gpu.integers(owners)];
  return gpu.run(INPUT[1]![side], inputs, [shape], params, groups);
};

/** dyᵀ · x over all positions. */
export const linearGradWeight: Kernel<"dy" | "x"> = (gpu, { dy, x }) => {
  const [O, I] = [dy.shape.at(-1)!, x.shape.at(-1)!];
  const side = sideFor(O, I);
  const params = { integers: [O, I, size(x) / I] };
  return gpu.run(WEIGHT[side], [dy, x], [[O, I]], params, tilesOf(side, O, I));
};
