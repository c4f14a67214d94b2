import type { WasmKernels } from "../fused.ts";
import { sizeOf } from "../heap.ts";

/** The kernels of `gatedActivation` in `lib/ops/activation.ts`. */
export const gateKernels = {
  Gate(wasm, { x, gate }, { linear, cubic }) {
    const y = wasm.make(x.shape);
    wasm.run.gate(sizeOf(x), wasm.at(x), wasm.at(gate), linear, cubic, wasm.at(y));
    return [y];
  },

  GateGrad(wasm, { dy, x, gate }, { linear, cubic }) {
    const [dx, dGate] = [wasm.make(x.shape), wasm.make(x.shape)];
    const from = [wasm.at(dy), wasm.at(x), wasm.at(gate)] as const;
    wasm.run.gateGrad(sizeOf(x), ...from, linear, cubic, wasm.at(dx), wasm.at(dGate));
    return [dx, dGate];
  },
} satisfies WasmKernels;
