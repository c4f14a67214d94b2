import type { KernelFunction } from "../../../ops/kernels.ts";
import type { FusedWasm, WasmKernels } from "../fused.ts";
import { sizeOf } from "../heap.ts";
import { update, updateGrad, updateGradInput } from "./low_rank_products.ts";

const linear: KernelFunction<"Linear", FusedWasm> = (wasm, { x, weight, bias }, { parts }) => {
  const [B, L, I] = x.shape;
  const [O] = weight.shape;
  const y = wasm.make([B, L, O]);
  const to = wasm.at(y);
  const M = B * L / parts;
  for (let p = 0; p < parts; p++) {
    const [from, c] = [wasm.at(x) + 4 * p * M * I, to + 4 * p * M * O];
    wasm.products("large", 1, [M, O, I], from, false, wasm.at(weight), true, c);
  }
  if (bias !== undefined) wasm.run.addBias(B * L, O, wasm.at(bias), to);
  return [y];
};

/** The kernels of `lib/ops/linear.ts`. */
export const linearKernels = {
  Linear: linear,

  AdaptedLinear(wasm, { x, weight, bias, factorA, factorB }, { owners, parts }) {
    const [y] = linear(wasm, { x, weight, bias }, { parts });
    const [B, L, I] = x.shape;
    const [, R, O] = factorB.shape;
    const narrow = wasm.make([B, L, R]);
    const from = [wasm.at(x), wasm.at(factorA), wasm.at(factorB)] as const;
    update(wasm, { L, I, R, O, owners }, [...from, wasm.at(narrow), wasm.at(y)]);
    return [y, narrow];
  },

  LinearGradFactors(wasm, { dy, x, narrow, factorA, factorB }, { owners }) {
    const [, L, I] = x.shape;
    const [U, R, O] = factorB.shape;
    const dNarrow = wasm.make(narrow.shape);
    const [dA, dB] = [wasm.make(factorA.shape), wasm.make(factorB.shape)];
    const from = [wasm.at(dy), wasm.at(x), wasm.at(narrow), wasm.at(factorB)] as const;
    const to = [wasm.at(dNarrow), wasm.at(dA), wasm.at(dB)] as const;
    updateGrad(wasm, { L, I, R, O, owners }, U, from, to);
    return [dNarrow, dA, dB];
  },

  LinearGradInput(wasm, { dy, weight, dNarrow, factorA }, { owners, parts }) {
    const [B, L, O] = dy.shape;
    const I = weight.shape[1];
    const dx = wasm.make([B, L, I]);
    const to = wasm.at(dx);
    const M = B * L / parts;
    for (let p = 0; p < parts; p++) {
      const [from, c] = [wasm.at(dy) + 4 * p * M * O, to + 4 * p * M * I];
      wasm.products("large", 1, [M, I, O], from, false, wasm.at(weight), false, c);
    }
    if (factorA === undefined) return [dx];
    const R = factorA.shape[2];
    updateGradInput(wasm, { L, I, R, O, owners }, [wasm.at(dNarrow), wasm.at(factorA), to]);
    return [dx];
  },

  LinearGradWeight(wasm, { dy, x }) {
    const [O, I] = [dy.shape[2], x.shape[2]];
    const dWeight = wasm.make([O, I]);
    const sizes = [O, I, sizeOf(x) / I] as const;
    wasm.products("large", 1, sizes, wasm.at(dy), true, wasm.at(x), false, wasm.at(dWeight));
    return [dWeight];
  },
} satisfies WasmKernels;
