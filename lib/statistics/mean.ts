/** Means of independent values, and of paired differences. */
import { mean } from "../util/vectors.ts";
import { checkFinite } from "./check_values.ts";
import { type Estimate, studentEstimate } from "./estimate.ts";

/** A mean of paired differences, with how many are above, at and below 0. */
export interface PairedEstimate extends Estimate {
  readonly n_above: number;
  readonly n_equal: number;
  readonly n_below: number;
}

/**
 * The standard deviation of a sample, with n − 1.
 *
 * @returns null when there are fewer than two values
 * @throws {RangeError} when a value is not finite
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(standardDeviation([1, 3, 5]), 2);
 * assert.equal(standardDeviation([3]), null);
 * ```
 */
export function standardDeviation(values: readonly number[]): number | null {
  checkFinite("Cannot take a standard deviation", values);
  if (values.length < 2) return null;
  const center = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - center) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}

/**
 * The mean of independent values with its Student-t interval, and the one-sample t-test of its being 0.
 *
 * @param level the interval's confidence, in (0, 1)
 * @returns neither interval nor p below three values, or when all are equal
 * @throws {RangeError} when a value is not finite, or the level is out of range
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const { n, estimate, df, low, high } = estimateMean([1, 2, 3]);
 * assert.deepEqual([n, estimate, df], [3, 2, 2]);
 * assert.ok(Math.abs(low! + 0.4841377118) < 1e-9 && Math.abs(high! - 4.4841377118) < 1e-9);
 * assert.equal(estimateMean([1, 3]).low, null);
 * assert.equal(estimateMean([3, 3, 3]).p, null);
 * ```
 */
export function estimateMean(values: readonly number[], level = 0.95): Estimate {
  checkFinite("Cannot estimate a mean", values);
  const n = values.length;
  const deviation = standardDeviation(values);
  return studentEstimate({
    n,
    estimate: n === 0 ? null : mean(values),
    standard_error: deviation === null ? null : deviation / Math.sqrt(n),
    df: n - 1,
  }, level);
}

/**
 * The mean of paired differences with its t-interval, t-test and sign counts.
 *
 * @param differences value less baseline, one per pair
 * @param level the interval's confidence, in (0, 1)
 * @throws {RangeError} when a difference is not finite, or the level is out of range
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const { estimate, n_above, n_equal, n_below } = estimatePaired([2, 0, 1]);
 * assert.deepEqual([estimate, n_above, n_equal, n_below], [1, 2, 1, 0]);
 * ```
 */
export function estimatePaired(differences: readonly number[], level = 0.95): PairedEstimate {
  return { ...estimateMean(differences, level), ...signsOf(differences) };
}

/** How many differences are above, at and below 0. */
export function signsOf(
  differences: readonly number[],
): Pick<PairedEstimate, "n_above" | "n_equal" | "n_below"> {
  return {
    n_above: differences.filter((difference) => difference > 0).length,
    n_equal: differences.filter((difference) => difference === 0).length,
    n_below: differences.filter((difference) => difference < 0).length,
  };
}
