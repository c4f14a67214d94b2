import type { RandomStream } from "../util/random.ts";
import { mean } from "../util/vectors.ts";
import { checkFinite, checkLevel } from "./check_values.ts";
import type { Estimate } from "./estimate.ts";

/** Settings of {@linkcode bootstrapMean}. */
export interface BootstrapOptions {
  /** Random stream that the draws come from. */
  readonly stream: RandomStream;
  /** Number of draws; the ends of the interval settle with thousands. */
  readonly resamples?: number;
  /** Confidence level of the interval, in (0, 1). */
  readonly level?: number;
}

/**
 * The mean over tasks of the mean over each task's values, with the percentile interval of a
 * hierarchical bootstrap: each draw takes tasks with replacement, and for each the same number of its
 * values with replacement. So the interval is about new tasks, not only about new seeds.
 *
 * Source: A. C. Davison and D. V. Hinkley, "Bootstrap methods and their application", 1997, section 3.8
 *
 * @param tasks values of each task, such as one per seed; each task has at least one
 * @returns `n` is the number of tasks; no interval below two tasks, and never a p-value
 * @throws {RangeError} when a task has no value, a value is not finite, or a setting is out of range
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { randomStream } from "../util/random.ts";
 *
 * const stream = randomStream(0, "bootstrap");
 * const { estimate, low, high, n } = bootstrapMean([[1, 2], [3], [8, 8]], { stream });
 * assert.deepEqual([estimate, n], [12.5 / 3, 3]);
 * assert.ok(1 <= low! && low! < estimate! && estimate! < high! && high! <= 8);
 * ```
 */
export function bootstrapMean(
  tasks: readonly (readonly number[])[],
  { stream, resamples = 2000, level = 0.95 }: BootstrapOptions,
): Estimate {
  checkLevel(level);
  if (!Number.isSafeInteger(resamples) || resamples < 1) {
    throw new RangeError(
      `Cannot bootstrap as resamples must be an integer of at least 1: got ${resamples}`,
    );
  }
  for (const [task, values] of tasks.entries()) {
    if (values.length === 0) {
      throw new RangeError(`Cannot bootstrap as task ${task} must have a value: got none`);
    }
    checkFinite(`Cannot bootstrap task ${task}`, values);
  }
  const n = tasks.length;
  const alone = { n, standard_error: null, df: null, low: null, high: null, p: null };
  if (n === 0) return { ...alone, estimate: null };
  const estimate = mean(tasks.map(mean));
  if (n === 1) return { ...alone, estimate };

  const draw = <T>(from: readonly T[]): T[] => from.map(() => from[stream.integer(from.length)]!);
  const means = Array.from(
    { length: resamples },
    () => mean(draw(tasks).map((values) => mean(draw(values)))),
  ).sort((a, b) => a - b);
  return {
    ...alone,
    estimate,
    low: quantile(means, (1 - level) / 2),
    high: quantile(means, (1 + level) / 2),
  };
}

/** The quantile of sorted values at `share`, interpolated linearly. */
function quantile(sorted: readonly number[], share: number): number {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (place - below) * (sorted[above]! - sorted[below]!);
}
