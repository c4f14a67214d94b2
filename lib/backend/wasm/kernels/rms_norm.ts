import type { KernelTensor } from "../../../ops/kernels.ts";
import type { WasmKernels } from "../fused.ts";
import { sizeOf } from "../heap.ts";

/** The kernels of `lib/ops/rms_norm.ts`. */
export const rmsNormKernels = {
  RmsNorm(wasm, { x, weight }, { epsilon }) {
    const y = wasm.make(x.shape);
    wasm.run.rmsNorm(...rows(x), wasm.at(x), wasm.at(weight), epsilon, wasm.at(y));
    return [y];
  },

  RmsNormGrad(wasm, { dy, x, weight }, { epsilon }) {
    const dx = wasm.make(x.shape);
    const from = [wasm.at(dy), wasm.at(x), wasm.at(weight)] as const;
    wasm.run.rmsNormGrad(...rows(x), ...from, epsilon, wasm.at(dx));
    return [dx];
  },

  RmsNormGradWeight(wasm, { dy, x }, { epsilon }) {
    const dw = wasm.make(x.shape.slice(-1));
    wasm.run.rmsNormGradWeight(...rows(x), wasm.at(dy), wasm.at(x), epsilon, wasm.at(dw));
    return [dw];
  },
} satisfies WasmKernels;

/** Number of rows along the last axis, and their length. */
function rows(x: KernelTensor): [rows: number, length: number] {
  const length = x.shape.at(-1)!;
  return [sizeOf(x) / length, length];
}
