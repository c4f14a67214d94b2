/** What all estimates share: an interval and a p-value of one method, Student's. */
import { checkLevel } from "./check_values.ts";
import { studentCdf, studentQuantile } from "./student.ts";

/** The fewest independent values that make an interval: two leave a t quantile of 12.7 at 95 %. */
export const LEAST_VALUES = 3;

/**
 * An estimate with its interval and the two-sided p-value of its being 0 (of a ratio being 1), both by
 * one method, so that p is below 5 % just when the 95 % interval leaves the tested value out.
 *
 * Below three independent values there is an estimate alone. When all values are equal, to rounding, the
 * standard error is 0, and interval and p are null: coarse scores are often equal, and a test without
 * spread would call that certain.
 */
export interface Estimate {
  /** Number of independent values. */
  readonly n: number;
  /** Null when there is no value. */
  readonly estimate: number | null;
  /** Standard error of the estimate, at least 0; null below three independent values. */
  readonly standard_error: number | null;
  /** Degrees of freedom of Student's t, whole or not. */
  readonly df: number | null;
  /** Lower end of the interval. */
  readonly low: number | null;
  /** Upper end of the interval. */
  readonly high: number | null;
  /** Two-sided p-value, from 0 to 1. */
  readonly p: number | null;
}

/**
 * An estimate whose error is Student's t by its standard error.
 *
 * @param level the interval's confidence, in (0, 1)
 * @throws {RangeError} when the level is out of range
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const { low, high, p } = studentEstimate({ n: 3, estimate: 2, standard_error: 1, df: 2 });
 * assert.ok(Math.abs(low! + 2.302652729749) < 1e-11 && Math.abs(high! - 6.302652729749) < 1e-11);
 * assert.ok(Math.abs(p! - 0.1835034190722738) < 1e-13);
 * ```
 */
export function studentEstimate(
  { n, estimate, standard_error, df }: Pick<Estimate, "n" | "estimate" | "standard_error" | "df">,
  level = 0.95,
): Estimate {
  checkLevel(level);
  if (estimate === null || standard_error === null || df === null || n < LEAST_VALUES) {
    return { n, estimate, standard_error: null, df: null, low: null, high: null, p: null };
  }
  // An error no larger than what rounding makes counts as none.
  if (standard_error <= 1e-12 * Math.abs(estimate)) {
    return { n, estimate, standard_error: 0, df, low: null, high: null, p: null };
  }
  const half = studentQuantile((1 + level) / 2, df) * standard_error;
  // Twice a half may round to more than 1.
  const p = Math.min(1, 2 * studentCdf(-Math.abs(estimate) / standard_error, df));
  return { n, estimate, standard_error, df, low: estimate - half, high: estimate + half, p };
}

/**
 * The same estimate with the interval of another confidence, such as what a correction for several tests
 * or a look before the end leaves. It is for estimates of this scale, not for those of ratios or shares.
 *
 * @param level in (0, 1)
 * @throws {RangeError} when the level is out of range
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const wide = studentEstimate({ n: 9, estimate: 2, standard_error: 1, df: 8 });
 * const narrow = atLevel(wide, 0.9);
 * assert.ok(wide.low! < narrow.low! && narrow.high! < wide.high! && narrow.p === wide.p);
 * ```
 */
export function atLevel(estimate: Estimate, level: number): Estimate {
  return { ...estimate, ...studentEstimate(estimate, level) };
}
