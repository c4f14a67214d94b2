/**
 * Holm's correction: adjusts p-values so that any false rejection is as unlikely as in a single
 * test.
 *
 * Source: S. Holm, "A simple sequentially rejective multiple test procedure", 1979
 *
 * @param pValues in [0, 1]; null is a test that could not be done and stays null
 * @throws {RangeError} when one is out of range
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(holm([0.25, null, 0.125, 0.5]), [0.5, null, 0.375, 0.5]);
 * ```
 */
export function holm(pValues: readonly (number | null)[]): (number | null)[] {
  const tests = [...pValues.entries()].filter((test): test is [number, number] => test[1] !== null);
  for (const [i, p] of tests) {
    if (!(p >= 0 && p <= 1)) {
      throw new RangeError(`Cannot correct p-values as number ${i} must lie in [0, 1]: got ${p}`);
    }
  }
  const corrected = new Array<number | null>(pValues.length).fill(null);
  let largest = 0;
  tests.sort(([, a], [, b]) => a - b).forEach(([i, p], rank) => {
    largest = Math.max(largest, Math.min(1, p * (tests.length - rank)));
    corrected[i] = largest;
  });
  return corrected;
}
