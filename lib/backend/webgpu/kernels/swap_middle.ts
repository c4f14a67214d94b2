import type { KernelFunction } from "../../../ops/kernels.ts";
import { type Gpu, size } from "./gpu.ts";
import { elementwise } from "./program.ts";

const swapProgram = elementwise("SwapMiddle", {
  reads: { x: "f32" },
  writes: ["y"],
  integers: ["L", "N", "D"],
  body: `
  let d = i % params.D; // y is [B, N, L, D]
  let l = i / params.D % params.L;
  let n = i / (params.D * params.L) % params.N;
  let b = i / (params.D * params.L * params.N);
  y[i] = x[((b * params.L + l) * params.N + n) * params.D + d];`,
});

/** `[B, L, N, D]` → `[B, N, L, D]`. */
export const swapMiddle: KernelFunction<"SwapMiddle", Gpu> = (gpu, { x }) => {
  const [B, L, N, D] = x.shape;
  return gpu.each(swapProgram, size(x), [x], [[B, N, L, D]], { integers: [L, N, D] });
};
