import type { KernelFunction } from "../../../ops/kernels.ts";
import { type Gpu, size } from "./gpu.ts";
import { elementwise } from "./program.ts";

interface Attrs {
  readonly linear: number;
  readonly cubic: number;
}

const PARTS = { floats: ["linear", "cubic"] };

const gateProgram = elementwise("Gate", {
  ...PARTS,
  reads: { x: "f32", gates: "f32" },
  writes: ["y"],
  body: `
  let v = x[i];
  let s = 1.0 / (1.0 + exp(-v * (params.linear + params.cubic * v * v)));
  y[i] = v * s * gates[i];`,
});

const gradProgram = elementwise("GateGrad", {
  ...PARTS,
  reads: { dy: "f32", x: "f32", gates: "f32" },
  writes: ["dx", "dGates"],
  body: `
  let v = x[i];
  let s = 1.0 / (1.0 + exp(-v * (params.linear + params.cubic * v * v)));
  let steep = v * (1.0 - s) * (params.linear + 3.0 * params.cubic * v * v);
  dx[i] = dy[i] * gates[i] * s * (1.0 + steep);
  dGates[i] = dy[i] * v * s;`,
});

/** x · σ(linear · x + cubic · x³) · gate, elementwise. */
export const gate: KernelFunction<"Gate", Gpu> = (gpu, { x, gate }, { linear, cubic }) =>
  gpu.each(gateProgram, size(x), [x, gate], [x.shape], { floats: [linear, cubic] });

/** The gradients of x and of the gate. */
export const gateGrad: KernelFunction<"GateGrad", Gpu> = (
  gpu,
  { dy, x, gate },
  { linear, cubic },
) => gpu.each(gradProgram, size(x), [dy, x, gate], [x.shape, x.shape], { floats: [linear, cubic] });
