/** Which way is up: what tables order by, count as a win, and pick runs by. */
import { metricNamed } from "../run/metrics/metric.ts";
import { LEAST_VALUES } from "../statistics/estimate.ts";
import type { MeasuredGroup } from "./groups.ts";

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

/**
 * How rows are ordered by a metric, as the end of a sentence.
 *
 * @param seeds the number of seeds behind each row
 */
export function orderText(direction: Direction, seeds: readonly number[]): string {
  if (direction === null) {
    return "in the order of settings, as more of it is neither better nor worse";
  }
  const few = seeds.filter((n) => n < LEAST_VALUES).length;
  if (few === 0) return "best first";
  return few === seeds.length
    ? `in the order of settings, as fewer than ${LEAST_VALUES} seeds rank nothing`
    : `best first; rows of fewer than ${LEAST_VALUES} seeds are not ranked and follow`;
}

/**
 * Sorts rows, best first. Rows of fewer than three values follow in the order that they had, as so few
 * rank nothing, and rows without a value come last. Where there is no direction all keep their order.
 *
 * @param valueOf the value of a row, and from how many independent values it comes
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const rows = [{ mean: 4, n: 2 }, { mean: null, n: 0 }, { mean: 1, n: 5 }, { mean: 3, n: 5 }];
 * const order = bestFirst(rows, ({ mean, n }) => [mean, n], 1);
 * assert.deepEqual(order.map(({ mean }) => mean), [3, 1, 4, null]);
 * ```
 */
export function bestFirst<T>(
  rows: readonly T[],
  valueOf: (row: T) => readonly [value: number | null, n: number],
  direction: Direction,
): T[] {
  if (direction === null) return [...rows];
  const found = rows.map((row) => {
    const [value, n] = valueOf(row);
    const rank = value === null ? 2 : n < LEAST_VALUES ? 1 : 0;
    return { row, rank, key: rank === 0 ? -direction * value! : 0 };
  });
  return found.sort((a, b) => a.rank - b.rank || a.key - b.key).map(({ row }) => row);
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
