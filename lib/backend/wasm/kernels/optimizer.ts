import type { WasmKernels } from "../fused.ts";
import { sizeOf } from "../heap.ts";

/** The kernels of `lib/train`, each for all parameters in one call. */
export const optimizerKernels = {
  AdamW(wasm, inputs, { updates, beta1, beta2, epsilon }) {
    return updates.map(({ keep, rate, root }, i) => {
      const parameter = inputs[`parameter${i}`]!;
      const updated = wasm.make(parameter.shape);
      wasm.run.adamW(
        sizeOf(parameter),
        wasm.at(parameter),
        wasm.at(inputs[`gradient${i}`]),
        wasm.at(inputs[`mean${i}`]),
        wasm.at(inputs[`square${i}`]),
        wasm.at(updated),
        beta1,
        1 - beta1,
        beta2,
        1 - beta2,
        keep,
        rate,
        root,
        epsilon,
      );
      return updated;
    });
  },

  ClipGradients(wasm, inputs, { maxNorm }) {
    const gradients = Object.values(inputs);
    const squares = gradients.map((g) => wasm.run.sumOfSquares(sizeOf(g), wasm.at(g)));
    const norm = Math.sqrt(squares.reduce((sum, square) => sum + square, 0));
    const factor = maxNorm === 0 ? 1 : Math.min(1, maxNorm / (norm + 1e-6));
    const clipped = gradients.map((gradient) => {
      if (factor === 1) return wasm.share(gradient);
      const scaled = wasm.make(gradient.shape);
      wasm.run.scaled(sizeOf(gradient), wasm.at(gradient), factor, wasm.at(scaled));
      return scaled;
    });
    return [wasm.makeScalar(norm), ...clipped];
  },
} satisfies WasmKernels;
