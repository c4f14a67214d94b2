import { closest } from "fastest-levenshtein";
import { RUN_CONFIG_KEYS } from "../run/config.ts";
import type { Cell, Row } from "./table.ts";

/** Rows that share their values in some columns. */
export interface SettingGroup {
  /** The shared values. */
  readonly settings: Row;
  readonly rows: readonly Row[];
}

/**
 * Groups rows by the values of columns, in the order met.
 *
 * @param by columns; absent, every setting that varies, other than the seed
 * @throws {RangeError} when a column is not there
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const rows = [{ n_skills: 2, seed: 0 }, { n_skills: 4, seed: 0 }, { n_skills: 2, seed: 1 }];
 * const groups = groupBySettings(rows);
 * assert.deepEqual(groups.map(({ settings }) => settings), [{ n_skills: 2 }, { n_skills: 4 }]);
 * assert.deepEqual(groups.map(({ rows }) => rows.length), [2, 1]);
 * ```
 */
export function groupBySettings(rows: readonly Row[], by?: readonly string[]): SettingGroup[] {
  const columns = by ??
    RUN_CONFIG_KEYS.filter((key) =>
      key !== "seed" && rows.some((row) => row[key] !== rows[0]![key])
    );
  for (const column of columns) checkColumn("Cannot group", column, rows);
  const groups = new Map<string, { settings: Row; rows: Row[] }>();
  for (const row of rows) {
    const settings = Object.fromEntries(columns.map((column) => [column, row[column]!]));
    const key = JSON.stringify(Object.values(settings));
    const group = groups.get(key) ?? { settings, rows: [] };
    group.rows.push(row);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/**
 * The metric of each row; a gap where the run is not done.
 *
 * @throws {RangeError} when a run is done and there is no such column, or its value is no number
 */
export function metricOf(rows: readonly Row[], metric: string): (number | null)[] {
  if (rows.some(({ status }) => status === "done")) {
    checkColumn("Cannot compare runs", metric, rows);
  }
  return rows.map((row) => {
    const value: Cell = row.status === "done" ? row[metric] ?? null : null;
    if (value === null || typeof value === "number") return value;
    throw new RangeError(`Cannot compare runs as "${metric}" is no metric: it holds "${value}"`);
  });
}

/**
 * Whether a larger number is the better one, by the metric's name: not for losses, seconds, counts of
 * parameters, entropies and p-values.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(isHigherBetter("heldout_rouge_l"), true);
 * assert.equal(isHigherBetter("heldout_loss"), false);
 * ```
 */
export function isHigherBetter(metric: string): boolean {
  return !/(^|_)(loss|seconds|parameters|entropy|p)(_|$)/.test(metric);
}

function checkColumn(action: string, column: string, rows: readonly Row[]): void {
  const names = Object.keys(rows[0] ?? {});
  if (rows.length === 0 || names.includes(column)) return;
  throw new RangeError(
    `${action} as there is no column "${column}": did you mean "${closest(column, names)}"?`,
  );
}
