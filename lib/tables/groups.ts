/**
 * Groups the runs of a study by settings, and estimates a metric in each group. Figures, tables and the
 * script of the report's page share these groups and their labels, so nothing here needs a file or the
 * library of tables.
 */
import { closest } from "fastest-levenshtein";
import { type Estimate, LEAST_VALUES } from "../statistics/estimate.ts";
import { estimateMetric } from "./estimate.ts";
import type { Cell, ColumnTable, Row } from "./table.ts";

/** Runs as a table, or as its rows: what a page keeps of a table in a browser, which has no tables. */
export type Runs = ColumnTable | readonly Row[];

/** Rows that have the same values in some columns. */
export interface SettingGroup {
  /** The shared values. */
  readonly settings: Row;
  /** The rows, in the order of the table. */
  readonly rows: readonly Row[];
}

/** Runs of the same settings, with their values of a metric. */
export interface MeasuredGroup extends SettingGroup {
  /** The settings as a label. */
  readonly label: string;
  /** The runs that have a value, with that value. */
  readonly points: readonly { readonly row: Row; readonly value: number }[];
  /** The mean of the values on the scale of the metric, with its interval. */
  readonly estimate: Estimate;
}

/**
 * Groups rows by the values of columns, in order of first appearance.
 *
 * @param by names of columns, such as `otherSettings` gives for every setting that varies
 * @throws {RangeError} when a column does not exist
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { tableOf } from "./table.ts";
 *
 * const rows = [{ n_skills: 2, seed: 0 }, { n_skills: 4, seed: 0 }, { n_skills: 2, seed: 1 }];
 * const groups = groupBySettings(tableOf(rows), ["n_skills"]);
 * assert.deepEqual(groups.map(({ settings }) => settings), [{ n_skills: 2 }, { n_skills: 4 }]);
 * assert.deepEqual(groups.map(({ rows }) => rows.length), [2, 1]);
 * ```
 */
export function groupBySettings(runs: Runs, by: readonly string[]): SettingGroup[] {
  const rows = rowsIn(runs);
  if (rows.length === 0) return [];
  for (const column of by) checkColumn("Cannot group", column, columnsIn(runs));
  const groups = Map.groupBy(
    rows,
    (row) => JSON.stringify(by.map((column) => row[column] ?? null)),
  );
  return [...groups.values()].map((rows) => ({
    settings: Object.fromEntries(by.map((column) => [column, rows[0]![column] ?? null])),
    rows,
  }));
}

/** The rows of runs, in their order. */
export function rowsIn(runs: Runs): readonly Row[] {
  return isRows(runs) ? runs : runs.objects() as Row[];
}

/** The names of the columns that runs have; all rows of one table have the same. */
export function columnsIn(runs: Runs): string[] {
  return isRows(runs) ? Object.keys(runs[0] ?? {}) : runs.columnNames();
}

function isRows(runs: Runs): runs is readonly Row[] {
  return Array.isArray(runs);
}

/**
 * Groups runs by settings, and estimates the mean of a metric in each group.
 *
 * @param by names of columns
 * @throws {RangeError} when a column does not exist, or the metric holds values that are not
 * numbers
 */
export function measureGroups(
  runs: Runs,
  metric: string,
  by: readonly string[],
): MeasuredGroup[] {
  return groupBySettings(runs, by).map(({ settings, rows }) => {
    const points = rows.flatMap((row) => {
      const value = metricOf(row, metric);
      return value === null ? [] : [{ row, value }];
    });
    const estimate = estimateMetric(metric, points.map(({ value }) => value));
    return { settings, label: settingsLabel(settings), rows, points, estimate };
  });
}

/**
 * The value of a run's metric; null when the run is not done.
 *
 * @throws {RangeError} when the run is done and lacks the column, or its value is not a number
 */
export function metricOf(run: Row, metric: string): number | null {
  if (run.status !== "done") return null;
  checkColumn("Cannot compare runs", metric, Object.keys(run));
  const value = run[metric]!;
  if (value === null || typeof value === "number") return value;
  throw new RangeError(
    `Cannot compare runs as metric "${metric}" must hold numbers: got "${value}"`,
  );
}

/** Formats settings as a label: `poly, n_splits 4`. */
export function settingsLabel(settings: Row): string {
  return Object.entries(settings).map(([key, value]) =>
    typeof value === "string" && !value.startsWith("[") ? value : `${key} ${value}`
  ).join(", ");
}

/** The distinct values of a column: numbers first, in ascending order. */
export function valuesOf(runs: Runs, column: string): Cell[] {
  const values = !columnsIn(runs).includes(column) ? [] : [
    ...new Set(
      isRows(runs) ? runs.map((row) => row[column] ?? null) : runs.array(column) as Iterable<Cell>,
    ),
  ];
  const numbers = values.filter((value) => typeof value === "number").sort((a, b) => a - b);
  return [...numbers, ...values.filter((value) => typeof value !== "number")];
}

/** The numbers in a column; missing values are left out. */
export function numbersOf(rows: readonly Row[], column: string): number[] {
  return rows.map((row) => row[column]).filter((value) => typeof value === "number");
}

/** Formats the number of seeds behind means: `3 seeds`, `2 to 3 seeds`. */
export function seedCount(groups: readonly MeasuredGroup[]): string {
  const counts = groups.map(({ points }) => points.length).filter((n) => n > 0);
  const [low, high] = [Math.min(...counts), Math.max(...counts)];
  if (counts.length === 0) return "no seed";
  return `${low === high ? high : `${low} to ${high}`} ${high === 1 ? "seed" : "seeds"}`;
}

/**
 * Describes the values missing from a figure, one sentence each; empty when every run has a value
 * and every mean an interval.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { tableOf } from "./table.ts";
 *
 * const groups = measureGroups(tableOf([
 *   { n_skills: 2, seed: 0, status: "done", score: 1 },
 *   { n_skills: 2, seed: 1, status: "diverged", score: null },
 * ]), "score", ["n_skills"]);
 * assert.deepEqual(missingNotes(groups, "score"), [
 *   "Missing: 1 of 2 runs has no score (1 diverged).",
 *   "1 of 1 means rests on fewer than 3 seeds and has no interval.",
 * ]);
 * ```
 */
export function missingNotes(groups: readonly MeasuredGroup[], metric: string): string[] {
  const rows = groups.flatMap((group) => missingRows(group));
  const total = groups.reduce((sum, group) => sum + group.rows.length, 0);
  const count = (status: string) => rows.filter((row) => row.status === status).length;
  const reasons = [
    [count("diverged"), "diverged"],
    [count("stalled"), "stalled"],
    [count("stopped_early"), "stopped early"],
    [count("failed"), "failed"],
    [count("planned"), "not run yet"],
    [count("done"), "done without it"],
  ].filter(([n]) => n !== 0).map(([n, why]) => `${n} ${why}`);
  const found = groups.filter(({ points }) => points.length > 0);
  const few = found.filter(({ points }) => points.length < LEAST_VALUES).length;
  const equal =
    found.filter(({ points, estimate }) => points.length >= LEAST_VALUES && estimate.low === null)
      .length;
  return [
    ...(rows.length === 0 ? [] : [
      `Missing: ${rows.length} of ${total} runs ${have(rows.length)} no ${metric} (${
        reasons.join(", ")
      }).`,
    ]),
    ...(few === 0 ? [] : [
      `${few} of ${found.length} means ${few === 1 ? "rests" : "rest"} on fewer than ` +
      `${LEAST_VALUES} seeds and ${have(few)} no interval.`,
    ]),
    ...(equal === 0 ? [] : [
      `${equal} of ${found.length} means ${have(equal)} no interval as all seeds are equal.`,
    ]),
  ];
}

/** The runs of a group that have no value. */
export function missingRows({ rows, points }: MeasuredGroup): Row[] {
  return rows.filter((row) => !points.some((point) => point.row === row));
}

function have(n: number): string {
  return n === 1 ? "has" : "have";
}

function checkColumn(action: string, column: string, names: readonly string[]): void {
  if (names.includes(column)) return;
  throw new RangeError(
    `${action} as there is no column "${column}": did you mean "${closest(column, [...names])}"?`,
  );
}
