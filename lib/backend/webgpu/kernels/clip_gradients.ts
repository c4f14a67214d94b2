import type { KernelFunction } from "../../../ops/kernels.ts";
import { type Gpu, size } from "./gpu.ts";
import { once } from "./once.ts";
import { combine, program } from "./program.ts";
import { byRow, gridFor, pieces } from "./together.ts";

/** So many numbers give one partial sum of squares. */
const PER_PART = 4096;

const THREADS = 256;

const gradients = (count: number) => Array.from({ length: count }, (_, i) => `gradient${i}`);
const asFloats = (names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, "f32" as const]));

/** The sums of squares of parts of some gradients; those of gradient i go to `parts` from `first_i` on. */
const squaresProgram = once((count: number) =>
  program(`ClipGradientsSquares${count}`, {
    reads: asFloats(gradients(count)),
    writes: ["parts"],
    integers: gradients(count).flatMap((_, i) => [`size${i}`, `first${i}`]),
    threads: THREADS,
    before: combine("sum", "f32", "a + b"),
    body: `
  let start = group.x * ${PER_PART}u;
  var own = 0.0;
  var end = 0u;
  var to = 0u;${
      byRow(count, (row) => `
    end = params.size${row};
    to = params.first${row} + group.x;
    for (var i = start + lane; i < min(start + ${PER_PART}u, end); i += THREADS) {
      own += gradient${row}[i] * gradient${row}[i];
    }`)
    }
  let total = sum(lane, own);
  if (lane == 0u && start < end) { parts[to] = total; }`,
  })
);

const normProgram = program("ClipGradientsNorm", {
  reads: { parts: "f32" },
  writes: ["norm", "factor"],
  integers: ["count"],
  floats: ["maxNorm"],
  threads: THREADS,
  before: combine("sum", "f32", "a + b"),
  body: `
  var own = 0.0;
  for (var i = lane; i < params.count; i += THREADS) { own += parts[i]; }
  let total = sqrt(sum(lane, own));
  if (lane == 0u) {
    let ratio = params.maxNorm / (total + 1e-6);
    norm[0] = total;
    factor[0] = select(ratio, 1.0, ratio > 1.0); // NaN stays
  }`,
});

const scaleProgram = once((count: number) =>
  program(`ClipGradientsScale${count}`, {
    reads: asFloats(["factor", ...gradients(count)]),
    writes: gradients(count).map((_, i) => `scaled${i}`),
    integers: gradients(count).map((_, i) => `size${i}`),
    threads: THREADS,
    body: byRow(count, (row) => `
    for (var i = group.x * THREADS + lane; i < params.size${row}; i += groups.x * THREADS) {
      scaled${row}[i] = gradient${row}[i] * factor[0];
    }`),
  })
);

/** The joint norm, and the gradients scaled down to `maxNorm`; with a `maxNorm` of 0 as they are. */
export const clipGradients: KernelFunction<"ClipGradients", Gpu> = (gpu, inputs, { maxNorm }) => {
  const all = Object.values(inputs);
  let count = 0;
  const parts = all.map((gradient) => {
    const first = count;
    count += Math.ceil(size(gradient) / PER_PART);
    return { gradient, first };
  });
  const sums = gpu.space([count]);
  for (const piece of pieces(parts, gpu.buffersOfShader - 1, 1)) {
    const longest = Math.max(...piece.map(({ gradient }) => size(gradient)));
    gpu.run(
      squaresProgram(piece.length),
      piece.map(({ gradient }) => gradient),
      [sums],
      { integers: piece.flatMap(({ gradient, first }) => [size(gradient), first]) },
      [Math.ceil(longest / PER_PART), piece.length],
    );
  }
  const params = { integers: [count], floats: [maxNorm] };
  const [norm, factor] = gpu.run(normProgram, [sums], [[], []], params, [1]);
  const scaled = maxNorm === 0
    ? all.map((gradient) => gpu.share(gradient))
    : pieces(all, gpu.buffersOfShader - 1, 2).flatMap((piece) => {
      const sizes = piece.map(size);
      const shapes = piece.map(({ shape }) => shape);
      const program = scaleProgram(piece.length);
      const params = { integers: sizes };
      return gpu.run(program, [factor!, ...piece], shapes, params, gridFor(sizes));
    });
  gpu.free(sums, factor!);
  return [norm!, ...scaled];
};
