import { allocate, type MatrixProduct, type WasmBackend } from "./heap.ts";

const SIZES = [[1, 1, 1], [3, 2, 4], [23, 37, 29]] as const;

/**
 * Compares a matrix product with sums of integers, which are exact in any order, for each
 * transposition of either side.
 *
 * @returns what is wrong, or null
 */
export function probeProduct(product: MatrixProduct, backend: WasmBackend): string | null {
  const longest = Math.max(...SIZES.map(([m, n, k]) => m * k + k * n + m * n));
  const address = allocate(backend, 4 * longest);
  try {
    for (const [m, n, k] of SIZES) {
      for (const transposeA of [false, true]) {
        for (const transposeB of [false, true]) {
          const fault = probe(product, backend, address, m, n, k, transposeA, transposeB);
          if (fault !== null) return fault;
        }
      }
    }
    return null;
  } finally {
    backend.wasm._free(address);
  }
}

function probe(
  product: MatrixProduct,
  { wasm }: WasmBackend,
  address: number,
  m: number,
  n: number,
  k: number,
  transposeA: boolean,
  transposeB: boolean,
): string | null {
  const bAt = address + 4 * m * k;
  const cAt = bAt + 4 * k * n;
  const heap = wasm.HEAPU8.buffer;
  const a = new Float32Array(heap, address, m * k).map((_, i) => i * 7 % 19 - 9);
  const b = new Float32Array(heap, bAt, k * n).map((_, i) => i * 5 % 23 - 11);
  new Float32Array(heap, address, m * k).set(a);
  new Float32Array(heap, bAt, k * n).set(b);
  const c = new Float32Array(heap, cAt, m * n).fill(NaN); // old contents must not matter
  product(m, n, k, address, transposeA, bAt, transposeB, cAt);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let expected = 0;
      for (let p = 0; p < k; p++) {
        expected += a[transposeA ? p * m + i : i * k + p]! * b[transposeB ? j * k + p : p * n + j]!;
      }
      if (c[i * n + j] !== expected) {
        return `computes ${c[i * n + j]} where ${expected} is right (sizes ${m}, ${n}, ${k}, ` +
          `transposed ${transposeA}, ${transposeB})`;
      }
    }
  }
  return null;
}
