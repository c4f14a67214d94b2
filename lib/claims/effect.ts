import type { RunConfig } from "../run/config.ts";
import { metricNamed } from "../run/metrics/metric.ts";
import type { RunResult } from "../run/result.ts";
import { contrastValues } from "../statistics/contrast.ts";
import { mean } from "../util/vectors.ts";
import type { ClaimMeasure, ClaimSide } from "./claims_file.ts";
import type { Pool } from "./pool.ts";

/** A side of a claim with the settings that it runs with; their seed means nothing. */
export interface TunedSide {
  readonly side: ClaimSide;
  readonly cell: RunConfig;
}

/** How a claim is measured on one suite. */
export interface Measured {
  /** The metric of sides that name none. */
  readonly metric: string;
  readonly measure: ClaimMeasure;
}

/** The effect of a claim in each seed. */
export interface SeedEffects {
  /** One value for each seed in which every side has one, in the order of the seeds. */
  readonly values: readonly number[];
  /** Seeds that have no effect, and why. */
  readonly dropped: readonly { readonly seed: number; readonly why: string }[];
}

/**
 * The effect of a claim in each seed: the sum of its sides, each turned so that more is better and taken
 * on the scale of its metric, times its weight. On the logarithmic scale of losses a difference is the
 * logarithm of a ratio.
 *
 * A seed has no effect where a run of it diverged or stalled, or has no such metric. A run that never
 * reaches the threshold of `steps_to_loss` counts with its last step where that makes the effect smaller,
 * which its true value would not; where it would make it larger the seed has no effect.
 *
 * @param sides whose runs are all in the pool
 */
export function effectsOf(
  sides: readonly TunedSide[],
  { metric, measure }: Measured,
  seeds: readonly number[],
  pool: Pool,
): SeedEffects {
  const whole: number[][] = [];
  const dropped: { seed: number; why: string }[] = [];
  for (const seed of seeds) {
    const found = sides.map(({ side, cell }) => {
      const result = pool.resultOf({ ...cell, seed });
      if (result === null) {
        throw new RangeError(
          `Cannot judge a claim as side ${side.name} has no run of seed ${seed}`,
        );
      }
      const value = result.status === "done"
        ? valueOf(result, side.metric ?? metric, measure, side.weight, pool)
        : null;
      const why = result.status === "done" ? "has no value" : result.status;
      return { value, why: `${side.name} ${why}` };
    });
    const lacking = found.find(({ value }) => value === null);
    if (lacking === undefined) whole.push(found.map(({ value }) => value!));
    else dropped.push({ seed, why: lacking.why });
  }
  return { values: contrastValues(whole, sides.map(({ side }) => side.weight)), dropped };
}

/** What a run counts with: more is better. */
function valueOf(
  result: RunResult,
  metric: string,
  measure: ClaimMeasure,
  weight: number,
  pool: Pool,
): number | null {
  switch (measure.kind) {
    case "metric":
      return oriented(metric, result.metrics[metric] ?? null);
    case "steps_to_loss": {
      const rows = pool.logOf(result).filter(({ phase }) => phase === "validation");
      const unit = measure.of_base ? result.metrics.base_heldout_loss ?? null : 1;
      if (unit === null) return null;
      const threshold = measure.threshold * unit;
      const reached = rows.find(({ loss }) => typeof loss === "number" && loss <= threshold);
      const step = (reached ?? rows.at(-1))?.step;
      // The true time of a run that ends too early is longer: that only helps a side that is subtracted.
      if (typeof step !== "number" || (reached === undefined && weight > 0)) return null;
      return -Math.log(step);
    }
    case "spread_over_draws":
      return spreadOverDraws(result, metric);
  }
}

/** A metric on its declared scale, turned so that more is better where it has a direction. */
function oriented(metric: string, value: number | null): number | null {
  const declared = metricNamed(metric);
  if (declared === undefined) throw new RangeError(`Cannot judge by ${metric}: no such metric`);
  if (value === null) return null;
  if (declared.scale === "log" && !(value > 0)) return null;
  const scaled = declared.scale === "log" ? Math.log(value) : value;
  return declared.better === "lower" ? -scaled : scaled;
}

/**
 * Minus the logarithm of the standard deviation of a held-out task's metric over draws of its examples, as
 * the root of the mean variance over tasks; null where a task has one draw, or none varies.
 */
function spreadOverDraws({ tasks }: RunResult, metric: string): number | null {
  const name = metric.replace(/^heldout_/, "");
  const byTask = Map.groupBy(tasks.filter(({ phase }) => phase === "heldout"), ({ task }) => task);
  const variances = [...byTask.values()].map((draws) => {
    const values = draws.map(({ metrics }) => oriented(name, metrics[name] ?? null));
    if (values.length < 2 || values.includes(null)) return null;
    const center = mean(values as number[]);
    return (values as number[]).reduce((sum, value) => sum + (value - center) ** 2, 0) /
      (values.length - 1);
  });
  if (variances.length === 0 || variances.includes(null)) return null;
  const variance = mean(variances as number[]);
  return variance > 0 ? -0.5 * Math.log(variance) : null;
}
