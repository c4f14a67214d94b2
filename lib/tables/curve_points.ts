/**
 * Thins the log of a run to the points of a curve. Steps between two points are averaged, so that
 * no value is ignored.
 */
import type { MetricsRow } from "../run/metrics_log.ts";
import type { Row } from "./table.ts";

/** A point of a curve: the value at a step, or the mean of several steps at the last of them. */
export interface CurvePoint {
  readonly x: number;
  readonly y: number;
}

/** Largest number of points of a curve; steps between them are averaged. */
const MOST_POINTS = 120;

/**
 * Number of neighbouring steps that one point stands for, so that no curve has more than 120
 * points.
 *
 * @param rows rows of all runs that are drawn together; rows that are already means, as those of
 * {@linkcode thinRows}, stay as they are
 */
export function stepsPerPoint(rows: readonly Row[], x: string): number {
  if (rows.some((row) => typeof row.mean_of === "number")) return 1;
  const steps = new Set(rows.map((row) => row[x]).filter((step) => typeof step === "number"));
  return Math.max(1, Math.ceil(steps.size / MOST_POINTS));
}

/**
 * The curve of one run: means of `width` neighbouring steps, each at the last of them that the run
 * has.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const rows = [{ step: 1, loss: 4 }, { step: 2, loss: 2 }, { step: 3, loss: 1 }];
 * assert.deepEqual(curvePoints(rows, "step", "loss", 2), [{ x: 2, y: 3 }, { x: 3, y: 1 }]);
 * ```
 */
export function curvePoints(
  rows: readonly Row[],
  x: string,
  y: string,
  width: number,
): CurvePoint[] {
  const found = new Map<number, { x: number; sum: number; n: number }>();
  for (const row of rows) {
    const [at, value] = [row[x], row[y]];
    if (typeof at !== "number" || typeof value !== "number") continue;
    const key = Math.ceil(at / width);
    const point = found.get(key) ?? { x: at, sum: 0, n: 0 };
    found.set(key, { x: Math.max(point.x, at), sum: point.sum + value, n: point.n + 1 });
  }
  return [...found.values()].map(({ x, sum, n }) => ({ x, y: sum / n })).sort((a, b) => a.x - b.x);
}

/**
 * Fewer rows that draw the same curve as all rows of one run: one for each point, whose `mean_of`
 * is the number of steps that it stands for.
 *
 * @param y name of the drawn column; others are left out
 * @param width number of steps per point, as {@linkcode stepsPerPoint} computes it for all runs
 * together
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const rows = [{ step: 1, loss: 4 }, { step: 2, loss: 2 }];
 * assert.deepEqual(thinRows(rows, "step", "loss", 2), [{ step: 2, loss: 3, mean_of: 2 }]);
 * assert.equal(thinRows(rows, "step", "loss", 1), rows);
 * ```
 */
export function thinRows(
  rows: readonly MetricsRow[],
  x: string,
  y: string,
  width: number,
): readonly MetricsRow[] {
  if (width === 1) return rows;
  return curvePoints(rows, x, y, width).map((point) => ({
    [x]: point.x,
    [y]: point.y,
    mean_of: width,
  }));
}
