import type { Kernel } from "./kernel.ts";
import { narrowed } from "./narrow.ts";
import { program } from "./program.ts";

/** A weight of more numbers is worth narrowing the slopes apart, once for all tiles. */
const LARGEST_WITHIN = 2 ** 16;

/** WGSL of the slopes of 16 narrow positions, dy · Bᵀ / R, by tiles of 16 outputs. */
const NARROW_WITHIN = `
      if (isA) {
        for (var o0 = 0u; o0 < params.O; o0 += 16u) {
          let isOutput = o0 + tx < params.O;
          var slope = 0.0;
          var factor = 0.0;
          if (isInside && isOutput) { slope = dy[row * params.O + o0 + tx]; }
          if (isOutput && group.y * 16u + ty < params.R) {
            factor = factorsB[(owner * params.R + group.y * 16u + ty) * params.O + o0 + tx];
          }
          slopes[ty * 17u + tx] = slope;
          factors[ty * 17u + tx] = factor;
          workgroupBarrier();
          for (var t = 0u; t < 16u; t++) {
            lowOfRow += slopes[ty * 17u + t] * factors[tx * 17u + t];
          }
          workgroupBarrier();
        }
        lowOfRow /= f32(params.R);
        if (group.x == 0u && isInside && r < params.R) { dNarrow[row * params.R + r] = lowOfRow; }
      } else if (isInside && r < params.R) {
        lowOfRow = narrow[row * params.R + r];
      }`;

const NARROW_READ = `
      if (isInside && r < params.R) {
        if (isA) { lowOfRow = dNarrow[row * params.R + r]; }
        else { lowOfRow = narrow[row * params.R + r]; }
      }`;

/**
 * The gradients of both factors. A workgroup sums up 32 features by 16 places of the rank of one owner,
 * over the positions of its rows, 16 at a time: first the features of A, then those of B.
 *
 * @param within whether it also narrows the slopes, for which each tile of A does the same work
 */
const factorsProgram = (within: boolean) =>
  program(`LinearGradFactors${within ? "Within" : ""}`, {
    reads: {
      ...{ dy: "f32", x: "f32", narrow: "f32", rowsOf: "i32" },
      ...within ? { factorsB: "f32" } : { dNarrow: "f32" },
    },
    writes: ["dA", "dB", ...within ? ["dNarrow"] : []],
    integers: ["L", "I", "R", "O"],
    threads: 256,
    before: `
var<workgroup> wide: array<vec2<f32>, 272>; // [position, feature / 2], rows of 17
var<workgroup> low: array<f32, 256>; // [position, r]
${
      within
        ? `
var<workgroup> slopes: array<f32, 272>; // [position, o]
var<workgroup> factors: array<f32, 272>; // [r, o]`
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
      var lowOfRow = 0.0;${within ? NARROW_WITHIN : NARROW_READ}
      var features = vec2<f32>(0.0);
      if (isInside) {
        let feature = first + tx * 2u;
        features = vec2<f32>(wideAt(isA, row, feature), wideAt(isA, row, feature + 1u));
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

const [APART, WITHIN] = [factorsProgram(false), factorsProgram(true)];

/** dNarrow = dy · Bᵀ / R, and the gradients of A and B over the rows that share them. */
export const linearGradFactors: Kernel<
  "dy" | "x" | "narrow" | "A" | "B",
  { readonly owners: readonly number[] }
> = (gpu, { dy, x, narrow, A, B: factorB }, { owners }) => {
  const [, L, I] = x.shape as [number, number, number];
  const [U, R, O] = factorB.shape as [number, number, number];
  const rows = gpu.integers(rowsOf(owners, U));
  const params = { integers: [L, I, R, O] };
  const groups = [Math.ceil(I / 32) + Math.ceil(O / 32), Math.ceil(R / 16), U] as const;
  const shapes = [A.shape, factorB.shape];
  if (I * O <= LARGEST_WITHIN) {
    const inputs = [dy, x, narrow, rows, factorB];
    const made = gpu.run(WITHIN, inputs, [...shapes, narrow.shape], params, groups);
    return [made[2]!, made[0]!, made[1]!];
  }
  const dNarrow = narrowed(gpu, dy, factorB, owners, true);
  return [dNarrow, ...gpu.run(APART, [dy, x, narrow, rows, dNarrow], shapes, params, groups)];
};

/** For each owner the place in this list where its rows start, the place behind the last; then the rows. */
function rowsOf(owners: readonly number[], U: number): number[] {
  const rows = Array.from({ length: U }, (): number[] => []);
  owners.forEach((owner, row) => rows[owner]!.push(row));
  const starts = [U + 1];
  for (const { length } of rows) starts.push(starts.at(-1)! + length);
  return [...starts, ...rows.flat()];
}
