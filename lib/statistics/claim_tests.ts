/**
 * Tests that claims ask for. Each returns on which side of which bound the interval lies, as data: what
 * that means for a claim is decided by whoever declared it.
 */
import { atLevel, type Estimate } from "./estimate.ts";
import { studentCdf } from "./student.ts";

/** Where an interval lies from a bound; null when there is no interval. */
export type Side = "above" | "below" | "across" | null;

/** Whether a difference is above 0, and reaches a margin. */
export interface SuperiorityOutcome {
  readonly low: number | null;
  readonly high: number | null;
  /** The two-sided p-value of no difference. */
  readonly p: number | null;
  readonly of_zero: Side;
  /** `"below"` says that an effect as large as the margin is excluded. */
  readonly of_margin: Side;
}

/** Whether a difference is above a loss that would be tolerated. */
export interface NonInferiorityOutcome {
  readonly low: number | null;
  readonly high: number | null;
  /** The one-sided p-value of a difference of −margin or less. */
  readonly p: number | null;
  /** The interval from −margin. */
  readonly of_margin: Side;
}

/** Whether a difference is so close to 0 that it does not matter. */
export interface EquivalenceOutcome {
  /** The interval of level 1 − 2α. */
  readonly low: number | null;
  readonly high: number | null;
  /** The larger of the p-values of the two one-sided tests. */
  readonly p: number | null;
  /** The interval from −margin: `"above"` and `of_upper: "below"` together are equivalence. */
  readonly of_lower: Side;
  /** The interval from +margin. */
  readonly of_upper: Side;
}

/**
 * Where an interval lies from a bound.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(sideOf({ low: 0.1, high: 0.3 }, 0), "above");
 * assert.equal(sideOf({ low: -0.1, high: 0.3 }, 0), "across");
 * assert.equal(sideOf({ low: null, high: null }, 0), null);
 * ```
 */
export function sideOf(
  { low, high }: { readonly low: number | null; readonly high: number | null },
  bound: number,
): Side {
  if (low === null || high === null) return null;
  return low > bound ? "above" : high < bound ? "below" : "across";
}

/**
 * Whether a difference is above 0, and whether it reaches the smallest effect of interest.
 *
 * @param estimate of the difference, larger being better; its interval has the level to decide by
 * @param margin the smallest effect of interest, above 0
 * @throws {RangeError} when the margin is not above 0
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { estimateMean } from "./mean.ts";
 *
 * const { of_zero, of_margin } = superiority(estimateMean([0.2, 0.3, 0.25, 0.15]), 0.5);
 * assert.deepEqual([of_zero, of_margin], ["above", "below"]);
 * ```
 */
export function superiority(estimate: Estimate, margin: number): SuperiorityOutcome {
  checkMargin(margin);
  const { low, high, p } = estimate;
  return { low, high, p, of_zero: sideOf(estimate, 0), of_margin: sideOf(estimate, margin) };
}

/**
 * Whether a difference is above −margin.
 *
 * @param estimate of the difference, larger being better; a 95 % interval makes it a test of one-sided
 * level 2.5 %
 * @param margin the loss that would be tolerated, above 0
 * @throws {RangeError} when the margin is not above 0
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { estimateMean } from "./mean.ts";
 *
 * const estimate = estimateMean([-0.01, 0.02, 0, 0.01]);
 * assert.equal(nonInferiority(estimate, 0.05).of_margin, "above");
 * ```
 */
export function nonInferiority(estimate: Estimate, margin: number): NonInferiorityOutcome {
  checkMargin(margin);
  const { low, high } = estimate;
  return {
    low,
    high,
    p: oneSided(estimate, -margin),
    of_margin: sideOf(estimate, -margin),
  };
}

/**
 * Whether a difference lies within ±margin: two one-sided tests of level α, which is to ask whether the
 * interval of level 1 − 2α lies inside.
 *
 * Source: D. J. Schuirmann, "A comparison of the two one-sided tests procedure and the power approach for
 * assessing the equivalence of average bioavailability", 1987
 *
 * @param estimate of the difference, by Student's t
 * @param margin the largest difference that does not matter, above 0
 * @param alpha level of each of the two tests, in (0, ½)
 * @throws {RangeError} when the margin or α is out of range
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { estimateMean } from "./mean.ts";
 *
 * const estimate = estimateMean([-0.01, 0.02, 0, 0.01]);
 * const { of_lower, of_upper } = equivalence(estimate, 0.05);
 * assert.deepEqual([of_lower, of_upper], ["above", "below"]);
 * ```
 */
export function equivalence(estimate: Estimate, margin: number, alpha = 0.05): EquivalenceOutcome {
  checkMargin(margin);
  if (!(alpha > 0 && alpha < 0.5)) {
    throw new RangeError(`Cannot test equivalence as alpha must lie in (0, 0.5): got ${alpha}`);
  }
  const interval = atLevel(estimate, 1 - 2 * alpha);
  const lower = oneSided(estimate, -margin);
  const upper = oneSided(estimate, margin);
  return {
    low: interval.low,
    high: interval.high,
    p: lower === null || upper === null ? null : Math.max(lower, 1 - upper),
    of_lower: sideOf(interval, -margin),
    of_upper: sideOf(interval, margin),
  };
}

/** The p-value of the difference being at most `bound`; null without a spread to test by. */
function oneSided({ estimate, standard_error, df }: Estimate, bound: number): number | null {
  if (estimate === null || standard_error === null || df === null || standard_error === 0) {
    return null;
  }
  return studentCdf((bound - estimate) / standard_error, df);
}

function checkMargin(margin: number): void {
  if (!(margin > 0 && margin < Infinity)) {
    throw new RangeError(`Cannot test by a margin as it must be above 0: got ${margin}`);
  }
}
