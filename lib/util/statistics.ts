/**
 * Estimates with intervals, tests and their correction. Values must be finite; results that too few
 * values cannot give are null.
 */
import jstat from "jstat";
import { mean } from "./vectors.ts";

/** A mean with its confidence interval. Parts that too few values cannot give are null. */
export interface Estimate {
  /** Null when there is no value. */
  readonly mean: number | null;
  /** Null when there are fewer than two values. */
  readonly low: number | null;
  readonly high: number | null;
  /** Number of values. */
  readonly n: number;
}

/** Differences to a baseline, value by value. */
export interface PairedEstimate extends Estimate {
  /** Pairs in which the difference is above, at and below 0. */
  readonly n_above: number;
  readonly n_equal: number;
  readonly n_below: number;
  /**
   * Two-sided p-value of the paired t-test that the mean is 0. It is null with fewer than two
   * pairs, and when all differ by the same: coarse scores often do, and a t-test without spread
   * would call that certain.
   */
  readonly p: number | null;
}

/**
 * The standard deviation of a sample, with n − 1.
 *
 * @returns null when there are fewer than two values
 * @throws {RangeError} when a value is not finite
 */
export function standardDeviation(values: readonly number[]): number | null {
  checkFinite("Cannot take a standard deviation", values);
  if (values.length < 2) return null;
  const center = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - center) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}

/**
 * The mean of independent values with its Student-t interval.
 *
 * @param level the interval's confidence, in (0, 1)
 * @throws {RangeError} when a value is not finite, or the level is out of range
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(estimateMean([]), { mean: null, low: null, high: null, n: 0 });
 * assert.deepEqual(estimateMean([3]), { mean: 3, low: null, high: null, n: 1 });
 * const { low, high } = estimateMean([1, 2, 3]);
 * assert.ok(Math.abs(low! + 0.4841377) < 1e-6 && Math.abs(high! - 4.4841377) < 1e-6);
 * ```
 */
export function estimateMean(values: readonly number[], level = 0.95): Estimate {
  checkFinite("Cannot estimate a mean", values);
  checkLevel(level);
  const n = values.length;
  if (n === 0) return { mean: null, low: null, high: null, n };
  const center = mean(values);
  const deviation = standardDeviation(values);
  if (deviation === null) return { mean: center, low: null, high: null, n };
  const half = jstat.studentt.inv((1 + level) / 2, n - 1) * deviation / Math.sqrt(n);
  return { mean: center, low: center - half, high: center + half, n };
}

/**
 * The mean of paired differences with its t-interval, t-test and sign counts.
 *
 * @param differences value less baseline, one per pair
 * @throws {RangeError} when a difference is not finite
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const { mean, n_above, n_equal, n_below } = estimatePaired([2, 0, 1]);
 * assert.deepEqual([mean, n_above, n_equal, n_below], [1, 2, 1, 0]);
 * ```
 */
export function estimatePaired(differences: readonly number[]): PairedEstimate {
  const estimate = estimateMean(differences);
  return {
    ...estimate,
    n_above: differences.filter((difference) => difference > 0).length,
    n_equal: differences.filter((difference) => difference === 0).length,
    n_below: differences.filter((difference) => difference < 0).length,
    p: tTest(estimate.mean, standardDeviation(differences), estimate.n),
  };
}

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

/**
 * Throws unless `level` is a confidence level.
 * @throws {RangeError} when it is not in (0, 1)
 */
export function checkLevel(level: number): void {
  if (!(level > 0 && level < 1)) {
    throw new RangeError(`Cannot make an interval as its level must lie in (0, 1): got ${level}`);
  }
}

/**
 * Throws unless every value is finite.
 * @throws {RangeError} naming the first that is not
 */
export function checkFinite(action: string, values: readonly number[]): void {
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at >= 0) {
    throw new RangeError(`${action} as values must be finite: number ${at} is ${values[at]}`);
  }
}

function tTest(center: number | null, deviation: number | null, n: number): number | null {
  if (center === null || deviation === null) return null;
  // A spread no larger than rounding errors counts as none.
  if (deviation <= 1e-12 * Math.abs(center)) return center === 0 ? 1 : null;
  return 2 * jstat.studentt.cdf(-Math.abs(center) * Math.sqrt(n) / deviation, n - 1);
}
