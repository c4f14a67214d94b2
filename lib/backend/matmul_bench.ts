/**
 * Matrix products of the sizes that training uses: TensorFlow.js's kernel as published, the
 * project's own, the system's BLAS through the kernel, and that BLAS alone on the same operands.
 *
 * @module
 */
import * as tf from "../tf.ts";
import { openBlas } from "./blas.ts";
import { installFastKernels, type MatMulPath } from "./fast_wasm.ts";
import { addressOf, asWasmBackend } from "./wasm_heap.ts";
import "./wasm.ts";

interface Size {
  readonly name: string;
  readonly count: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

const SIZES: readonly Size[] = [
  { name: "layer", count: 1, m: 2048, n: 128, k: 128 },
  { name: "layer, its input's gradient", count: 1, m: 2048, n: 128, k: 128, transposeB: true },
  { name: "layer, its weight's gradient", count: 1, m: 128, n: 128, k: 2048, transposeA: true },
  { name: "attention scores", count: 128, m: 64, n: 64, k: 32, transposeB: true },
  { name: "attention values", count: 128, m: 64, n: 32, k: 64 },
  { name: "attention, values' gradient", count: 128, m: 64, n: 32, k: 64, transposeA: true },
  { name: "adapter A", count: 32, m: 64, n: 8, k: 128 },
  { name: "adapter B", count: 32, m: 64, n: 128, k: 8 },
  { name: "square", count: 1, m: 512, n: 512, k: 512 },
];

await tf.setBackend("wasm");
await tf.ready();
const backend = asWasmBackend(tf.backend())!;
const library = openBlas();

function kernelOf(matmul: MatMulPath): tf.KernelFunc {
  installFastKernels({ matmul });
  return tf.getKernel("BatchMatMul", "wasm").kernelFunc;
}

const kernels: [string, tf.KernelFunc][] = [
  ["published", kernelOf("published")],
  ["own kernel", kernelOf("wasm")],
];
if (typeof library !== "string") kernels.push(["BLAS", kernelOf("blas")]);

for (const { name, count, m, n, k, transposeA = false, transposeB = false } of SIZES) {
  const a = tf.randomNormal([count, ...(transposeA ? [k, m] : [m, k])]);
  const b = tf.randomNormal([count, ...(transposeB ? [n, k] : [k, n])]);
  const c = tf.zeros([count, m, n]);
  const sides = `${m}×${k}${transposeA ? "ᵀ" : ""} · ${k}×${n}${transposeB ? "ᵀ" : ""}`;
  const group = `${name}: ${count} × (${sides}), ${(2 * count * m * n * k / 1e6).toFixed(1)} MFLOP`;
  for (const [path, kernel] of kernels) {
    Deno.bench({
      name: path,
      group,
      baseline: path === "published",
      fn() {
        const attrs = { transposeA, transposeB };
        const product = kernel({ inputs: { a, b }, attrs, backend }) as tf.TensorInfo;
        backend.disposeData(product.dataId);
      },
    });
  }
  if (typeof library === "string") continue;
  const product = library.productOn(backend);
  Deno.bench({
    name: "BLAS alone",
    group,
    fn() {
      const [aAt, bAt, cAt] = [a, b, c].map((x) => addressOf(backend, x)) as [
        number,
        number,
        number,
      ];
      for (let i = 0; i < count; i++) {
        const aOfI = aAt + 4 * i * m * k;
        product(m, n, k, aOfI, transposeA, bAt + 4 * i * k * n, transposeB, cAt + 4 * i * m * n);
      }
    },
  });
}
