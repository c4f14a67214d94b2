import { type BoundedRatio, estimateBoundedRatio, type LogBounds } from "./bounded_ratio.ts";
import { logRatios } from "./scales.ts";

/** When one run reached a threshold. */
export interface ReachedAt {
  /** Step at which it was reached; the last step of the run when it was not. Above 0. */
  readonly step: number;
  readonly reached: boolean;
}

/**
 * How many times the steps of `baseline` the runs of `values` took to a threshold, in pairs of the same
 * seed. A run that did not reach it took more steps than it has, which bounds its pair's ratio.
 *
 * @param level the interval's confidence, in (0, 1)
 * @throws {RangeError} when the lists differ in length, or a step is not above 0
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const at = (step: number, reached = true) => ({ step, reached });
 * const { method, ratio } = timeRatio([at(40), at(60), at(44)], [at(20), at(25), at(20)]);
 * assert.ok(method === "t" && 2 < ratio.estimate! && ratio.estimate! < 2.4);
 * const late = timeRatio([at(200, false), at(60), at(44)], [at(20), at(25), at(20)]);
 * assert.deepEqual([late.method, late.ratio.estimate, late.at_most], ["sign", null, null]);
 * assert.ok(3 < late.at_least!);
 * ```
 */
export function timeRatio(
  values: readonly ReachedAt[],
  baseline: readonly ReachedAt[],
  level = 0.95,
): BoundedRatio {
  const logs = logRatios(values.map(({ step }) => step), baseline.map(({ step }) => step));
  const bounds = logs.map((log, i): LogBounds => ({
    low: baseline[i]!.reached ? log : -Infinity,
    high: values[i]!.reached ? log : Infinity,
  }));
  return estimateBoundedRatio(bounds, level);
}
