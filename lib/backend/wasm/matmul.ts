import { bytesOf } from "./base64.ts";
import { PLAIN, RELAXED } from "./matmul_binary.ts";
import { allocate, type MatrixProduct, type WasmBackend } from "./heap.ts";

/** A matrix product in WebAssembly, and the instructions that it uses. */
export interface WasmProduct {
  readonly name: "wasm: relaxed simd" | "wasm: simd";
  readonly product: MatrixProduct;
}

interface Exports {
  scratchBytes(): number;
  product(
    m: number,
    n: number,
    k: number,
    a: number,
    turnedA: number,
    b: number,
    turnedB: number,
    c: number,
    scratch: number,
  ): void;
}

/** Address of each backend's scratch memory, kept as long as the backend. */
const scratches = new WeakMap<WasmBackend, number>();

/**
 * The project's own matrix product (`matmul.as`). It works in the memory of the backend and copies
 * no operand out of it. Its scratch memory (0.6 MB) is allocated there once and kept.
 *
 * The value of an element depends on its row, its column and k alone, not on the number of other
 * rows or columns.
 *
 * @param backend the running WebAssembly backend
 * @param relaxed whether to use relaxed SIMD; when absent, only where the engine has it
 * @returns the product, or the reason why there is none
 * @throws {RangeError} when there is no memory left for the scratch
 */
export function wasmProduct(
  backend: WasmBackend,
  relaxed: boolean = WebAssembly.validate(bytesOf(RELAXED)),
): WasmProduct | string {
  const binary = bytesOf(relaxed ? RELAXED : PLAIN);
  if (!WebAssembly.validate(binary)) return "this engine has no WebAssembly SIMD";
  const env = { memory: backend.wasm.asm.memory };
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(binary), { env });
  const { product, scratchBytes } = exports as unknown as Exports;
  const scratch = scratches.get(backend) ?? allocate(backend, scratchBytes());
  scratches.set(backend, scratch);
  return {
    name: relaxed ? "wasm: relaxed simd" : "wasm: simd",
    product: (m, n, k, a, transposeA, b, transposeB, c) =>
      product(m, n, k, a, transposeA ? 1 : 0, b, transposeB ? 1 : 0, c, scratch),
  };
}
