import { metricNamed } from "../run/metrics/metric.ts";
import { type Crossing, crossingOf } from "../statistics/crossing.ts";
import { type Estimate } from "../statistics/estimate.ts";
import { estimateMean } from "../statistics/mean.ts";
import { randomStream } from "../util/random.ts";
import { groupBySettings } from "./groups.ts";
import { hasSettings } from "./rows/cell.ts";
import type { ColumnTable, Row } from "./table.ts";

/** What is compared along an axis. */
export interface CrossingOptions {
  /** A metric on a logarithmic scale, such as a loss. */
  readonly metric: string;
  /** The setting along the axis, with positive numbers. */
  readonly x: string;
  /** Settings of the runs that are judged. */
  readonly of: Row;
  /** Settings of the runs that they are compared with, seed by seed. */
  readonly to: Row;
  /** Settings that tell the lines apart. */
  readonly by: readonly string[];
}

/** The ratio of a metric between two ways along an axis, and where it crosses 1. */
export interface RatioLine {
  /** The settings of the line. */
  readonly settings: Row;
  /** The ratio at each place; below 1 the judged runs have the lower value. */
  readonly points: readonly { readonly x: number; readonly logRatio: Estimate }[];
  /** Where the ratio rises above 1; null where fewer than three seeds are whole. */
  readonly crossing: Crossing | null;
}

/**
 * The ratio of a loss between two ways of training, along a setting, by pairs of the same seed; and where
 * it rises above 1 along it, that is, up to where the judged way has the lower loss.
 *
 * @param runs one row for each run
 * @throws {RangeError} when the metric is not on a logarithmic scale
 */
export function ratioLines(runs: ColumnTable, options: CrossingOptions): RatioLine[] {
  const { metric, x, of, to, by } = options;
  if (metricNamed(metric)?.scale !== "log") {
    throw new RangeError(`Cannot take ratios of ${metric} as it is not on a logarithmic scale`);
  }
  return groupBySettings(runs, by).map(({ settings, rows }) => {
    const valueAt = (way: Row, place: number, seed: unknown): number | null => {
      const run = rows.find((row) =>
        row[x] === place && row.seed === seed && row.status === "done" && hasSettings(row, way)
      );
      const value = run?.[metric];
      return typeof value === "number" && value > 0 ? Math.log(value) : null;
    };
    const places = [...new Set(rows.map((row) => row[x]))].filter((place) =>
      typeof place === "number"
    ).sort((a, b) => a - b);
    const seeds = [...new Set(rows.map(({ seed }) => seed))];
    const differences = seeds.map((seed) =>
      places.map((place) => {
        const [own, other] = [valueAt(of, place, seed), valueAt(to, place, seed)];
        return own === null || other === null ? null : own - other;
      })
    );
    const whole = differences.filter((row) => row.every((value) => value !== null)) as number[][];
    const stream = randomStream(0, `crossing/${JSON.stringify(settings)}`);
    return {
      settings,
      points: places.map((place, i) => ({
        x: place,
        logRatio: estimateMean(differences.map((row) => row[i]!).filter((value) => value !== null)),
      })),
      crossing: whole.length < 3 || places.length < 2
        ? null
        : crossingOf(places, whole.map((row) => row.map((value) => -value)), { stream }),
    };
  });
}
