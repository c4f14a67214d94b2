/**
 * Replaces kernels of the WebAssembly backend by faster ones, and restores them. The best matrix
 * product that gives known values decides which are installed.
 */
import * as tf from "../../tf.ts";
import { environmentVariable } from "../../util/environment.ts";
import { openBlas } from "./blas.ts";
import { fusedKernelNames, fusedKernels } from "./fused_kernels.ts";
import { FusedWasm } from "./fused.ts";
import { matMulKernels } from "./matmul_kernels.ts";
import { wasmProduct } from "./matmul.ts";
import { probeProduct } from "./probe_product.ts";
import { sharingKernels } from "./sharing_kernels.ts";
import { type AddingProduct, asWasmBackend, type WasmBackend } from "./heap.ts";

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
  /** Reasons why each better implementation was passed over. */
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
 * The product is the system's BLAS on one thread where one can be opened, else the project's own
 * kernel. A product is trusted only after it gave known values.
 *
 * @param options.matmul the one implementation to use; the environment's `POLY_MATMUL` when absent;
 * `"published"` leaves (or restores) every kernel as TensorFlow.js has it
 * @param options.blasPath path or name of the library to open; when absent, the environment's
 * `POLY_BLAS`, else the first of OpenBLAS, MKL, BLIS and Accelerate that is found
 * @throws {MatMulPathError} when the implementation or library asked for cannot be used, or the
 * backend is not running
 * @throws {RangeError} when no implementation has that name
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
  options: { readonly matmul?: MatMulPath; readonly blasPath?: string } = {},
): FastKernels {
  const backend = asWasmBackend(tf.findBackend("wasm"));
  if (backend === null) {
    throw new MatMulPathError(
      `Cannot install fast kernels as the WebAssembly backend is not running: ` +
        `call tf.setBackend("wasm") first`,
    );
  }
  const forced = options.matmul ?? environmentVariable("POLY_MATMUL") as MatMulPath | undefined;
  if (forced !== undefined && !MATMUL_PATHS.includes(forced)) {
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
  if (forced === "published") return replace(backend, Object.values(published), "published", []);
  const notes: string[] = [];
  for (const path of ["blas", "wasm"] as const) {
    if (forced !== undefined && forced !== path) continue;
    const found = path === "wasm"
      ? wasmProduct(backend)
      : blasProduct(backend, options.blasPath ?? environmentVariable("POLY_BLAS"));
    const fault = typeof found === "string" ? found : probeProduct(found.product, backend);
    if (typeof found !== "string" && fault === null) {
      const wasm = new FusedWasm(backend, found.product, "isBlas" in found ? found.product : null);
      const kernels = [
        ...matMulKernels(wasm),
        ...sharingKernels(published),
        ...fusedKernels(wasm),
      ];
      return replace(backend, kernels, found.name, notes);
    }
    notes.push(`${path}: ${fault}`);
  }
  if (forced !== undefined) {
    throw new MatMulPathError(`Cannot multiply matrices by "${forced}" as asked for: ${notes[0]}`);
  }
  return replace(backend, Object.values(published), "published", notes);
}

function blasProduct(
  backend: WasmBackend,
  path: string | undefined,
): { name: string; product: AddingProduct; isBlas: true } | string {
  const library = openBlas(path);
  if (typeof library === "string") return library;
  return { name: `blas: ${library.name}`, product: library.productOn(backend), isBlas: true };
}

function replace(
  on: WasmBackend,
  kernels: readonly tf.KernelConfig[],
  path: string,
  notes: readonly string[],
): FastKernels {
  const names = new Set([...fusedKernelNames(), ...kernels.map(({ kernelName }) => kernelName)]);
  for (const name of names) {
    if (tf.getKernel(name, "wasm") !== undefined) tf.unregisterKernel(name, "wasm");
  }
  for (const kernel of kernels) tf.registerKernel(kernel);
  installed = { on, kernels: { path, notes } };
  return installed.kernels;
}
