import type { KernelTable } from "../../ops/kernels.ts";
import type * as tf from "../../tf.ts";
import { bytesOf } from "./base64.ts";
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
import { alwaysBy, type MatMulChoice, type ProductKind } from "./matmul_choice.ts";

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
  /** Which way each kind of product goes. */
  readonly choice: MatMulChoice;
  readonly #own: MatrixProduct;
  readonly #blas: AddingProduct | null;
  #scratch = { address: 0, floats: 0 };
  #part = { address: 0, floats: 0 };
  #numbers = { address: 0, floats: 0 };

  /**
   * @param own the project's own product, for matrices that are not small
   * @param blas the system's BLAS, which is worth its calls for smaller ones; `null` where there is none
   * @param choice which of the two is taken for each kind of product; by default BLAS where there is one
   * @param relaxed whether to use relaxed SIMD; by default where the engine has it
   */
  constructor(
    backend: WasmBackend,
    own: MatrixProduct,
    blas: AddingProduct | null = null,
    choice: MatMulChoice = alwaysBy(blas === null ? "wasm" : "blas"),
    relaxed: boolean = WebAssembly.validate(bytesOf(RELAXED)),
  ) {
    const module = new WebAssembly.Module(bytesOf(relaxed ? RELAXED : PLAIN));
    const env = { memory: backend.wasm.asm.memory };
    this.run = new WebAssembly.Instance(module, { env }).exports as unknown as FusedExports;
    this.backend = backend;
    this.choice = choice;
    this.#own = own;
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

  /** The values of a small tensor. */
  vector(tensor: tf.TensorInfo): number[] {
    return [...this.#values(tensor)];
  }

  /** Makes a tensor of one axis. */
  makeVector(values: readonly number[]): tf.TensorInfo {
    const tensor = this.make([values.length]);
    this.#values(tensor).set(values);
    return tensor;
  }

  /** The BLAS for narrow products of so many multiplications, if it is chosen and worth its calls. */
  narrowProduct(multiplications: number): AddingProduct | null {
    return multiplications > SMALL_FOR_BLAS ? this.#blasFor("narrow") : null;
  }

  /** Sets `floats` numbers to zero. */
  clear(address: number, floats: number): void {
    this.backend.wasm.HEAPU8.fill(0, address >>> 0, (address >>> 0) + 4 * floats);
  }

  /**
   * `count` products of matrices of one kind one after another, each c [m, n] = a [m, k] · b [k, n]; a side may be
   * stored transposed. Small ones, and those with a single row or column, are worth no call each; which
   * way is taken depends on the kind and the sizes alone.
   */
  products(
    kind: ProductKind,
    count: number,
    [m, n, k]: readonly [number, number, number],
    a: number,
    transposeA: boolean,
    b: number,
    transposeB: boolean,
    c: number,
  ): void {
    const blas = this.#blasFor(kind);
    const isThin = m === 1 || n === 1;
    if (isThin || m * n * k <= (blas === null ? SMALL : SMALL_FOR_BLAS)) {
      const scratch = transposeB && !isThin ? this.scratch(k * n) : 0;
      const [turnedA, turnedB] = [Number(transposeA), Number(transposeB)];
      this.run.smallProducts(count, m, n, k, a, turnedA, b, turnedB, c, scratch);
      return;
    }
    const product = blas ?? this.#own;
    for (let i = 0; i < count; i++) {
      const [aOfI, bOfI] = [a + 4 * m * k * i, b + 4 * k * n * i];
      product(m, n, k, aOfI, transposeA, bOfI, transposeB, c + 4 * m * n * i);
    }
  }

  #blasFor(kind: ProductKind): AddingProduct | null {
    return this.choice[kind] === "blas" ? this.#blas : null;
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
