/** Looks at a study before its end, with a bound on any of them finding what is not there. */
import { normalCdf, normalDensity, normalQuantile } from "./normal.ts";
import { panels } from "./quadrature.ts";

/**
 * The two-sided level to test at in each look, so that all looks together find something that is not
 * there with chance α. These are O'Brien and Fleming's bounds |Z| > C/√t at the share t of the values, with
 * C from the joint distribution of the looks: strict at first, and nearly α at the last. They hold for the
 * looks as planned; a look more, or after the last, is not covered.
 *
 * A t-test is done at the same levels, by its p-value; the interval that goes with it is `atLevel` of one
 * less the look's level.
 *
 * Source: P. C. O'Brien and T. R. Fleming, "A multiple testing procedure for clinical trials", 1979; the
 * recursion of P. Armitage, C. K. McPherson and B. C. Rowe, "Repeated significance tests on accumulating
 * data", 1969
 *
 * @param looks numbers of values at the looks, such as seeds: above 0 and rising
 * @param alpha two-sided level of all looks together, in (0, 1)
 * @returns one level per look
 * @throws {RangeError} when looks do not rise, or α is out of range
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const levels = obrienFleming([12, 24, 40]);
 * assert.deepEqual(levels.map((level) => Number(level.toFixed(4))), [0.0003, 0.0101, 0.0463]);
 * assert.deepEqual(obrienFleming([10], 0.05), [0.05]);
 * ```
 */
export function obrienFleming(looks: readonly number[], alpha = 0.05): number[] {
  looks.forEach((look, i) => {
    if (!(look > (looks[i - 1] ?? 0) && look < Infinity)) {
      throw new RangeError(
        `Cannot plan looks as their numbers must be above 0 and rise: got ${looks.join(", ")}`,
      );
    }
  });
  if (!(alpha > 0 && alpha < 1)) {
    throw new RangeError(`Cannot plan looks as alpha must lie in (0, 1): got ${alpha}`);
  }
  if (looks.length <= 1) return looks.map(() => alpha);
  const times = looks.map((look) => look / looks.at(-1)!);
  // The secant method from below: the chance falls in C, ever less steeply.
  let [before, bound] = [normalQuantile(1 - alpha / 2), normalQuantile(1 - alpha / 2) + 0.02];
  let [chanceBefore, chance] = [crossing(times, before), crossing(times, bound)];
  for (let step = 0; step < 50 && Math.abs(bound - before) > 1e-12; step++) {
    const next = bound - (chance - alpha) * (bound - before) / (chance - chanceBefore);
    [before, chanceBefore, bound, chance] = [bound, chance, next, crossing(times, next)];
  }
  return times.map((time) => 2 * normalCdf(-bound / Math.sqrt(time)));
}

/**
 * The chance that a Brownian motion is beyond ±`bound` at one of the times, the last of which is 1: one
 * less the chance of staying inside, integrated from look to look.
 */
function crossing(times: readonly number[], bound: number): number {
  const spreads = times.map((time, i) => Math.sqrt(time - (times[i - 1] ?? 0)));
  const nodes = panels(-bound, bound, 2 * Math.min(...spreads));
  let inside = nodes.map(({ at }) => normalDensity(at / spreads[0]!) / spreads[0]!);
  for (const spread of spreads.slice(1)) {
    const from = inside;
    inside = nodes.map(({ at }) => {
      let density = 0;
      nodes.forEach(({ at: start, weight }, i) => {
        density += weight * from[i]! * normalDensity((at - start) / spread);
      });
      return density / spread;
    });
  }
  return 1 - nodes.reduce((sum, { weight }, i) => sum + weight * inside[i]!, 0);
}
