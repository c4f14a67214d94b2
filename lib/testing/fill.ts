/**
 * Numbers in [−½, ½) from a congruential generator, the same in Python, where a state follows from the
 * last by `(state * 1664525 + 1013904223) % 2**32` and gives `(state >> 8) / 2**24 - 0.5`.
 *
 * @param index which sequence; the first state follows from `index + 1`
 */
export function fill(index: number, size: number): Float32Array {
  let state = index + 1;
  return Float32Array.from({ length: size }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) / 2 ** 24 - 0.5;
  });
}
