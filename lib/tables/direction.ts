/** Which way is up: what tables order by, count as a win, and pick runs by. */
import { metricNamed } from "../run/metrics/metric.ts";
import type { MeasuredGroup } from "./groups.ts";
import { type ColumnTable, desc, escape, type Row } from "./table.ts";

/** 1 where larger values are better, −1 where smaller ones are, null where neither is. */
export type Direction = 1 | -1 | null;

/**
 * The direction of a metric, as it is declared in `lib/run/metrics/metric.ts`. A column that is not
 * declared has none.
 *
 * @param higherIsBetter what the caller says of it, which wins
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(directionOf("heldout_rouge_l"), 1);
 * assert.equal(directionOf("heldout_teacher_gap"), -1);
 * assert.equal(directionOf("density"), null);
 * assert.equal(directionOf("wisdom"), null);
 * assert.equal(directionOf("wisdom", true), 1);
 * ```
 */
export function directionOf(metric: string, higherIsBetter?: boolean): Direction {
  if (higherIsBetter !== undefined) return higherIsBetter ? 1 : -1;
  const better = metricNamed(metric)?.better ?? null;
  return better === null ? null : better === "higher" ? 1 : -1;
}

/** How rows are ordered by a metric, as the end of a sentence. */
export function orderText(direction: Direction): string {
  return direction === null
    ? "in the order of settings, as more of it is neither better nor worse"
    : "best first";
}

/**
 * Sorts a table by a column, best first and missing values last; ties keep their order, and so do all
 * rows where there is no direction.
 */
export function bestFirst(table: ColumnTable, column: string, direction: Direction): ColumnTable {
  if (direction === null) return table;
  const isMissing = escape((row: Row) => row[column] === null);
  return table.orderby(isMissing, direction === 1 ? desc(column) : column);
}

/**
 * The groups that have a value, the best mean first; ties keep their order, and so do all groups where
 * the metric has no direction.
 */
export function bestGroupsFirst(
  groups: readonly MeasuredGroup[],
  metric: string,
): MeasuredGroup[] {
  const sign = directionOf(metric) ?? 0;
  return groups.filter(({ estimate }) => estimate.estimate !== null)
    .sort((a, b) => sign * (b.estimate.estimate! - a.estimate.estimate!));
}
