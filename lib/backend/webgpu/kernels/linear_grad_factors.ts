import type { KernelFunction } from "../../../ops/kernels.ts";
import type { Gpu } from "./gpu.ts";
import { narrowed } from "./narrow.ts";
import { once } from "./once.ts";
import { program } from "./program.ts";

/** A weight of more numbers is worth narrowing the slopes apart, once for all tiles. */
const LARGEST_WITHIN = 2 ** 16;

/** Places of the rank that a workgroup may have. */
const LANES = [4, 8, 16];

const THREADS = 256;

/**
 * WGSL of the slopes of 16 narrow positions, dy · Bᵀ / R, by tiles of 16 outputs: each of PARTS
 * invocations sums up LANES terms of every tile.
 */
const NARROW_WITHIN = `
      if (isA) {
        let part = lane / (16u * LANES);
        let within = lane % (16u * LANES);
        var own = 0.0;
        for (var o0 = 0u; o0 < params.O; o0 += 16u) {
          let o = o0 + lane % 16u;
          let line = lane / 16u;
          var slope = 0.0;
          var factor = 0.0;
          if (o < params.O) {
            if (l0 + line < params.L) { slope = dy[(b * params.L + l0 + line) * params.O + o]; }
            if (line < LANES && r0 + line < params.R) {
              factor = factorsB[(owner * params.R + r0 + line) * params.O + o];
            }
          }
          slopes[line * 17u + lane % 16u] = slope;
          factors[line * 17u + lane % 16u] = factor;
          workgroupBarrier();
          for (var t = part * LANES; t < (part + 1u) * LANES; t++) {
            own += slopes[within / LANES * 17u + t] * factors[within % LANES * 17u + t];
          }
          workgroupBarrier();
        }
        sums[lane] = own;
        workgroupBarrier();
        if (isLow) {
          for (var other = 0u; other < PARTS; other++) { lowOfRow += sums[other * 16u * LANES + lane]; }
          lowOfRow /= f32(params.R);
          if (group.x == 0u) { dNarrow[at] = lowOfRow; }
        }
      } else if (isLow) {
        lowOfRow = narrow[at];
      }`;

const NARROW_READ = `
      if (isLow) {
        if (isA) { lowOfRow = dNarrow[at]; } else { lowOfRow = narrow[at]; }
      }`;

/**
 * The gradients of both factors. A workgroup sums up some features by `lanes` places of the rank of one
 * owner, over the positions of its rows, 16 at a time: first the features of A, then those of B. An
 * invocation has two features and one place.
 *
 * @param within whether it also narrows the slopes, for which each tile of A does the same work
 */
const factorsProgram = once((lanes: number, within: boolean) =>
  program(`LinearGradFactors${lanes}${within ? "Within" : ""}`, {
    reads: {
      ...{ dy: "f32", x: "f32", narrow: "f32", rowsOf: "i32" },
      ...within ? { factorsB: "f32" } : { dNarrow: "f32" },
    },
    writes: ["dA", "dB", ...within ? ["dNarrow"] : []],
    integers: ["L", "I", "R", "O"],
    threads: THREADS,
    before: `
const LANES = ${lanes}u;
const PARTS = 16u / LANES;
const PAIRS = THREADS / LANES; // of features
var<workgroup> wide: array<vec2<f32>, 16u * (PAIRS + 1u)>; // [position, pair]
var<workgroup> low: array<f32, 16u * LANES>; // [position, r]
${
      within
        ? `
var<workgroup> slopes: array<f32, 272>; // [position, o], rows of 17
var<workgroup> factors: array<f32, 272>; // [r, o]
var<workgroup> sums: array<f32, THREADS>;`
        : ""
    }
fn wideAt(isA: bool, row: u32, feature: u32) -> f32 {
  if (isA) {
    if (feature >= params.I) { return 0.0; }
    return x[row * params.I + feature];
  }
  if (feature >= params.O) { return 0.0; }
  return dy[row * params.O + feature];
}`,
    body: `
  let tilesOfA = (params.I + 2u * PAIRS - 1u) / (2u * PAIRS);
  let isA = group.x < tilesOfA;
  let first = select(group.x - tilesOfA, group.x, isA) * 2u * PAIRS;
  let r0 = group.y * LANES;
  let r = r0 + lane % LANES;
  let owner = group.z;
  var total = vec2<f32>(0.0); // features first + 2 · (lane / LANES) and the next, place r
  for (var place = rowsOf[owner]; place < rowsOf[owner + 1u]; place++) {
    let b = u32(rowsOf[place]);
    for (var l0 = 0u; l0 < params.L; l0 += 16u) {
      let at = (b * params.L + l0 + lane / LANES) * params.R + r; // of the narrow rows
      let isLow = lane < 16u * LANES && l0 + lane / LANES < params.L && r < params.R;
      var lowOfRow = 0.0;${within ? NARROW_WITHIN : NARROW_READ}
      for (var i = lane; i < 16u * PAIRS; i += THREADS) {
        let line = i / PAIRS;
        let feature = first + i % PAIRS * 2u;
        let row = b * params.L + l0 + line;
        var features = vec2<f32>(0.0);
        if (l0 + line < params.L) {
          features = vec2<f32>(wideAt(isA, row, feature), wideAt(isA, row, feature + 1u));
        }
        wide[line * (PAIRS + 1u) + i % PAIRS] = features;
      }
      if (lane < 16u * LANES) { low[lane] = lowOfRow; }
      workgroupBarrier();
      for (var k = 0u; k < 16u; k++) {
        total += wide[k * (PAIRS + 1u) + lane / LANES] * low[k * LANES + lane % LANES];
      }
      workgroupBarrier();
    }
  }
  if (r < params.R) {
    for (var j = 0u; j < 2u; j++) {
      let feature = first + lane / LANES * 2u + j;
      if (isA && feature < params.I) { dA[(owner * params.I + feature) * params.R + r] = total[j]; }
      if (!isA && feature < params.O) { dB[(owner * params.R + r) * params.O + feature] = total[j]; }
    }
  }`,
  })
);

/** dNarrow = dy · Bᵀ / R, and the gradients of A and B over the rows that share them. */
export const linearGradFactors: KernelFunction<"LinearGradFactors", Gpu> = (
  gpu,
  { dy, x, narrow, factorA, factorB },
  { owners },
) => {
  const [, L, I] = x.shape;
  const [U, R, O] = factorB.shape;
  const rows = gpu.integers(rowsOf(owners, U));
  const params = { integers: [L, I, R, O] };
  const lanes = LANES.find((lanes) => lanes >= R) ?? LANES.at(-1)!;
  const features = 2 * THREADS / lanes;
  const tiles = Math.ceil(I / features) + Math.ceil(O / features);
  const groups = [tiles, Math.ceil(R / lanes), U] as const;
  const shapes = [factorA.shape, factorB.shape] as const;
  if (I * O <= LARGEST_WITHIN) {
    const inputs = [dy, x, narrow, rows, factorB];
    const made = gpu.run(
      factorsProgram(lanes, true),
      inputs,
      [...shapes, narrow.shape],
      params,
      groups,
    );
    return [made[2]!, made[0]!, made[1]!];
  }
  const dNarrow = narrowed(gpu, dy, factorB, owners, true);
  const inputs = [dy, x, narrow, rows, dNarrow];
  return [dNarrow, ...gpu.run(factorsProgram(lanes, false), inputs, shapes, params, groups)];
};

/** What `rowsOf` gave, by the list of owners, which all layers of a step share. */
const known = new WeakMap<readonly number[], number[]>();

/** For each owner the place in this list where its rows start, the place behind the last; then the rows. */
function rowsOf(owners: readonly number[], U: number): number[] {
  const before = known.get(owners);
  if (before !== undefined && before[0] === U + 1) return before;
  const rows = Array.from({ length: U }, (): number[] => []);
  owners.forEach((owner, row) => rows[owner]!.push(row));
  const starts = [U + 1];
  for (const { length } of rows) starts.push(starts.at(-1)! + length);
  const list = [...starts, ...rows.flat()];
  known.set(owners, list);
  return list;
}
