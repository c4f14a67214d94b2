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

  ClipGradients(wasm, inputs, { maxNorm, parts }) {
    const gradients = Object.values(inputs);
    const numbers = Array.from({ length: parts }, (_, p) => p);
    const norms = numbers.map((p) => {
      const squares = gradients.map((g) => {
        const size = sizeOf(g) / parts;
        return wasm.run.sumOfSquares(size, wasm.at(g) + 4 * p * size);
      });
      return Math.sqrt(squares.reduce((sum, square) => sum + square, 0));
    });
    const factors = norms.map((norm) => maxNorm === 0 ? 1 : Math.min(1, maxNorm / (norm + 1e-6)));
    const clipped = gradients.map((gradient) => {
      if (factors.every((factor) => factor === 1)) return wasm.share(gradient);
      const size = sizeOf(gradient) / parts;
      const scaled = wasm.make(gradient.shape);
      for (const [p, factor] of factors.entries()) {
        const place = 4 * p * size;
        wasm.run.scaled(size, wasm.at(gradient) + place, factor, wasm.at(scaled) + place);
      }
      return scaled;
    });
    return [wasm.makeVector(norms), ...clipped];
  },
} satisfies WasmKernels;
