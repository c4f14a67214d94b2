/**
 * Measures single matrix products of the sizes that training uses: by TensorFlow.js's kernel as
 * published, by the project's own, by the system's BLAS through the kernel, and by that BLAS alone.
 * As a program, `deno run lib/bench/products.ts OPTIONS` with {@linkcode ProductOptions} in JSON,
 * it writes its measurements in JSON.
 *
 * @module
 */
import process from "node:process";
import { openBlas } from "../backend/wasm/blas.ts";
import { installFastKernels, type MatMulPath } from "../backend/wasm/install.ts";
import "../backend/wasm/register.ts";
import { addressOf, asWasmBackend } from "../backend/wasm/heap.ts";
import * as tf from "../tf.ts";
import { randomStream } from "../util/random.ts";
import { BenchMismatch, median } from "./bench.ts";

/** `count` products of a [m, k] and b [k, n], each stored transposed or not. */
export interface ProductSize {
  readonly name: string;
  readonly count: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

/** The products that are measured: those of `decoder-128` and `t5-sweep`, thin ones, one large square. */
export const PRODUCT_SIZES: readonly ProductSize[] = [
  { name: "layer", count: 1, m: 2048, n: 128, k: 128, transposeB: true },
  { name: "layer, not transposed", count: 1, m: 2048, n: 128, k: 128 },
  { name: "layer, its weight's gradient", count: 1, m: 128, n: 128, k: 2048, transposeA: true },
  { name: "attention scores", count: 128, m: 64, n: 64, k: 32, transposeB: true },
  { name: "attention values", count: 128, m: 64, n: 32, k: 64 },
  { name: "attention, values' gradient", count: 128, m: 64, n: 32, k: 64, transposeA: true },
  { name: "adapter A", count: 32, m: 64, n: 8, k: 128 },
  { name: "adapter B", count: 32, m: 64, n: 128, k: 8 },
  { name: "t5 layer", count: 1, m: 384, n: 96, k: 96, transposeB: true },
  { name: "t5 layer, its input's gradient", count: 1, m: 384, n: 96, k: 96 },
  { name: "t5 feed-forward", count: 1, m: 384, n: 192, k: 96, transposeB: true },
  { name: "t5 head", count: 1, m: 384, n: 384, k: 96, transposeB: true },
  { name: "t5 attention scores", count: 128, m: 12, n: 12, k: 24, transposeB: true },
  { name: "t5 attention values", count: 128, m: 12, n: 24, k: 12 },
  { name: "t5 adapter A", count: 32, m: 12, n: 4, k: 96 },
  { name: "t5 adapter B", count: 32, m: 12, n: 96, k: 4 },
  { name: "rank 4", count: 1, m: 2048, n: 4, k: 128 },
  { name: "rank 16", count: 1, m: 2048, n: 16, k: 128 },
  { name: "rank 16, back", count: 1, m: 2048, n: 128, k: 16 },
  { name: "one row", count: 1, m: 1, n: 128, k: 128 },
  { name: "one row, transposed", count: 1, m: 1, n: 128, k: 128, transposeB: true },
  { name: "one row, wide, transposed", count: 1, m: 1, n: 2048, k: 128, transposeB: true },
  { name: "one column", count: 1, m: 2048, n: 1, k: 128 },
  { name: "one column, transposed", count: 1, m: 128, n: 1, k: 2048, transposeA: true },
  { name: "decoding scores", count: 128, m: 1, n: 12, k: 24, transposeB: true },
  { name: "decoding values", count: 128, m: 1, n: 24, k: 12 },
  { name: "square", count: 1, m: 512, n: 512, k: 512 },
];

/** Options of {@linkcode measureProducts}. */
export interface ProductOptions {
  readonly rounds: number;
  /**
   * Time that each implementation is measured in a round, in milliseconds; at least one product.
   */
  readonly milliseconds: number;
}

/** Measurements of one implementation at one size. */
export interface ProductMeasure extends ProductSize {
  readonly way: "published" | "own" | "blas" | "blas alone";
  /** Mean time of a call in each round, in microseconds; a call computes all `count` products. */
  readonly rounds: readonly number[];
}

/** Largest difference between implementations, relative to the largest number of a product. */
const SAME_PRODUCT = 1e-5;

/**
 * Measures all implementations of each product, in alternating rounds, in this process.
 *
 * @throws {BenchMismatch} when the implementations give different numbers
 */
export async function measureProducts(
  sizes: readonly ProductSize[],
  options: ProductOptions,
): Promise<ProductMeasure[]> {
  await tf.setBackend("wasm");
  await tf.ready();
  const measures: ProductMeasure[] = [];
  for (const size of sizes) {
    const { ways, dispose } = waysOf(size);
    try {
      const rounds = ways.map((): number[] => []);
      for (const { run } of ways) timeOf(run, options.milliseconds); // so that its code is compiled
      for (let round = 0; round < options.rounds; round++) {
        ways.forEach(({ run }, i) => rounds[i]!.push(timeOf(run, options.milliseconds)));
      }
      measures.push(...ways.map(({ way }, i) => ({ ...size, way, rounds: rounds[i]! })));
    } finally {
      dispose();
    }
  }
  return measures;
}

/** The implementations of one product, on the same operands; their results are compared. */
function waysOf(size: ProductSize) {
  const backend = asWasmBackend(tf.backend())!;
  const { count, m, n, k, transposeA = false, transposeB = false } = size;
  const stream = randomStream(0, `bench/product/${size.name}`);
  const random = (shape: number[]) =>
    tf.tensor(Float32Array.from({ length: tf.util.sizeFromShape(shape) }, stream.normal), shape);
  const a = random([count, ...(transposeA ? [k, m] : [m, k])]);
  const b = random([count, ...(transposeB ? [n, k] : [k, n])]);
  const c = tf.zeros([count, m, n]);
  const kernelOf = (matmul: MatMulPath) => {
    installFastKernels({ matmul });
    return tf.getKernel("BatchMatMul", "wasm").kernelFunc;
  };
  const through = (kernel: tf.KernelFunc) => (): tf.TensorInfo =>
    kernel({ inputs: { a, b }, attrs: { transposeA, transposeB }, backend }) as tf.TensorInfo;
  const library = openBlas();
  const kernels: { way: ProductMeasure["way"]; make: () => tf.TensorInfo }[] = [
    { way: "published", make: through(kernelOf("published")) },
    { way: "own", make: through(kernelOf("wasm")) },
    ...(typeof library === "string" ? [] : [{
      way: "blas" as const,
      make: through(kernelOf("blas")),
    }]),
  ];
  const [expected, ...others] = kernels.map(({ make }) => {
    const { dataId, shape, dtype } = make();
    const made = tf.engine().makeTensorFromDataId(dataId, shape, dtype);
    const values = made.dataSync() as Float32Array;
    made.dispose();
    return values;
  });
  const tolerance = SAME_PRODUCT * expected!.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  others.forEach((values, i) => {
    const wrong = values.findIndex((x, at) => !(Math.abs(x - expected![at]!) <= tolerance));
    if (wrong < 0) return;
    throw new BenchMismatch(
      `Cannot compare times of product "${size.name}" as numbers differ: number ${wrong} is ` +
        `${expected![wrong]} by ${kernels[0]!.way}, ${values[wrong]} by ${kernels[i + 1]!.way}`,
    );
  });
  const ways: { way: ProductMeasure["way"]; run: () => void }[] = kernels.map(({ way, make }) => ({
    way,
    run: () => void backend.disposeData(make().dataId),
  }));
  if (typeof library !== "string") {
    const product = library.productOn(backend);
    const [aAt, bAt, cAt] = [a, b, c].map((x) => addressOf(backend, x)) as [number, number, number];
    ways.push({
      way: "blas alone",
      run() {
        for (let i = 0; i < count; i++) {
          const [ofA, ofB, ofC] = [aAt + 4 * i * m * k, bAt + 4 * i * k * n, cAt + 4 * i * m * n];
          product(m, n, k, ofA, transposeA, ofB, transposeB, ofC);
        }
      },
    });
  }
  return { ways, dispose: () => tf.dispose([a, b, c]) };
}

/** Mean time of a call, over calls that take about `milliseconds` together. */
function timeOf(run: () => void, milliseconds: number): number {
  let calls = 0;
  const started = performance.now();
  let now = started;
  for (let batch = 1; now - started < milliseconds; batch *= 2) { // few readings of the clock
    for (let i = 0; i < batch; i++) run();
    calls += batch;
    now = performance.now();
  }
  return 1000 * (now - started) / calls;
}

/** Median speed of a measure, in floating-point operations per nanosecond. */
export function gigaflops({ count, m, n, k, rounds }: ProductMeasure): number {
  return 2 * count * m * n * k / (1000 * median(rounds));
}

if (import.meta.main) {
  const options = JSON.parse(Deno.args[0]!) as ProductOptions;
  process.stdout.write(JSON.stringify(await measureProducts(PRODUCT_SIZES, options)));
}
