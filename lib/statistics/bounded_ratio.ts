/** Paired ratios of which some are known only to lie beyond a bound. */
import { type Estimate, LEAST_VALUES } from "./estimate.ts";
import { estimateMean } from "./mean.ts";
import { asRatio } from "./scales.ts";
import { mean } from "../util/vectors.ts";

/** What is known of the logarithm of one pair's ratio: the number itself when both ends are equal. */
export interface LogBounds {
  /** −∞ when nothing bounds it from below. */
  readonly low: number;
  /** ∞ when nothing bounds it from above. */
  readonly high: number;
}

/** A ratio of pairs, some of which may be bounds alone. */
export interface BoundedRatio {
  /**
   * `"t"` where all ratios are known: Student's, on the scale of logarithms. `"sign"` otherwise: p is of
   * the exact sign test, and the interval, which inverts it, is about the median.
   */
  readonly method: "t" | "sign";
  /** The logarithm of the ratio; 0 is no difference. Ends of its interval may be infinite. */
  readonly log: Estimate;
  /** The same as a ratio; 1 is no difference. Without an estimate where a ratio is not known. */
  readonly ratio: Estimate;
  /** Pairs whose ratio is surely above 1, surely below 1, and neither. */
  readonly n_above: number;
  readonly n_below: number;
  readonly n_open: number;
  /** What the geometric mean of the ratios must at least be; null when nothing bounds it. */
  readonly at_least: number | null;
  /** What it can at most be. */
  readonly at_most: number | null;
}

/**
 * Estimates the ratio of pairs from what is known of each.
 *
 * Where all are known it is the geometric mean with Student's interval. Where some are bounds there is no
 * estimate, but bounds of it, and the sign test, which asks only on which side of 1 each pair lies; pairs
 * of which that is not known count against every finding. Its interval is from the k-th lowest of the lower
 * ends to the k-th highest of the upper ends.
 *
 * Source: W. J. Conover, "Practical nonparametric statistics", 3rd edition, 1999, sections 3.2 and 3.4
 *
 * @param level the interval's confidence, in (0, 1)
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const known = [0.1, 0.3, 0.2].map((log) => ({ low: log, high: log }));
 * assert.equal(estimateBoundedRatio(known).method, "t");
 * const { method, n_above, at_least, at_most } = estimateBoundedRatio([
 *   ...known,
 *   { low: 0.6, high: Infinity },
 * ]);
 * assert.deepEqual([method, n_above, at_most], ["sign", 4, null]);
 * assert.ok(Math.abs(at_least! - Math.exp(0.3)) < 1e-15);
 * ```
 */
export function estimateBoundedRatio(pairs: readonly LogBounds[], level = 0.95): BoundedRatio {
  const n = pairs.length;
  const n_above = pairs.filter(({ low }) => low > 0).length;
  const n_below = pairs.filter(({ high }) => high < 0).length;
  const [lows, highs] = [pairs.map(({ low }) => low), pairs.map(({ high }) => high)];
  const counts = { n_above, n_below, n_open: n - n_above - n_below };
  const known = pairs.every(({ low, high }) => low === high && Number.isFinite(low));
  const log = known ? estimateMean(lows, level) : signEstimate(lows, highs, counts, level);
  return {
    method: known ? "t" : "sign",
    log,
    ratio: asRatio(log),
    ...counts,
    at_least: ratioOrNull(mean(lows)),
    at_most: ratioOrNull(mean(highs)),
  };
}

function signEstimate(
  lows: readonly number[],
  highs: readonly number[],
  { n_above, n_below }: { readonly n_above: number; readonly n_below: number },
  level: number,
): Estimate {
  const n = lows.length;
  const nothing = { n, estimate: null, standard_error: null, df: null };
  // The k-th lowest of n values is below the median unless fewer than k of them are, which has a
  // binomial chance.
  let k = 0;
  while (2 * halfBinomialCdf(k, n) <= 1 - level) k++;
  const p = Math.min(1, 2 * halfBinomialCdf(n - Math.max(n_above, n_below), n));
  if (n < LEAST_VALUES) return { ...nothing, low: null, high: null, p: null };
  if (k === 0) return { ...nothing, low: null, high: null, p };
  const ascending = (values: readonly number[]) => [...values].sort((a, b) => a - b);
  return { ...nothing, low: ascending(lows)[k - 1]!, high: ascending(highs)[n - k]!, p };
}

/** The chance of at most `k` heads among `n` throws. */
function halfBinomialCdf(k: number, n: number): number {
  let [term, sum] = [0.5 ** n, 0];
  for (let i = 0; i <= k; i++) {
    sum += term;
    term *= (n - i) / (i + 1);
  }
  return sum;
}

function ratioOrNull(log: number): number | null {
  return Number.isFinite(log) ? Math.exp(log) : null;
}
