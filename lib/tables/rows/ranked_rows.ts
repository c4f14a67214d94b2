/** The work of `leaderboard` on plain rows, which the script of the report's page does too. */
import { LEAST_VALUES } from "../../statistics/estimate.ts";
import { mean } from "../../util/vectors.ts";
import { bestFirst, directionOf } from "../direction.ts";
import { shownEstimate } from "../estimate.ts";
import { columnsIn, measureGroups, numbersOf, type Runs } from "../groups.ts";
import type { Row } from "../table.ts";

/** Metrics that are numbers of parameters; tables of runs and of tasks both have them. */
export const PARAMETER_COLUMNS: readonly string[] = [
  "parameters_multitask",
  "parameters_adaptation",
];

/** Settings of {@linkcode rankedRows}. */
export interface RankedRowsOptions {
  readonly metric: string;
  readonly groupBy: readonly string[];
  readonly higherIsBetter?: boolean;
}

/**
 * One row for each group of settings, best first, as `leaderboard` has them.
 *
 * @throws what `leaderboard` throws
 */
export function rankedRows(
  runs: Runs,
  { metric, groupBy, higherIsBetter }: RankedRowsOptions,
): Row[] {
  const sizes = PARAMETER_COLUMNS.filter((name) => columnsIn(runs).includes(name));
  const direction = directionOf(metric, higherIsBetter);
  const groups = bestFirst(
    measureGroups(runs, metric, groupBy),
    ({ estimate }) => [estimate.estimate, estimate.n],
    direction,
  );
  return groups.map(({ settings, rows, estimate }) => {
    const count = (status: string) => rows.filter((row) => row.status === status).length;
    return {
      ...settings,
      mean: shownEstimate(estimate.estimate, estimate.n),
      low: estimate.low,
      high: estimate.high,
      n_done: count("done"),
      n_planned: rows.length,
      n_diverged: count("diverged"),
      n_stalled: count("stalled"),
      n_failed: count("failed"),
      ...Object.fromEntries(sizes.map((name) => [name, meanOf(numbersOf(rows, name))])),
    };
  });
}

/**
 * Whether the first of {@linkcode rankedRows} is the best: it is ranked, one end of the metric is better, and
 * there is another row.
 */
export function hasBest(rows: readonly Row[], metric: string): boolean {
  const [first] = rows;
  return directionOf(metric) !== null && rows.length > 1 && typeof first!.mean === "number" &&
    Number(first!.n_done) >= LEAST_VALUES;
}

/** What became of the runs of a row that are in no mean, such as `1 failed, 2 left`; empty for none. */
export function othersOf(row: Row): string {
  const [done, planned, diverged, stalled, failed] = [
    ...["n_done", "n_planned", "n_diverged", "n_stalled", "n_failed"] as const,
  ].map((name) => Number(row[name])) as [number, number, number, number, number];
  const left = planned - done - diverged - stalled - failed;
  return Object.entries({ diverged, stalled, failed, left }).filter(([, n]) => n > 0)
    .map(([what, n]) => `${n} ${what}`).join(", ");
}

function meanOf(values: readonly number[]): number | null {
  return values.length === 0 ? null : mean(values);
}
