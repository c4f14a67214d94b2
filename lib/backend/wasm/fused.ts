import type { KernelTable } from "../../ops/kernels.ts";
import type * as tf from "../../tf.ts";
import { PLAIN, RELAXED } from "./fused_binary.ts";
import type { FusedExports } from "./fused_exports.ts";
import {
  type AddingProduct,
  addressOf,
  allocate,
  type MatrixProduct,
  sizeOf,
  type WasmBackend,
} from "./heap.ts";

/** Largest number of multiplications in a product that is too small for a call to BLAS. */
const SMALL_FOR_BLAS = 2 ** 13;

/**
 * Largest number of multiplications in a product that is too small for the project's blocked
 * product.
 */
const SMALL = 2 ** 15;

/** Kernels of this backend, typed by the contract in `lib/ops/kernels.ts`. */
export type WasmKernels = Partial<KernelTable<FusedWasm>>;

/** Whole operations in WebAssembly (`fused.as`) in the memory of a backend. */
export class FusedWasm {
  readonly backend: WasmBackend;
  /** The functions of `fused.as`; addresses are in the memory of the backend. */
  readonly run: FusedExports;
  readonly #product: MatrixProduct;
  readonly #blas: AddingProduct | null;
  #scratch = { address: 0, floats: 0 };
  #part = { address: 0, floats: 0 };
  #numbers = { address: 0, floats: 0 };

  /**
   * @param product the matrix product for matrices that are not small
   * @param blas the system's BLAS if that is the product, else null; it pays off for smaller
   * matrices
   * @param relaxed whether to use relaxed SIMD; by default where the engine has it
   */
  constructor(
    backend: WasmBackend,
    product: MatrixProduct,
    blas: AddingProduct | null = null,
    relaxed: boolean = WebAssembly.validate(Uint8Array.fromBase64(RELAXED)),
  ) {
    const module = new WebAssembly.Module(Uint8Array.fromBase64(relaxed ? RELAXED : PLAIN));
    const env = { memory: backend.wasm.asm.memory };
    this.run = new WebAssembly.Instance(module, { env }).exports as unknown as FusedExports;
    this.backend = backend;
    this.#product = product;
    this.#blas = blas;
  }

  /** The address of a tensor's data; 0 for none. */
  at(tensor: tf.TensorInfo | undefined): number {
    return tensor === undefined ? 0 : addressOf(this.backend, tensor);
  }

  /**
   * Makes a tensor for a kernel to write to.
   * @throws {RangeError} when there is no memory left
   */
  make(shape: readonly number[]): tf.TensorInfo {
    const tensor = this.backend.makeOutput(shape, "float32");
    if (this.at(tensor) === 0 && sizeOf(tensor) > 0) {
      this.backend.disposeData(tensor.dataId);
      throw new RangeError(
        `Cannot make a tensor of shape [${shape}] as there is no memory left: ` +
          `dispose tensors or use smaller batches`,
      );
    }
    return tensor;
  }

  /** Makes another tensor of the same data. */
  share({ dataId, shape, dtype }: tf.TensorInfo): tf.TensorInfo {
    this.backend.incRef(dataId);
    return { dataId, shape, dtype };
  }

  /** A buffer of `floats` numbers, valid until the next call; `products` does not use it. */
  part(floats: number): number {
    return this.#grow(this.#part, floats);
  }

  /** A buffer of `floats` numbers, valid until the next call or the next `products`. */
  scratch(floats: number): number {
    return this.#grow(this.#scratch, floats);
  }

  /** A buffer that holds the given integers, valid until the next call. */
  integers(values: readonly number[]): number {
    const address = this.#grow(this.#numbers, values.length);
    new Int32Array(this.backend.wasm.HEAPU8.buffer, address, values.length).set(values);
    return address;
  }

  /** The value of a scalar. */
  scalar(tensor: tf.TensorInfo): number {
    return this.#values(tensor)[0]!;
  }

  /** Makes a scalar tensor. */
  makeScalar(value: number): tf.TensorInfo {
    const tensor = this.make([]);
    this.#values(tensor)[0] = value;
    return tensor;
  }

  /**
   * The BLAS when there is one and it pays off for a product of this many multiplications; else
   * null.
   */
  largeProduct(multiplications: number): AddingProduct | null {
    return multiplications > SMALL_FOR_BLAS ? this.#blas : null;
  }

  /** Sets `floats` numbers to zero. */
  clear(address: number, floats: number): void {
    this.backend.wasm.HEAPU8.fill(0, address >>> 0, (address >>> 0) + 4 * floats);
  }

  /**
   * Computes `count` products of consecutive matrices, each c [m, n] = a [m, k] · b [k, n]; a side
   * may be stored transposed. One call computes them all when they are small or have a single row
   * or column; otherwise each takes a call of its own. Their sizes alone decide.
   */
  products(
    count: number,
    [m, n, k]: readonly [number, number, number],
    a: number,
    transposeA: boolean,
    b: number,
    transposeB: boolean,
    c: number,
  ): void {
    const isThin = m === 1 || n === 1;
    if (isThin || m * n * k <= (this.#blas === null ? SMALL : SMALL_FOR_BLAS)) {
      const scratch = transposeB && !isThin ? this.scratch(k * n) : 0;
      const [turnedA, turnedB] = [Number(transposeA), Number(transposeB)];
      this.run.smallProducts(count, m, n, k, a, turnedA, b, turnedB, c, scratch);
      return;
    }
    for (let i = 0; i < count; i++) {
      const [aOfI, bOfI] = [a + 4 * m * k * i, b + 4 * k * n * i];
      this.#product(m, n, k, aOfI, transposeA, bOfI, transposeB, c + 4 * m * n * i);
    }
  }

  #values(tensor: tf.TensorInfo): Float32Array {
    const { buffer } = this.backend.wasm.HEAPU8;
    return new Float32Array(buffer, this.at(tensor) >>> 0, sizeOf(tensor));
  }

  #grow(place: { address: number; floats: number }, floats: number): number {
    if (place.floats < floats) {
      if (place.address !== 0) this.backend.wasm._free(place.address);
      place.floats = 0;
      place.address = allocate(this.backend, 4 * floats);
      place.floats = floats;
    }
    return place.address;
  }
}
