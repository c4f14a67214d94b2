import type { RandomStream } from "../util/random.ts";
import { mean } from "../util/vectors.ts";
import { checkFinite, checkLevel } from "./check_values.ts";

/** Where an effect that is measured at several places along an axis changes its sign. */
export interface Crossing {
  /**
   * The place of the change from above 0 to below; Infinity where the effect stays above, and 0 where it is
   * below from the first place on.
   */
  readonly at: number;
  /** Lower end of the interval of `at`; 0 or Infinity where it lies beyond the places that were measured. */
  readonly low: number;
  /** Upper end of the same interval. */
  readonly high: number;
  /** Number of runs that have an effect at every place. */
  readonly n: number;
}

/**
 * Where the mean effect of runs falls below 0 along an axis, with the percentile interval of a bootstrap over
 * runs. Between two places the mean effect is taken as a straight line over the logarithm of the axis; where
 * it changes its sign more than once, the last change counts.
 *
 * @param places along the axis, positive and growing, at least two
 * @param effects one row for each run, with its effect at each place: the same run at all of them, as
 * these may share what they were trained from
 * @throws {RangeError} when places do not grow, a row has another length, or there are fewer than three runs
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { randomStream } from "../util/random.ts";
 *
 * const effects = [[1, 0.5, -0.5], [1.2, 0.6, -0.6], [0.8, 0.4, -0.4]];
 * const { at, low, high } = crossingOf([2, 4, 16], effects, { stream: randomStream(0, "crossing") });
 * assert.ok(Math.abs(at - 8) < 1e-9 && Math.abs(low - 8) < 1e-9 && Math.abs(high - 8) < 1e-9);
 * ```
 */
export function crossingOf(
  places: readonly number[],
  effects: readonly (readonly number[])[],
  { stream, resamples = 2000, level = 0.95 }: {
    readonly stream: RandomStream;
    readonly resamples?: number;
    readonly level?: number;
  },
): Crossing {
  checkLevel(level);
  if (places.length < 2 || places.some((place, i) => !(place > (places[i - 1] ?? 0)))) {
    throw new RangeError(
      `Cannot find a crossing as there must be two or more places, positive and growing: got ${places}`,
    );
  }
  if (effects.length < 3) {
    throw new RangeError(`Cannot find a crossing as three runs are needed: got ${effects.length}`);
  }
  for (const [i, row] of effects.entries()) {
    if (row.length !== places.length) {
      throw new RangeError(
        `Cannot find a crossing as run ${i} must have ${places.length} effects: got ${row.length}`,
      );
    }
    checkFinite(`Cannot find a crossing of run ${i}`, row);
  }
  const logs = places.map(Math.log);
  const crossing = (rows: readonly (readonly number[])[]) =>
    lastFall(logs, places.map((_, place) => mean(rows.map((row) => row[place]!))));
  const draws = Array.from(
    { length: resamples },
    () => crossing(effects.map(() => effects[stream.integer(effects.length)]!)),
  ).sort((a, b) => a - b);
  // No interpolation between draws: some are infinite.
  const quantile = (share: number) => draws[Math.round(share * (draws.length - 1))]!;
  const [low, high] = [quantile((1 - level) / 2), quantile((1 + level) / 2)];
  return {
    at: Math.exp(crossing(effects)),
    low: Math.exp(low),
    high: Math.exp(high),
    n: effects.length,
  };
}

/** The last place where values fall below 0; infinite where they end above, or were below from the first. */
function lastFall(logs: readonly number[], values: readonly number[]): number {
  if (values.at(-1)! > 0) return Infinity;
  for (let i = values.length - 1; i > 0; i--) {
    const [before, after] = [values[i - 1]!, values[i]!];
    if (before > 0) return logs[i - 1]! + before / (before - after) * (logs[i]! - logs[i - 1]!);
  }
  return -Infinity;
}
