import type { BufferPool } from "./buffer_pool.ts";
import { RecentMap } from "./recent_map.ts";

/** So many constants are kept at most, and so many numbers are remembered that may become one. */
const LIMIT = 4096;

/**
 * Buffers of single numbers that a program uses again and again, such as the 0.5 in `tf.mul(x, 0.5)`:
 * of the tensors that a training step uploads, these are nearly all.
 *
 * A number becomes a constant when it is uploaded before and after a read from the device. So a value
 * that belongs to one step, as a learning rate that is scheduled, does not.
 */
export class Constants {
  readonly #pool: BufferPool;
  readonly #buffers = new Map<string, GPUBuffer>();
  /** By number: how many reads there had been when it was first uploaded. */
  readonly #seen = new RecentMap<string, number>(LIMIT);
  #reads = 1;

  constructor(pool: BufferPool) {
    this.#pool = pool;
  }

  /** To be called at each read from the device. */
  read(): void {
    this.#reads++;
  }

  /** The buffer of a constant that `upload` fills the first time, or null for another number. */
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
