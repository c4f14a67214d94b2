/**
 * The gradient of `f` at `at` by central differences: an oracle that shares no code with the
 * gradients under test. `f` computes in plain loops, so 64-bit numbers leave about nine correct
 * digits.
 */
export function finiteDifferences(
  f: (values: Float64Array) => number,
  at: ArrayLike<number>,
  step = 1e-5,
): Float64Array {
  return Float64Array.from(at, (_, i) => {
    const [above, below] = [Float64Array.from(at), Float64Array.from(at)];
    above[i]! += step;
    below[i]! -= step;
    return (f(above) - f(below)) / (2 * step);
  });
}
