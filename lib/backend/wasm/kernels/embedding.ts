import type { WasmKernels } from "../fused.ts";
import { sizeOf } from "../heap.ts";

/** The kernels of `lib/ops/embedding.ts`. */
export const embeddingKernels = {
  TakeRows(wasm, { table, ids }) {
    const [V, D] = table.shape;
    const N = sizeOf(ids);
    const rows = wasm.make([...ids.shape, D]);
    const stray = wasm.run.takeRows(N, V, D, wasm.at(table), wasm.at(ids), wasm.at(rows));
    if (stray >= 0) {
      wasm.backend.disposeData(rows.dataId);
      throw new RangeError(
        `Cannot look up rows as ids must be in [0, ${V}): id number ${stray} is not`,
      );
    }
    return [rows];
  },

  AddRows(wasm, { dy, ids }, { rows: V }) {
    const D = dy.shape.at(-1)!;
    const sums = wasm.make([V, D]);
    wasm.run.addRows(sizeOf(ids), V, D, wasm.at(dy), wasm.at(ids), wasm.at(sums));
    return [sums];
  },
} satisfies WasmKernels;
