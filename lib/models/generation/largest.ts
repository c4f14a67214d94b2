/**
 * Keeps the `size` largest of the numbers offered, largest first; among equal ones, the one offered
 * earlier comes first. One pass over the numbers, no sort.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const best = new Largest(2);
 * [0.5, 2, 1, 2].forEach((value, index) => best.offer(value, index));
 * assert.deepEqual([...best.values], [2, 2]);
 * assert.deepEqual([...best.indices], [1, 3]);
 * ```
 */
export class Largest {
  /** The numbers kept. */
  readonly values: Float32Array;
  /** What each of them was offered with. */
  readonly indices: Int32Array;
  #count = 0;

  /** @param size how many to keep; at least 1, and no more than will be offered */
  constructor(size: number) {
    this.values = new Float32Array(size);
    this.indices = new Int32Array(size);
  }

  /** Takes a number of single precision into account. */
  offer(value: number, index: number): void {
    const { values, indices } = this;
    const full = this.#count === values.length;
    if (full && value <= values[values.length - 1]!) return;
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (values[middle]! >= value) low = middle + 1;
      else high = middle;
    }
    values.copyWithin(low + 1, low, this.#count);
    indices.copyWithin(low + 1, low, this.#count);
    values[low] = value;
    indices[low] = index;
    if (!full) this.#count++;
  }
}
