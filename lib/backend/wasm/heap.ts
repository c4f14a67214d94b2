/**
 * The memory of the WebAssembly backend: where tensors are, and how to allocate more. Allocating
 * may replace the view of the memory; addresses stay valid.
 */
import * as tf from "../../tf.ts";

/**
 * The part of the WebAssembly backend that the fast kernels use: the memory that holds its tensors.
 *
 * Source: tensorflow/tfjs, tfjs-backend-wasm/src/backend_wasm.ts
 */
export interface WasmBackend {
  readonly wasm: {
    /** View of the whole memory; replaced by a new object when the memory grows. */
    readonly HEAPU8: Uint8Array<ArrayBuffer>;
    /** Exports of the WebAssembly module. */
    readonly asm: { readonly memory: WebAssembly.Memory };
    /**
     * Allocates bytes; returns an address as a signed integer, or 0 when there is no memory left.
     */
    _malloc(bytes: number): number;
    _free(address: number): void;
  };
  readonly dataIdMap: { get(dataId: object): { readonly memoryOffset: number } };
  incRef(dataId: object): void;
  disposeData(dataId: object): boolean;
  makeOutput(shape: readonly number[], dtype: tf.DataType): tf.TensorInfo;
}

/** The address of a tensor's data in the backend's memory. */
export function addressOf(backend: WasmBackend, tensor: tf.TensorInfo): number {
  return backend.dataIdMap.get(tensor.dataId).memoryOffset;
}

/** Number of elements of a tensor. */
export function sizeOf({ shape }: Pick<tf.TensorInfo, "shape">): number {
  return tf.util.sizeFromShape(shape);
}

/**
 * Allocates bytes in the backend's memory, which may replace `HEAPU8`.
 *
 * @throws {RangeError} when the memory cannot grow enough
 */
export function allocate(backend: WasmBackend, bytes: number): number {
  const address = backend.wasm._malloc(bytes) >>> 0;
  if (address === 0) {
    throw new RangeError(
      `Cannot allocate ${bytes} bytes as the WebAssembly memory cannot grow further: ` +
        `it has ${backend.wasm.HEAPU8.length}; dispose tensors or use smaller batches`,
    );
  }
  return address;
}

/** The running WebAssembly backend, or `null` before it was started. */
export function asWasmBackend(backend: unknown): WasmBackend | null {
  const wasm = (backend as Partial<WasmBackend> | null)?.wasm;
  return wasm?.asm?.memory instanceof WebAssembly.Memory ? backend as WasmBackend : null;
}

/**
 * One product of dense row-major matrices in the backend's memory: c [m, n] = a [m, k] · b [k, n].
 * A transposed side is stored as [k, m], [n, k]. Sizes are at least 1; addresses are in bytes.
 */
export type MatrixProduct = (
  m: number,
  n: number,
  k: number,
  a: number,
  transposeA: boolean,
  b: number,
  transposeB: boolean,
  c: number,
) => void;

/** A {@linkcode MatrixProduct} that can also add to the values in c. */
export type AddingProduct = (
  ...args: [...product: Parameters<MatrixProduct>, add?: boolean]
) => void;
