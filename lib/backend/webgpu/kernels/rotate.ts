import type { KernelFunction } from "../../../ops/kernels.ts";
import { type Gpu, size } from "./gpu.ts";
import { elementwise } from "./program.ts";

const rotateProgram = elementwise("Rotate", {
  reads: { x: "f32", cosines: "f32", sines: "f32" },
  writes: ["y"],
  integers: ["LD", "NLD", "D", "tableStep"],
  floats: ["direction"],
  body: `
  let b = i / params.NLD;
  let at = b * params.tableStep + i % params.LD;
  let half = params.D / 2u;
  let isFirst = i % params.D < half;
  let other = x[select(i - half, i + half, isFirst)] * select(1.0, -1.0, isFirst);
  y[i] = x[i] * cosines[at] + other * sines[at] * params.direction;`,
});

/** Turns each pair of features by its angle, or back where the sign is −1. */
export const rotate: KernelFunction<"Rotate", Gpu> = (
  gpu,
  { x, cos, sin },
  { sign },
) => {
  const [, N, L, D] = x.shape;
  const integers = [L * D, N * L * D, D, cos.shape[0] === 1 ? 0 : L * D];
  return gpu.each(rotateProgram, size(x), [x, cos, sin], [x.shape], { integers, floats: [sign] });
};
