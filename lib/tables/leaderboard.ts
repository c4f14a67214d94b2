import { groupBySettings, isHigherBetter, metricOf } from "./setting_groups.ts";
import { estimateMean } from "../util/statistics.ts";
import { type ColumnTable, PARAMETER_COLUMNS, type Row, rowsOf, tableOf } from "./table.ts";

/** Settings of {@linkcode leaderboard}. */
export interface LeaderboardOptions {
  /** The column to compare by. */
  readonly metric: string;
  /** Columns that make a group; absent, every setting that varies, other than the seed. */
  readonly groupBy?: readonly string[];
  /** By default what {@linkcode isHigherBetter} says. */
  readonly higherIsBetter?: boolean;
}

/**
 * One row per group of settings, best first: `mean` of the metric over the runs that are done, its
 * 95 % Student-t interval `low` to `high`, and how many runs are planned, done, diverged and failed.
 *
 * A mean over fewer than two runs has no interval, and a group without a value comes last; both show
 * as gaps. Runs that diverged are in no mean: read it together with their number.
 *
 * @param runs as {@linkcode runsTable} makes it, one row per planned run
 * @throws {RangeError} when a column is not there, or the metric holds something else than numbers
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { rowsOf, tableOf } from "./table.ts";
 *
 * const runs = tableOf([
 *   { status: "done", n_skills: 2, seed: 0, score: 0.25 },
 *   { status: "done", n_skills: 2, seed: 1, score: 0.75 },
 *   { status: "diverged", n_skills: 4, seed: 0, score: null },
 *   { status: "done", n_skills: 4, seed: 1, score: 0.875 },
 * ]);
 * const [best, other] = rowsOf(leaderboard(runs, { metric: "score" }));
 * assert.deepEqual([best!.n_skills, best!.mean, best!.low, best!.n_diverged], [4, 0.875, null, 1]);
 * assert.deepEqual([other!.n_skills, other!.mean, other!.n_done], [2, 0.5, 2]);
 * ```
 */
export function leaderboard(runs: ColumnTable, options: LeaderboardOptions): ColumnTable {
  const { metric, groupBy, higherIsBetter = isHigherBetter(options.metric) } = options;
  const rows = rowsOf(runs);
  const sizes = PARAMETER_COLUMNS.filter((name) => runs.columnNames().includes(name));
  const groups = groupBySettings(rows, groupBy).map(({ settings, rows: members }) => {
    const values = metricOf(members, metric).filter((value) => value !== null);
    const { mean, low, high } = estimateMean(values);
    const count = (status: string) => members.filter((row) => row.status === status).length;
    return {
      ...settings,
      mean,
      low,
      high,
      n_done: count("done"),
      n_planned: members.length,
      n_diverged: count("diverged"),
      n_failed: count("failed"),
      ...Object.fromEntries(sizes.map((name) => [name, estimateMean(present(members, name)).mean])),
    };
  });
  return tableOf(bestFirst(groups, "mean", higherIsBetter));
}

/** Rows by a column, best first and gaps last; equal ones stay in order. */
export function bestFirst<R extends Row>(
  rows: readonly R[],
  column: string,
  higherIsBetter: boolean,
): R[] {
  const rank = (row: R) => {
    const value = row[column] as number | null;
    return value === null ? Infinity : higherIsBetter ? -value : value;
  };
  // Infinity less Infinity is no number, so equal ranks are told apart first.
  return [...rows].sort((a, b) => rank(a) === rank(b) ? 0 : rank(a) - rank(b));
}

function present(rows: readonly Row[], column: string): number[] {
  return rows.map((row) => row[column]).filter((value) => typeof value === "number");
}
