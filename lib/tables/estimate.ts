/** Estimates of a metric over runs, and effects between two runs, on the scale that is declared for it. */
import { type Metric, metricNamed } from "../run/metrics/metric.ts";
import { type Estimate, LEAST_VALUES } from "../statistics/estimate.ts";
import { estimateMean } from "../statistics/mean.ts";
import { asPositive, asShare } from "../statistics/scales.ts";

/** The scale of a metric; a column that is not declared is compared by differences. */
export function scaleOf(metric: string): Metric["scale"] {
  return metricNamed(metric)?.scale ?? "plain";
}

/**
 * The mean of a metric over runs with its 95 % interval. The interval does not leave the metric's scale:
 * of losses and ratios it has positive ends, of proportions it is inside [0, 1], and of all others it is
 * Student's. So is that of values that the scale does not have, such as a loss of 0.
 *
 * @param values one for each run
 * @returns no interval below three values, or when all are equal
 * @throws {RangeError} when a value is not finite
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const { estimate, low } = estimateMetric("heldout_loss", [0.0008, 0.0001, 0.0015]);
 * assert.ok(Math.abs(estimate! - 0.0008) < 1e-12 && low! > 0);
 * const share = estimateMetric("heldout_exact_match", [0, 0.25, 0, 0.125]);
 * assert.ok(share.low! > 0 && share.high! < 1);
 * assert.equal(estimateMetric("heldout_loss", [0.01, 0.1]).low, null);
 * ```
 */
export function estimateMetric(metric: string, values: readonly number[]): Estimate {
  const estimate = estimateMean(values);
  const scale = scaleOf(metric);
  if (scale === "log" && values.every((value) => value > 0)) return asPositive(estimate);
  const isShare = scale === "share" && values.every((value) => value >= 0 && value <= 1);
  return isShare ? asShare(estimate) : estimate;
}

/** How two values of a metric are compared. */
export interface Effect {
  /** The name of the column: a difference, or a ratio where the scale is logarithmic. */
  readonly column: "difference" | "ratio";
  /** The effect on the scale that means are taken on, 0 for equal values; null where there is none. */
  of(value: number, baseline: number): number | null;
  /** A number on that scale as it is shown. */
  shown(effect: number | null): number | null;
  /** The smallest effect of interest on that scale, above 0, from the margin of a sweep. */
  least(margin: number): number;
}

/**
 * How values of a metric are compared: losses by their ratio, all others by their difference, and a
 * difference of proportions is at most 1.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const { column, of, shown } = effectOn("seen_loss");
 * assert.deepEqual([column, shown(of(1, 4))], ["ratio", 0.25]);
 * assert.equal(effectOn("seen_exact_match").of(0.75, 0.5), 0.25);
 * ```
 */
export function effectOn(metric: string): Effect {
  const scale = scaleOf(metric);
  if (scale === "log") {
    return {
      column: "ratio",
      of: (value, baseline) => value > 0 && baseline > 0 ? Math.log(value / baseline) : null,
      shown: (effect) => effect === null ? null : Math.exp(effect),
      least: (margin) => Math.log1p(margin),
    };
  }
  const most = scale === "share" ? 1 : Infinity;
  return {
    column: "difference",
    of: (value, baseline) => value - baseline,
    shown: (effect) => effect === null ? null : Math.max(-most, Math.min(most, effect)),
    least: (margin) => margin,
  };
}

/**
 * A number as a table shows it: of fewer than three runs two digits, as more would look like a ranking.
 *
 * @param n how many independent values it comes from
 */
export function shownEstimate(value: number | null, n: number): number | null {
  return value === null || n >= LEAST_VALUES ? value : Number(value.toPrecision(2));
}
