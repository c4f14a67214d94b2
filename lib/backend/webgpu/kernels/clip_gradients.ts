import type { KernelFunction } from "../../../ops/kernels.ts";
import { type Gpu, size } from "./gpu.ts";
import { once } from "./once.ts";
import { combine, program } from "./program.ts";
import { byRow, floats, gridFor, numbered, pieces } from "./together.ts";

/** So many numbers give one partial sum of squares. */
const PER_PIECE = 4096;

const THREADS = 256;

const gradients = (count: number) => numbered("gradient", count);

/**
 * The sums of squares of pieces of some gradients. Part p of gradient i, `size_i` numbers, is cut into
 * pieces of its own, whose sums go to `sums` from p · count + `first_i` on.
 */
const squaresProgram = once((count: number) =>
  program(`ClipGradientsSquares${count}`, {
    reads: floats(gradients(count)),
    writes: ["sums"],
    integers: ["count", ...gradients(count).flatMap((_, i) => [`size${i}`, `first${i}`])],
    threads: THREADS,
    before: combine("sum", "f32", "a + b"),
    body: `
  let start = group.x * ${PER_PIECE}u;
  var own = 0.0;
  var end = 0u;
  var to = 0u;${
      byRow(count, (row) => `
    end = params.size${row};
    to = group.z * params.count + params.first${row} + group.x;
    for (var i = start + lane; i < min(start + ${PER_PIECE}u, end); i += THREADS) {
      let x = gradient${row}[group.z * end + i];
      own += x * x;
    }`)
    }
  let total = sum(lane, own);
  if (lane == 0u && start < end) { sums[to] = total; }`,
  })
);

/** A workgroup for the norm of each part. */
const normProgram = program("ClipGradientsNorm", {
  reads: { sums: "f32" },
  writes: ["norms", "factors"],
  integers: ["count"],
  floats: ["maxNorm"],
  threads: THREADS,
  before: combine("sum", "f32", "a + b"),
  body: `
  var own = 0.0;
  for (var i = lane; i < params.count; i += THREADS) { own += sums[group.x * params.count + i]; }
  let total = sqrt(sum(lane, own));
  if (lane == 0u) {
    let ratio = params.maxNorm / (total + 1e-6);
    norms[group.x] = total;
    factors[group.x] = select(ratio, 1.0, ratio > 1.0); // NaN stays
  }`,
});

const scaleProgram = once((count: number) =>
  program(`ClipGradientsScale${count}`, {
    reads: floats(["factors", ...gradients(count)]),
    writes: numbered("scaled", count),
    integers: ["parts", ...numbered("size", count)],
    threads: THREADS,
    body: byRow(count, (row) => `
    for (var i = group.x * THREADS + lane; i < params.size${row}; i += groups.x * THREADS) {
      scaled${row}[i] = gradient${row}[i] * factors[i / (params.size${row} / params.parts)];
    }`),
  })
);

/** The joint norms, and the gradients scaled down to `maxNorm`; with a `maxNorm` of 0 as they are. */
export const clipGradients: KernelFunction<"ClipGradients", Gpu> = (
  gpu,
  inputs,
  { maxNorm, parts },
) => {
  const all = Object.values(inputs);
  let count = 0;
  const placed = all.map((gradient) => {
    const [first, ofPart] = [count, size(gradient) / parts];
    count += Math.ceil(ofPart / PER_PIECE);
    return { gradient, first, ofPart };
  });
  const sums = gpu.space([parts * count]);
  for (const piece of pieces(placed, gpu.buffersOfShader - 1, 1)) {
    const longest = Math.max(...piece.map(({ ofPart }) => ofPart));
    gpu.run(
      squaresProgram(piece.length),
      piece.map(({ gradient }) => gradient),
      [sums],
      { integers: [count, ...piece.flatMap(({ ofPart, first }) => [ofPart, first])] },
      [Math.ceil(longest / PER_PIECE), piece.length, parts],
    );
  }
  const params = { integers: [count], floats: [maxNorm] };
  const [norms, factors] = gpu.run(normProgram, [sums], [[parts], [parts]], params, [parts]);
  const scaled = maxNorm === 0
    ? all.map((gradient) => gpu.share(gradient))
    : pieces(all, gpu.buffersOfShader - 1, 2).flatMap((piece) => {
      const sizes = piece.map(size);
      const shapes = piece.map(({ shape }) => shape);
      const program = scaleProgram(piece.length);
      const params = { integers: [parts, ...sizes] };
      return gpu.run(program, [factors!, ...piece], shapes, params, gridFor(sizes));
    });
  gpu.free(sums, factors!);
  return [norms!, ...scaled];
};
