/** Ranks groups of settings by a metric, with intervals and counts. Missing values come last. */
import { rankedRows } from "./rows/ranked_rows.ts";
import { runsAndMetric, type Study } from "./study.ts";
import { type ColumnTable, tableOf } from "./table.ts";
import { groupingOf } from "./varying.ts";

/** Settings of {@linkcode leaderboard}. */
export interface LeaderboardOptions {
  /** Column to compare by; when absent, the study's metric. */
  readonly metric?: string;
  /**
   * Columns that form groups; when absent, every setting that varies, except the seed. Runs that were
   * computed from other data, by other code or on another kind of machine form groups of their own.
   */
  readonly groupBy?: readonly string[];
  /** Whether larger values are better; when absent, as the metric is declared. */
  readonly higherIsBetter?: boolean;
}

/**
 * One row per group of settings, best first: the `mean` of the metric over the runs that are done,
 * its 95 % interval from `low` to `high`, and the numbers of runs that are planned, done, diverged,
 * stalled and failed. The interval does not leave the metric's scale, see `estimateMetric`.
 *
 * A mean over fewer than three runs has two digits and no interval, is not ranked, and follows those
 * that are; a group without a value comes last. Where more of the metric is neither better nor worse, rows are in the order of
 * settings. Means leave out runs that diverged or stalled, so read them together with the number of
 * those.
 *
 * @param of a study, or a table with one row per planned run
 * @throws {RangeError} when a column does not exist, or the metric holds values that are not
 * numbers
 * @throws {TypeError} when a table comes without a metric
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { rowsOf, tableOf } from "./table.ts";
 *
 * const runs = tableOf([
 *   { status: "done", n_skills: 4, seed: 0, score: 0.875 },
 *   { status: "diverged", n_skills: 4, seed: 1, score: null },
 *   ...[0.25, 0.5, 0.75].map((score, seed) => ({ status: "done", n_skills: 2, seed, score })),
 * ]);
 * const [best, other] = rowsOf(leaderboard(runs, { metric: "score", higherIsBetter: true }));
 * assert.deepEqual([best!.n_skills, best!.mean, best!.n_done], [2, 0.5, 3]);
 * assert.ok(Number(best!.low) < 0.5 && 0.5 < Number(best!.high));
 * assert.deepEqual([other!.n_skills, other!.mean, other!.low, other!.n_diverged], [4, 0.88, null, 1]);
 * ```
 */
export function leaderboard(
  of: Study | ColumnTable,
  { groupBy: asked, ...options }: LeaderboardOptions = {},
): ColumnTable {
  const { runs, metric } = runsAndMetric(of, options.metric);
  const groupBy = groupingOf(runs, asked);
  return tableOf(rankedRows(runs, { ...options, metric, groupBy }), [...groupBy, "mean"]);
}
