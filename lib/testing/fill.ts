/**
 * Numbers in [−½, ½) from a congruential generator, the same as in Python, where the next state is
 * `(state * 1664525 + 1013904223) % 2**32` and its number is `(state >> 8) / 2**24 - 0.5`.
 *
 * @param index number of the sequence; its first state is the one after `index + 1`
 */
export function fill(index: number, size: number): Float32Array {
  let state = index + 1;
  return Float32Array.from({ length: size }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) / 2 ** 24 - 0.5;
  });
}
