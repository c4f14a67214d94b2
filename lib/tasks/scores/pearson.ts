/**
 * Pearson's correlation of two lists of numbers, in [−1, 1]. NaN when either is constant, has fewer than
 * two numbers or one that is not finite: a correlation is not defined there.
 *
 * Source: scipy, `stats.pearsonr`.
 *
 * @throws {RangeError} when the lists differ in length
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.ok(Math.abs(pearson([1, 2, 3], [60, 40, 20]) + 1) < 1e-12);
 * assert.ok(Number.isNaN(pearson([1, 2, 3], [5, 5, 5])));
 * ```
 */
export function pearson(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) {
    throw new RangeError(
      `Cannot compute Pearson's correlation as lists must be equally long: ` +
        `got ${a.length} and ${b.length}`,
    );
  }
  if (a.length < 2) return NaN;
  const [x, y] = [direction(a), direction(b)];
  const sum = x.reduce((sum, value, i) => sum + value * y[i]!, 0);
  return Math.max(-1, Math.min(1, sum)); // NaN stays NaN
}

/** The deviations from the mean, as a vector of length 1; NaN where there is no deviation. */
function direction(values: readonly number[]): number[] {
  if (values.every((value) => value === values[0])) return values.map(() => NaN);
  const center = values.reduce((sum, value) => sum + value, 0) / values.length;
  const deviations = values.map((value) => value - center);
  const largest = Math.max(...deviations.map(Math.abs)); // so that no square overflows
  const norm = largest * Math.sqrt(deviations.reduce((sum, d) => sum + (d / largest) ** 2, 0));
  return deviations.map((deviation) => deviation / norm);
}

/**
 * The number that an answer is, in decimal digits; NaN where it is none.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(numberIn(" -2.5 "), -2.5);
 * assert.ok(Number.isNaN(numberIn("about 2")) && Number.isNaN(numberIn("")));
 * ```
 */
export function numberIn(text: string): number {
  const number = text.trim();
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(number) ? Number(number) : NaN;
}
