/** What a study of so many runs can find, and how many runs a question needs. */
import { crossedError } from "./crossed.ts";
import { checkPositive } from "./check_values.ts";
import { type Estimate, LEAST_VALUES } from "./estimate.ts";
import { normalCdf } from "./normal.ts";
import { meanOverSpread, studentCdf, studentQuantile } from "./student.ts";

/** The error that a test will have. */
export interface PlannedError {
  /** Standard error of the difference, above 0. */
  readonly standard_error: number;
  /** Degrees of freedom of the t-test, above 0. */
  readonly df: number;
}

/** Standard deviations of a difference that a study will have, and its number of runs. */
export interface PlannedStudy {
  /** Number of runs, such as seeds: at least 2. */
  readonly n: number;
  /** Standard deviation of the difference between runs, above 0. */
  readonly sd: number;
}

/**
 * Cohen's d_z: a mean of differences in standard deviations of one difference. Of a crossed estimate that
 * is the deviation of one run's mean that would make the standard error if runs alone did.
 *
 * @returns null when there is no spread to measure by
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { estimateMean } from "./mean.ts";
 *
 * assert.ok(Math.abs(effectSize(estimateMean([1, 2, 3]))! - 2) < 1e-15);
 * ```
 */
export function effectSize({ n, estimate, standard_error }: Estimate): number | null {
  if (estimate === null || standard_error === null || standard_error === 0) return null;
  return estimate / (standard_error * Math.sqrt(n));
}

/**
 * The chance that the two-sided paired t-test finds a difference, by the noncentral t distribution.
 *
 * Source: J. Cohen, "Statistical power analysis for the behavioral sciences", 2nd edition, 1988, chapter 2
 *
 * @param plan the study and the true difference `effect`; `alpha` is the two-sided level, in (0, 1)
 * @throws {RangeError} when a part of the plan is out of range
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(power({ n: 10, sd: 0.087, effect: 0.05 }).toFixed(2), "0.37");
 * ```
 */
export function power(
  { n, sd, effect, alpha = 0.05 }: PlannedStudy & {
    readonly effect: number;
    readonly alpha?: number;
  },
): number {
  return powerOf({ ...errorOf({ n, sd }), effect, alpha });
}

/**
 * The same for a test of any standard error and degrees of freedom, such as a crossed one that was made.
 *
 * @throws {RangeError} when a part of the plan is out of range
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const plan = { effect: 0.05, alpha: 0.01 };
 * const error = { standard_error: 0.087 / Math.sqrt(10), df: 9 };
 * assert.equal(powerOf({ ...error, ...plan }), power({ n: 10, sd: 0.087, ...plan }));
 * ```
 */
export function powerOf(
  { standard_error, df, effect, alpha = 0.05 }: PlannedError & {
    readonly effect: number;
    readonly alpha?: number;
  },
): number {
  checkPlan(standard_error, alpha, 1);
  const shift = effect / standard_error;
  const bound = studentQuantile(1 - alpha / 2, df);
  return studentCdf(-bound, df, shift) + studentCdf(-bound, df, -shift);
}

/**
 * The chance that two one-sided t-tests find a difference to be within ±margin.
 *
 * Source: K. F. Phillips, "Power of the two one-sided tests procedure in bioequivalence", 1990
 *
 * @param plan the study, its `margin` and the true difference `effect`, 0 when absent; `alpha` is the
 * level of each test, in (0, ½)
 * @throws {RangeError} when a part of the plan is out of range
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.ok(equivalencePower({ n: 40, sd: 0.05, margin: 0.025 }) > 0.8);
 * assert.ok(equivalencePower({ n: 5, sd: 0.05, margin: 0.025 }) < 0.1);
 * ```
 */
export function equivalencePower(
  { n, sd, margin, effect = 0, alpha = 0.05 }: PlannedStudy & {
    readonly margin: number;
    readonly effect?: number;
    readonly alpha?: number;
  },
): number {
  const { standard_error, df } = errorOf({ n, sd });
  checkPlan(standard_error, alpha, 0.5);
  checkPositive("Cannot plan a study", "margin", margin);
  const bound = studentQuantile(1 - alpha, df);
  const [reach, shift] = [margin / standard_error, effect / standard_error];
  // Given the sample's spread, the mean must lie within margin − bound · spread of 0.
  return meanOverSpread(df, reach / bound, (spread) => {
    const room = reach - bound * spread;
    return normalCdf(room - shift) - normalCdf(-room - shift);
  });
}

/**
 * The fewest seeds, at least three, with which the two-sided paired t-test finds a difference with the
 * given power.
 *
 * @param plan as for {@linkcode power}, with `power` in (0, 1) instead of `n`
 * @returns null when 100,000 are too few
 * @throws {RangeError} when a part of the plan is out of range
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(seedsToDecide({ sd: 0.087, effect: 0.05 }), 26);
 * ```
 */
export function seedsToDecide(
  { sd, effect, power: wanted = 0.8, alpha = 0.05 }: {
    readonly sd: number;
    readonly effect: number;
    readonly power?: number;
    readonly alpha?: number;
  },
): number | null {
  return fewest(wanted, (n) => power({ n, sd, effect, alpha }));
}

/**
 * The fewest seeds, at least three, with which equivalence is found with the given power.
 *
 * @param plan as for {@linkcode equivalencePower}, with `power` in (0, 1) instead of `n`
 * @returns null when 100,000 are too few, as when the effect is as large as the margin
 * @throws {RangeError} when a part of the plan is out of range
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(seedsToBeEquivalent({ sd: 0.05, margin: 0.025 }), 36);
 * ```
 */
export function seedsToBeEquivalent(
  { sd, margin, effect = 0, power: wanted = 0.8, alpha = 0.05 }: {
    readonly sd: number;
    readonly margin: number;
    readonly effect?: number;
    readonly power?: number;
    readonly alpha?: number;
  },
): number | null {
  return fewest(wanted, (n) => equivalencePower({ n, sd, margin, effect, alpha }));
}

/**
 * The fewest runs, at least three, with which the crossed test over a fixed number of tasks finds a
 * difference with the given power. More runs leave what tasks add to the error as it is.
 *
 * @param plan `effect`, `n_tasks`, and the standard deviations that `estimateCrossed` gives
 * @returns null when 100,000 are too few: then more tasks are needed
 * @throws {RangeError} when a part of the plan is out of range
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const spread = { task_sd: 0.1, run_sd: 0.055, residual_sd: 0.15 };
 * assert.equal(runsToDecide({ ...spread, n_tasks: 20, effect: 0.05 }), null);
 * assert.equal(runsToDecide({ ...spread, n_tasks: 80, effect: 0.05 }), 19);
 * ```
 */
export function runsToDecide(
  { n_tasks, task_sd, run_sd, residual_sd, effect, power: wanted = 0.8, alpha = 0.05 }: {
    readonly n_tasks: number;
    readonly task_sd: number;
    readonly run_sd: number;
    readonly residual_sd: number;
    readonly effect: number;
    readonly power?: number;
    readonly alpha?: number;
  },
): number | null {
  const noise = residual_sd ** 2;
  return fewest(wanted, (n) => {
    const error = crossedError({
      tasks: n_tasks,
      runs: n,
      task: noise + n * task_sd ** 2,
      run: noise + n_tasks * run_sd ** 2,
      residual: noise,
    });
    return powerOf({ ...error, effect, alpha });
  });
}

/** The fewest runs with which a power that grows with them reaches what is wanted. */
function fewest(wanted: number, powerAt: (n: number) => number): number | null {
  if (!(wanted > 0 && wanted < 1)) {
    throw new RangeError(`Cannot plan a study as power must lie in (0, 1): got ${wanted}`);
  }
  let [below, enough] = [LEAST_VALUES - 1, LEAST_VALUES];
  while (powerAt(enough) < wanted) {
    if (enough >= 100_000) return null;
    [below, enough] = [enough, Math.min(100_000, 2 * enough)];
  }
  while (enough - below > 1) {
    const middle = Math.floor((below + enough) / 2);
    if (powerAt(middle) < wanted) below = middle;
    else enough = middle;
  }
  return enough;
}

function errorOf({ n, sd }: PlannedStudy): PlannedError {
  if (!Number.isSafeInteger(n) || n < 2) {
    throw new RangeError(`Cannot plan a study as n must be an integer of at least 2: got ${n}`);
  }
  checkPositive("Cannot plan a study", "sd", sd);
  return { standard_error: sd / Math.sqrt(n), df: n - 1 };
}

function checkPlan(standardError: number, alpha: number, most: number): void {
  checkPositive("Cannot plan a study", "standard_error", standardError);
  if (!(alpha > 0 && alpha < most)) {
    throw new RangeError(`Cannot plan a study as alpha must lie in (0, ${most}): got ${alpha}`);
  }
}
