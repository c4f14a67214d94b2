/** Estimates on scales that end: shares in [0, 1], and losses and ratios above 0. */
import { checkLevel, checkPositive } from "./check_values.ts";
import { type Estimate } from "./estimate.ts";
import { estimateMean } from "./mean.ts";
import { normalQuantile } from "./normal.ts";

/**
 * The estimate of a mean of shares with an interval that cannot leave [0, 1]: Student's, on the scale of
 * log odds. There is no p-value, as no share is tested.
 *
 * Source: the delta method; see A. Agresti, "Categorical data analysis", 3rd edition, 2013, section 3.1
 *
 * @param estimate of {@linkcode estimateMean} or `estimateCrossed` for values in [0, 1]
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { estimateMean } from "./mean.ts";
 *
 * const plain = estimateMean([0, 0.25, 0, 0.125]);
 * const { estimate, low, high } = asShare(plain);
 * assert.ok(plain.low! < 0 && estimate === plain.estimate && 0 < low! && high! < 1);
 * ```
 */
export function asShare(estimate: Estimate): Estimate {
  const { estimate: share, high } = estimate;
  if (share === null || high === null) return { ...estimate, p: null };
  const half = (high - share) / (share * (1 - share));
  const odds = share / (1 - share);
  const shareOf = (odds: number) => odds / (1 + odds);
  return {
    ...estimate,
    low: shareOf(odds * Math.exp(-half)),
    high: 1 - shareOf(Math.exp(-half) / odds),
    p: null,
  };
}

/**
 * The mean of shares, one of each run, with an interval that cannot leave [0, 1]: {@linkcode asShare}
 * over three runs and more. One run alone has Wilson's interval if the number of its trials is given:
 * then the interval is about other trials of the same run, and says nothing of other runs.
 *
 * Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927
 *
 * @param shares in [0, 1]
 * @param options `n_trials` is the number of trials, such as test examples, that one run's share is of
 * @returns `n` is the number of runs, or of trials where there is one run with their number
 * @throws {RangeError} when a share, the level or the number of trials is out of range
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const { n, low, high } = estimateShare([0], { n_trials: 16 });
 * assert.equal(n, 16);
 * assert.ok(low === 0 && Math.abs(high! - 0.1936076) < 1e-7);
 * assert.equal(estimateShare([0.5, 0.25]).low, null);
 * ```
 */
export function estimateShare(
  shares: readonly number[],
  { level = 0.95, n_trials }: { readonly level?: number; readonly n_trials?: number } = {},
): Estimate {
  checkLevel(level);
  for (const share of shares) {
    if (!(share >= 0 && share <= 1)) {
      throw new RangeError(`Cannot estimate a share as shares must lie in [0, 1]: got ${share}`);
    }
  }
  if (shares.length !== 1 || n_trials === undefined) return asShare(estimateMean(shares, level));
  if (!Number.isSafeInteger(n_trials) || n_trials < 1) {
    throw new RangeError(
      `Cannot estimate a share as n_trials must be an integer of at least 1: got ${n_trials}`,
    );
  }
  const share = shares[0]!;
  const z = normalQuantile((1 + level) / 2);
  const shrink = 1 + z * z / n_trials;
  const center = (share + z * z / (2 * n_trials)) / shrink;
  const variance = share * (1 - share) / n_trials;
  const half = z * Math.sqrt(variance + (z / (2 * n_trials)) ** 2) / shrink;
  return {
    n: n_trials,
    estimate: share,
    standard_error: Math.sqrt(variance),
    df: null,
    low: share === 0 ? 0 : center - half,
    high: share === 1 ? 1 : center + half,
    p: null,
  };
}

/**
 * The estimate of a mean of values above 0, such as losses, with an interval that cannot reach 0:
 * Student's, on the scale of logarithms. There is no p-value, as no loss is tested.
 *
 * @param estimate of {@linkcode estimateMean} or `estimateCrossed` for values above 0
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { estimateMean } from "./mean.ts";
 *
 * const plain = estimateMean([0.1, 0.9, 0.2]);
 * const { estimate, low, high } = asPositive(plain);
 * assert.ok(plain.low! < 0 && 0 < low! && low! < estimate! && estimate! < high!);
 * ```
 */
export function asPositive(estimate: Estimate): Estimate {
  const { estimate: center, high } = estimate;
  if (center === null || high === null || center <= 0) return { ...estimate, p: null };
  const factor = Math.exp((high - center) / center);
  return { ...estimate, low: center / factor, high: center * factor, p: null };
}

/**
 * The estimate of a difference of logarithms as a ratio: estimate and interval are exponentials of what
 * they were, `standard_error` stays that of the logarithm, and p is that of a ratio of 1.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { estimateMean } from "./mean.ts";
 *
 * const { estimate, low, high, p } = asRatio(estimateMean([-0.1, 0, 0.1]));
 * assert.ok(estimate === 1 && p === 1 && Math.abs(low! * high! - 1) < 1e-15);
 * ```
 */
export function asRatio<E extends Estimate>(logs: E): E {
  const exp = (value: number | null) => value === null ? null : Math.exp(value);
  return { ...logs, estimate: exp(logs.estimate), low: exp(logs.low), high: exp(logs.high) };
}

/**
 * The ratio of paired values, such as the losses of two methods on the same seeds: the geometric mean of
 * `values` over `baseline`, with Student's interval and t-test on the scale of logarithms.
 *
 * @param values above 0
 * @param baseline above 0, one for each value
 * @param level the interval's confidence, in (0, 1)
 * @returns on the ratio's scale; see {@linkcode asRatio}
 * @throws {RangeError} when the lists differ in length, or a value is not above 0
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const { estimate, high } = estimateRatio([0.2, 0.3, 0.1], [0.4, 0.7, 0.2]);
 * assert.ok(0.4 < estimate! && estimate! < high! && high! < 1);
 * ```
 */
export function estimateRatio(
  values: readonly number[],
  baseline: readonly number[],
  level = 0.95,
): Estimate {
  return asRatio(estimateMean(logRatios(values, baseline), level));
}

/**
 * The logarithms of paired ratios, for tests on that scale.
 *
 * @throws {RangeError} when the lists differ in length, or a value is not above 0
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(logRatios([2, 3], [2, 1]), [0, Math.log(3)]);
 * ```
 */
export function logRatios(values: readonly number[], baseline: readonly number[]): number[] {
  const action = "Cannot take logarithms of ratios";
  if (values.length !== baseline.length) {
    throw new RangeError(
      `${action} as every value must have a partner: got ${values.length} and ${baseline.length}`,
    );
  }
  return values.map((value, i) => {
    checkPositive(action, `value ${i}`, value);
    checkPositive(action, `value ${i} of the baseline`, baseline[i]!);
    return Math.log(value / baseline[i]!);
  });
}
