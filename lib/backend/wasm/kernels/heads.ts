import type { WasmKernels } from "../fused.ts";
import { sizeOf } from "../heap.ts";

/** The kernels of `lib/ops/split_heads.ts` and `lib/ops/rotary.ts`. */
export const headKernels = {
  SwapMiddle(wasm, { x }) {
    const [B, L, N, D] = x.shape;
    const y = wasm.make([B, N, L, D]);
    wasm.run.swapMiddle(B, L, N, D, wasm.at(x), wasm.at(y));
    return [y];
  },

  Rotate(wasm, { x, cos, sin }, { sign }) {
    const y = wasm.make(x.shape);
    const tableStep = cos.shape[0] === 1 ? 0 : sizeOf(cos) / cos.shape[0];
    const from = [wasm.at(x), wasm.at(cos), wasm.at(sin)] as const;
    wasm.run.rotate(...x.shape, ...from, tableStep, sign, wasm.at(y));
    return [y];
  },
} satisfies WasmKernels;
