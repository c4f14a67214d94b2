import { groupBySettings, metricOf } from "./setting_groups.ts";
import { countByStatus } from "../run/result.ts";
import { type Estimate, estimateMean } from "../util/statistics.ts";
import type { Cell, Row } from "./table.ts";

/** Runs of the same settings, with what they measured. */
export interface MeasuredGroup {
  readonly settings: Row;
  /** The settings in words. */
  readonly label: string;
  /** Every run, also those without a value. */
  readonly rows: readonly Row[];
  /** The runs that have a value, and it. */
  readonly points: readonly { readonly row: Row; readonly value: number }[];
  readonly estimate: Estimate;
}

/**
 * Groups runs by settings, and estimates the mean of a metric in each group.
 *
 * @param by columns; absent, every setting that varies, other than the seed
 * @throws {RangeError} when a column is not there
 */
export function measureGroups(
  rows: readonly Row[],
  metric: string,
  by?: readonly string[],
): MeasuredGroup[] {
  const values = new Map(metricOf(rows, metric).map((value, i) => [rows[i]!, value]));
  return groupBySettings(rows, by).map(({ settings, rows }) => {
    const points = rows.flatMap((row) => {
      const value = values.get(row)!;
      return value === null ? [] : [{ row, value }];
    });
    const estimate = estimateMean(points.map(({ value }) => value));
    return { settings, label: settingsLabel(settings), rows, points, estimate };
  });
}

/** Settings in words: `poly, n_splits 4`. */
export function settingsLabel(settings: Row): string {
  return Object.entries(settings).map(([key, value]) =>
    typeof value === "string" && !value.startsWith("[") ? value : `${key} ${value}`
  ).join(", ");
}

/** Columns by which runs differ beside the seed and `known`, in the order of settings. */
export function otherSettings(rows: readonly Row[], known: readonly string[]): string[] {
  return Object.keys(groupBySettings(rows)[0]?.settings ?? {}).filter((key) =>
    !known.includes(key)
  );
}

/** The distinct values of a column, numbers in their order and before everything else. */
export function valuesOf(rows: readonly Row[], column: string): Cell[] {
  const values = [...new Set(rows.map((row) => row[column] ?? null))];
  const numbers = values.filter((value) => typeof value === "number").sort((a, b) => a - b);
  return [...numbers, ...values.filter((value) => typeof value !== "number")];
}

/** How many seeds means rest on: `3 seeds`, `2 to 3 seeds`. */
export function seedCount(groups: readonly MeasuredGroup[]): string {
  const counts = groups.map(({ points }) => points.length).filter((n) => n > 0);
  const [low, high] = [Math.min(...counts), Math.max(...counts)];
  if (counts.length === 0) return "no seed";
  return `${low === high ? high : `${low} to ${high}`} ${high === 1 ? "seed" : "seeds"}`;
}

/**
 * What is missing in a figure, one sentence each; nothing when every run has a value and every mean an
 * interval.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const groups = measureGroups([
 *   { n_skills: 2, seed: 0, status: "done", score: 1 },
 *   { n_skills: 2, seed: 1, status: "diverged", score: null },
 * ], "score", ["n_skills"]);
 * assert.deepEqual(gapNotes(groups, "score"), [
 *   "Gaps: 1 of 2 runs has no score (1 diverged).",
 *   "1 of 1 means rests on one seed and has no interval.",
 * ]);
 * ```
 */
export function gapNotes(groups: readonly MeasuredGroup[], metric: string): string[] {
  const rows = groups.flatMap((group) => missingRows(group));
  const total = groups.reduce((sum, group) => sum + group.rows.length, 0);
  const count = countByStatus(rows);
  const reasons = [
    [count.diverged, "diverged"],
    [count.failed, "failed"],
    [count.planned, "not run yet"],
    [count.done, "done without it"],
  ].filter(([n]) => n !== 0).map(([n, why]) => `${n} ${why}`);
  const single = groups.filter(({ points }) => points.length === 1).length;
  const means = groups.filter(({ points }) => points.length > 0).length;
  return [
    ...(rows.length === 0 ? [] : [
      `Gaps: ${rows.length} of ${total} runs ${have(rows.length)} no ${metric} (${
        reasons.join(", ")
      }).`,
    ]),
    ...(single === 0 ? [] : [
      `${single} of ${means} means ${single === 1 ? "rests" : "rest"} on one seed and ` +
      `${have(single)} no interval.`,
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
