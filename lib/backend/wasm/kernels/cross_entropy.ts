import type { WasmKernels } from "../fused.ts";

/** The kernels of `lib/ops/cross_entropy.ts`. */
export const crossEntropyKernels = {
  CrossEntropy(wasm, { logits, labels }, { ignored, smoothing }) {
    const [N, V] = logits.shape;
    const logSums = wasm.make([N]);
    const from = [wasm.at(logits), wasm.at(labels)] as const;
    const loss = wasm.run.crossEntropy(N, V, ...from, ignored, smoothing, wasm.at(logSums));
    return [wasm.makeScalar(loss), logSums];
  },

  CrossEntropyGrad(wasm, { dy, logits, labels, logSums }, { ignored, smoothing }) {
    const [N, V] = logits.shape;
    const dLogits = wasm.make([N, V]);
    const from = [wasm.scalar(dy), wasm.at(logits), wasm.at(labels)] as const;
    const to = [wasm.at(logSums), wasm.at(dLogits)] as const;
    wasm.run.crossEntropyGrad(N, V, ...from, ignored, smoothing, ...to);
    return [dLogits];
  },
} satisfies WasmKernels;
