import type { WasmKernels } from "../fused.ts";

/** The kernels of `lib/ops/cross_entropy.ts`. */
export const crossEntropyKernels = {
  CrossEntropy(wasm, { logits, labels }, { ignored, smoothing, parts }) {
    const [N, V] = logits.shape;
    const logSums = wasm.make([N]);
    const size = N / parts;
    const losses = Array.from({ length: parts }, (_, p) => {
      const from = [wasm.at(logits) + 4 * p * size * V, wasm.at(labels) + 4 * p * size] as const;
      const to = wasm.at(logSums) + 4 * p * size;
      return wasm.run.crossEntropy(size, V, ...from, ignored, smoothing, to);
    });
    return [wasm.makeVector(losses), logSums];
  },

  CrossEntropyGrad(wasm, { dy, logits, labels, logSums }, { ignored, smoothing, parts }) {
    const [N, V] = logits.shape;
    const dLogits = wasm.make([N, V]);
    const size = N / parts;
    for (const [p, slope] of wasm.vector(dy).entries()) {
      const [row, matrix] = [4 * p * size, 4 * p * size * V];
      const from = [slope, wasm.at(logits) + matrix, wasm.at(labels) + row] as const;
      const to = [wasm.at(logSums) + row, wasm.at(dLogits) + matrix] as const;
      wasm.run.crossEntropyGrad(size, V, ...from, ignored, smoothing, ...to);
    }
    return [dLogits];
  },
} satisfies WasmKernels;
