/** The work of `leaderboard` on plain rows, which the script of the report's page does too. */
import { LEAST_VALUES } from "../../statistics/estimate.ts";
import { mean } from "../../util/vectors.ts";
import { bestFirst, directionOf } from "../direction.ts";
import { shownEstimate } from "../estimate.ts";
import { columnsIn, measureGroups, numbersOf, rowsIn, type Runs } from "../groups.ts";
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
 * One row for each group of settings, best first, as `leaderboard` has them. Where runs were stopped early,
 * rows have their number and the step, too.
 *
 * @throws what `leaderboard` throws
 */
export function rankedRows(
  runs: Runs,
  { metric, groupBy, higherIsBetter }: RankedRowsOptions,
): Row[] {
  const sizes = PARAMETER_COLUMNS.filter((name) => columnsIn(runs).includes(name));
  const isTuned = rowsIn(runs).some(({ status }) => status === "stopped_early");
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
      ...(isTuned ? { n_stopped_early: count("stopped_early") } : {}),
      n_failed: count("failed"),
      ...(isTuned
        ? { stopped_early_at_step: meanOf(numbersOf(rows, "stopped_early_at_step")) }
        : {}),
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
  const counts = [
    ["n_diverged", "diverged"],
    ["n_stalled", "stalled"],
    ["n_stopped_early", `stopped early at step ${row.stopped_early_at_step ?? null}`],
    ["n_failed", "failed"],
  ].map(([name, what]) => [Number(row[name!] ?? 0), what] as const);
  const others = counts.reduce((sum, [n]) => sum + n, Number(row.n_done));
  return [...counts, [Number(row.n_planned) - others, "left"] as const]
    .filter(([n]) => n > 0).map(([n, what]) => `${n} ${what}`).join(", ");
}

function meanOf(values: readonly number[]): number | null {
  return values.length === 0 ? null : mean(values);
}
