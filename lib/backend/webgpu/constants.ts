import type { BufferPool } from "./buffer_pool.ts";
import { RecentMap } from "./recent_map.ts";

/** Largest number of constants, and of recent values that may become constants. */
const LIMIT = 4096;

/**
 * Buffers of single numbers that a program uses again and again, such as the 0.5 in `tf.mul(x,
 * 0.5)`. They are nearly all of the tensors that a training step uploads.
 *
 * A number becomes a constant when it is uploaded both before and after a read from the device. So
 * a value that belongs to one step, such as a scheduled learning rate, does not.
 */
export class Constants {
  readonly #pool: BufferPool;
  readonly #buffers = new Map<string, GPUBuffer>();
  /** Number of reads before each number was first uploaded, by that number. */
  readonly #seen = new RecentMap<string, number>(LIMIT);
  #reads = 1;

  constructor(pool: BufferPool) {
    this.#pool = pool;
  }

  /** Counts a read from the device; call it at each. */
  read(): void {
    this.#reads++;
  }

  /**
   * The buffer of a constant, which `upload` fills the first time; null for a number that is no
   * constant.
   */
  get(dtype: string, value: number, upload: () => GPUBuffer): GPUBuffer | null {
    const key = Object.is(value, -0) ? `${dtype} -0` : `${dtype} ${value}`;
    let buffer = this.#buffers.get(key);
    if (buffer !== undefined) return buffer;
    const seen = this.#seen.get(key);
    if (seen === undefined) this.#seen.set(key, this.#reads);
    if (seen === undefined || seen === this.#reads || this.#buffers.size >= LIMIT) return null;
    buffer = upload();
    this.#pool.keep(buffer);
    this.#buffers.set(key, buffer);
    return buffer;
  }
}
