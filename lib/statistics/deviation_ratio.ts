import { type BoundedRatio, estimateBoundedRatio } from "./bounded_ratio.ts";
import { standardDeviation } from "./mean.ts";

/** A ratio of standard deviations. */
export interface DeviationRatio extends BoundedRatio {
  /** Tasks left out, as all their values are equal on both sides. */
  readonly n_flat: number;
}

/**
 * How many times the standard deviation of `baseline` over splits, that is over draws of a task's few
 * examples, `values` has: task by task, as a mean of log ratios. A task that varies on one side only has a
 * ratio of 0 or ∞, which leaves a sign test.
 *
 * @param values of each task, one per split: at least two
 * @param baseline the same tasks and splits
 * @param level the interval's confidence, in (0, 1)
 * @throws {RangeError} when tasks or numbers of splits differ, a task has fewer than two splits, or a
 * value is not finite
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const { ratio } = deviationRatio([[1, 3], [2, 5], [4, 4.5]], [[1, 2], [2, 3.5], [4, 4.25]]);
 * assert.ok(Math.abs(ratio.estimate! - 2) < 1e-14);
 * ```
 */
export function deviationRatio(
  values: readonly (readonly number[])[],
  baseline: readonly (readonly number[])[],
  level = 0.95,
): DeviationRatio {
  const action = "Cannot compare deviations";
  if (values.length !== baseline.length) {
    throw new RangeError(
      `${action} as both sides must have the same tasks: got ${values.length} and ${baseline.length}`,
    );
  }
  const logs = values.map((splits, task) => {
    const others = baseline[task]!;
    if (splits.length !== others.length || splits.length < 2) {
      throw new RangeError(
        `${action} as both sides of a task must have the same splits, at least 2: task ${task} has ` +
          `${splits.length} and ${others.length}`,
      );
    }
    return Math.log(standardDeviation(splits)! / standardDeviation(others)!);
  });
  // The logarithm of 0 / 0 is no number.
  const varying = logs.filter((log) => !Number.isNaN(log));
  return {
    ...estimateBoundedRatio(varying.map((log) => ({ low: log, high: log })), level),
    n_flat: logs.length - varying.length,
  };
}
