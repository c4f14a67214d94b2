import type { KernelFunction } from "../../../ops/kernels.ts";
import { type Gpu, groupsFor, size } from "./gpu.ts";
import { combine, elementwise, program } from "./program.ts";

interface Attrs {
  readonly epsilon: number;
}

/** So many rows give one partial sum of the weight's gradient. */
const ROWS_AT_ONCE = 32;

const PARTS = { integers: ["rows", "D"], floats: ["epsilon"], threads: 64 };

/** A workgroup for a row. */
const ROW = `
  let row = group.y * groups.x + group.x;
  if (row >= params.rows) { return; }
  let start = row * params.D;`;

const normProgram = program("RmsNorm", {
  ...PARTS,
  reads: { x: "f32", weight: "f32" },
  writes: ["y"],
  before: combine("sum", "f32", "a + b"),
  body: `${ROW}
  var squares = 0.0;
  for (var j = lane; j < params.D; j += THREADS) {
    let v = x[start + j];
    squares += v * v;
  }
  let scale = inverseSqrt(sum(lane, squares) / f32(params.D) + params.epsilon);
  for (var j = lane; j < params.D; j += THREADS) {
    y[start + j] = x[start + j] * scale * weight[j];
  }`,
});

const gradProgram = program("RmsNormGrad", {
  ...PARTS,
  reads: { dy: "f32", x: "f32", weight: "f32" },
  writes: ["dx"],
  before: combine("sum", "vec2<f32>", "a + b"),
  body: `${ROW}
  var parts = vec2<f32>(0.0); // of x² and of dy · w · x
  for (var j = lane; j < params.D; j += THREADS) {
    let v = x[start + j];
    parts += v * vec2<f32>(v, dy[start + j] * weight[j]);
  }
  let means = sum(lane, parts) / f32(params.D);
  let scale = inverseSqrt(means.x + params.epsilon);
  let along = means.y * scale * scale; // the part that only rescales x
  for (var j = lane; j < params.D; j += THREADS) {
    dx[start + j] = scale * (dy[start + j] * weight[j] - along * x[start + j]);
  }`,
});

const gradWeightProgram = program("RmsNormGradWeight", {
  ...PARTS,
  integers: ["rows", "D", "rowsAtOnce"],
  reads: { dy: "f32", x: "f32" },
  writes: ["parts"],
  before: combine("sum", "f32", "a + b"),
  body: `
  let part = group.y * groups.x + group.x;
  let first = part * params.rowsAtOnce;
  if (first >= params.rows) { return; }
  for (var j = lane; j < params.D; j += THREADS) { parts[part * params.D + j] = 0.0; }
  for (var row = first; row < min(first + params.rowsAtOnce, params.rows); row++) {
    let start = row * params.D;
    var squares = 0.0;
    for (var j = lane; j < params.D; j += THREADS) {
      let v = x[start + j];
      squares += v * v;
    }
    let scale = inverseSqrt(sum(lane, squares) / f32(params.D) + params.epsilon);
    for (var j = lane; j < params.D; j += THREADS) {
      parts[part * params.D + j] += dy[start + j] * x[start + j] * scale;
    }
  }`,
});

const sumPartsProgram = elementwise("RmsNormGradWeightSum", {
  reads: { parts: "f32" },
  writes: ["dw"],
  integers: ["count"],
  body: `
  var total = 0.0;
  for (var part = 0u; part < params.count; part++) { total += parts[part * params.size + i]; }
  dw[i] = total;`,
});

/** x / √(mean(x²) + ε) · w over the last axis. */
export const rmsNorm: KernelFunction<"RmsNorm", Gpu> = (gpu, { x, weight }, { epsilon }) => {
  const [rows, D] = rowsOf(x);
  const params = { integers: [rows, D], floats: [epsilon] };
  return gpu.run(normProgram, [x, weight], [x.shape], params, groupsFor(rows));
};

/** The gradient of x. */
export const rmsNormGrad: KernelFunction<"RmsNormGrad", Gpu> = (
  gpu,
  { dy, x, weight },
  { epsilon },
) => {
  const [rows, D] = rowsOf(x);
  const params = { integers: [rows, D], floats: [epsilon] };
  return gpu.run(gradProgram, [dy, x, weight], [x.shape], params, groupsFor(rows));
};

/** The gradient of the weight: sums of some rows each, then the sum of these. */
export const rmsNormGradWeight: KernelFunction<"RmsNormGradWeight", Gpu> = (
  gpu,
  { dy, x },
  { epsilon },
) => {
  const [rows, D] = rowsOf(x);
  const count = Math.ceil(rows / ROWS_AT_ONCE);
  const params = { integers: [rows, D, ROWS_AT_ONCE], floats: [epsilon] };
  const parts = gpu.make(gradWeightProgram, [dy, x], [count, D], params, groupsFor(count));
  const dw = gpu.each(sumPartsProgram, D, [parts], [[D]], { integers: [count] });
  gpu.free(parts);
  return dw;
};

/** How many rows of the last axis there are, and how long they are. */
function rowsOf(x: { readonly shape: readonly number[] }): [rows: number, D: number] {
  const D = x.shape.at(-1)!;
  return [size(x) / D, D];
}
