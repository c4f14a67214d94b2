/**
 * Replaces kernels of the WebAssembly backend by faster ones, and restores them. The best matrix
 * product that gives known values decides which are installed.
 */
import * as tf from "../../tf.ts";
import { environmentVariable } from "../../util/environment.ts";
import { type Blas, cpuInfo, openBlas } from "./blas.ts";
import { betterCoreType } from "./core_type.ts";
import { fusedKernelNames, fusedKernels } from "./fused_kernels.ts";
import { FusedWasm } from "./fused.ts";
import { matMulKernels } from "./matmul_kernels.ts";
import { wasmProduct } from "./matmul.ts";
import {
  alwaysBy,
  chooseWays,
  formatChoice,
  type MatMulChoice,
  parseChoice,
  PRODUCT_KINDS,
  type ProductTimes,
  type ProductWay,
} from "./matmul_choice.ts";
import { measureWays } from "./measure_ways.ts";
import { probeProduct } from "./probe_product.ts";
import { sharingKernels } from "./sharing_kernels.ts";
import { type AddingProduct, asWasmBackend, type MatrixProduct, type WasmBackend } from "./heap.ts";

/** Implementations of the matrix product on the WebAssembly backend, best first. */
export const MATMUL_PATHS = ["blas", "wasm", "published"] as const;

/** One of {@linkcode MATMUL_PATHS}. */
export type MatMulPath = typeof MATMUL_PATHS[number];

/** The matrix product that was installed. */
export interface FastKernels {
  /**
   * Description for people and for provenance, such as `blas: libopenblas.so.0 (OpenBLAS 0.3.21
   * Zen)`.
   */
  readonly path: string;
  /** The value of `POLY_MATMUL` by which another process on this machine goes the same ways. */
  readonly matmul: string;
  /** The BLAS that was found and trusted, by its name; `null` without one. */
  readonly blas: string | null;
  /** Threads of the BLAS; one without it, as the project's own kernels have one. */
  readonly threads: number;
  /** Why each better way was passed over, and what would make BLAS faster. */
  readonly notes: readonly string[];
}

/** Thrown when a matrix product that was asked for is absent or computes wrong numbers. */
export class MatMulPathError extends Error {
  override readonly name = "MatMulPathError";
}

/** The kernels that are replaced, as TensorFlow.js has them. */
interface PublishedKernels {
  readonly batchMatMul: tf.KernelConfig;
  readonly fusedMatMul: tf.KernelConfig;
  readonly identity: tf.KernelConfig;
  readonly cast: tf.KernelConfig;
}

let published: PublishedKernels | undefined;
let installed: { readonly on: WasmBackend; readonly kernels: FastKernels } | undefined;

/**
 * The kernels installed on the running WebAssembly backend; installs the best ones if there are
 * none.
 */
export function fastKernels(): FastKernels {
  return installed !== undefined && installed.on === tf.findBackend("wasm") as unknown
    ? installed.kernels
    : installFastKernels();
}

/**
 * Replaces kernels of the running WebAssembly backend by faster ones with the same results:
 * matrix products for every shape, transposition and broadcast, and clones and casts to the same
 * type that share data. It adds kernels for whole operations of `lib/ops`.
 *
 * The product is the system's BLAS, on one thread unless `POLY_THREADS` says more, where one can be opened, else the project's own
 * kernel. A way is trusted only after it gave known values. Where both are there, some tens of
 * milliseconds of measuring decide for each kind of product, for BLAS unless the own kernel is clearly
 * faster.
 *
 * @param options.matmul one way to insist on, or one for each kind of product; by default the
 * environment's `POLY_MATMUL`, if any; `"published"` leaves (or restores) every kernel as
 * TensorFlow.js has it
 * @param options.blasPath the library to open, a path or a name; by default the environment's
 * `POLY_BLAS`, if any, else the first of OpenBLAS, MKL, BLIS and Accelerate that is found
 * @param options.measure another way to time both; for tests
 * @throws {MatMulPathError} when the way or the library insisted on cannot be used, or the backend
 * is not running
 * @throws {RangeError} when there is no way of that name
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../../tf.ts";
 * import "./register.ts";
 *
 * await tf.setBackend("wasm");
 * const { path } = installFastKernels({ matmul: "wasm" });
 * assert.equal(path, "wasm: relaxed simd");
 * const product = tf.matMul(tf.tensor2d([[1, 2]]), tf.tensor2d([[3, 4]]), false, true);
 * assert.deepEqual(product.arraySync(), [[11]]);
 * ```
 */
export function installFastKernels(
  options: {
    readonly matmul?: MatMulPath | MatMulChoice;
    readonly blasPath?: string;
    readonly measure?: (ways: Readonly<Record<ProductWay, FusedWasm>>) => ProductTimes;
  } = {},
): FastKernels {
  const backend = asWasmBackend(tf.findBackend("wasm"));
  if (backend === null) {
    throw new MatMulPathError(
      `Cannot install fast kernels as the WebAssembly backend is not running: ` +
        `call tf.setBackend("wasm") first`,
    );
  }
  const asked = options.matmul ?? environmentVariable("POLY_MATMUL");
  const forced = typeof asked === "string" ? parseChoice(asked) ?? asked : asked;
  if (typeof forced === "string" && forced !== "published") {
    throw new RangeError(
      `Cannot multiply matrices by "${forced}" as it must be one of ${MATMUL_PATHS.join(", ")}`,
    );
  }
  published ??= {
    batchMatMul: tf.getKernel("BatchMatMul", "wasm"),
    fusedMatMul: tf.getKernel("_FusedMatMul", "wasm"),
    identity: tf.getKernel("Identity", "wasm"),
    cast: tf.getKernel("Cast", "wasm"),
  };
  if (forced === "published") return restore(backend, published, []);
  const notes: string[] = [];
  const check = <Way extends { product: MatrixProduct }>(
    way: ProductWay,
    found: Way | string,
  ): Way | null => {
    const fault = typeof found === "string" ? found : probeProduct(found.product, backend);
    if (typeof found !== "string" && fault === null) return found;
    if (forced !== undefined) {
      throw new MatMulPathError(
        `Cannot multiply matrices by "${formatChoice(forced)}" as asked for: ${way}: ${fault}`,
      );
    }
    notes.push(`${way}: ${fault}`);
    return null;
  };
  const isWanted = forced === undefined || PRODUCT_KINDS.some((kind) => forced[kind] === "blas");
  const blas = isWanted
    ? check("blas", blasProduct(backend, options.blasPath ?? environmentVariable("POLY_BLAS")))
    : null;
  const own = check("wasm", wasmProduct(backend));
  if (own === null) return restore(backend, published, notes);
  const by = (choice: MatMulChoice) =>
    new FusedWasm(backend, own.product, blas?.product ?? null, choice);
  let choice = forced ?? alwaysBy(blas === null ? "wasm" : "blas");
  if (forced === undefined && blas !== null) {
    const times = (options.measure ?? measureWays)({
      blas: by(alwaysBy("blas")),
      wasm: by(alwaysBy("wasm")),
    });
    choice = chooseWays(times);
    notes.push(...slownessOf(blas.library, choice, times));
  }
  const better = blas === null ? null : betterCoreType(blas.library.coreName, cpuInfo);
  if (better !== null) {
    notes.push(
      `OpenBLAS runs its old ${blas!.library.coreName} kernels: start with ` +
        `OPENBLAS_CORETYPE=${better} for faster ones`,
    );
  }
  const wasm = by(choice);
  const kernels = [
    ...matMulKernels(wasm),
    ...sharingKernels(published),
    ...fusedKernels(wasm),
  ];
  return replace(backend, kernels, {
    path: describeWays(choice, `blas: ${blas?.library.name}`, own.name),
    matmul: formatChoice(choice),
    blas: blas?.library.name ?? null,
    threads: blas?.library.threads ?? 1,
    notes,
  });
}

function blasProduct(
  backend: WasmBackend,
  path: string | undefined,
): { library: Blas; product: AddingProduct } | string {
  const library = openBlas(path);
  return typeof library === "string" ? library : { library, product: library.productOn(backend) };
}

/** By what each kind of product is computed, for people. */
function describeWays(choice: MatMulChoice, blas: string, own: string): string {
  const names = { blas, wasm: own };
  const parts = (["blas", "wasm"] as const).flatMap((way) => {
    const kinds = PRODUCT_KINDS.filter((kind) => choice[kind] === way);
    if (kinds.length === PRODUCT_KINDS.length) return [names[way]];
    return kinds.length === 0 ? [] : [`${names[way]}, for ${kinds.join(" and ")} products`];
  });
  return parts.join("; ");
}

/** At what BLAS was passed over, with how many times as long it took. */
function slownessOf({ name }: Blas, choice: MatMulChoice, times: ProductTimes): string[] {
  const kinds = PRODUCT_KINDS.filter((kind) => choice[kind] === "wasm").map((kind) => {
    const ratio = Math.min(...times[kind].blas) / Math.min(...times[kind].wasm);
    return `${kind} products ${ratio.toFixed(1)}`;
  });
  return kinds.length === 0 ? [] : [`blas: ${name} takes for ${kinds.join(", ")} times as long`];
}

function restore(
  on: WasmBackend,
  published: PublishedKernels,
  notes: readonly string[],
): FastKernels {
  const name = "published";
  const description = { path: name, matmul: name, blas: null, threads: 1, notes };
  return replace(on, Object.values(published), description);
}

function replace(
  on: WasmBackend,
  kernels: readonly tf.KernelConfig[],
  description: FastKernels,
): FastKernels {
  const names = new Set([...fusedKernelNames(), ...kernels.map(({ kernelName }) => kernelName)]);
  for (const name of names) {
    if (tf.getKernel(name, "wasm") !== undefined) tf.unregisterKernel(name, "wasm");
  }
  for (const kernel of kernels) tf.registerKernel(kernel);
  installed = { on, kernels: description };
  return installed.kernels;
}
