import munkres from "munkres";
import type { RandomStream } from "../util/random.ts";
import { dot, mean } from "../util/vectors.ts";

/** A matrix as an array of rows. */
type Rows = readonly (readonly number[])[];

/** Agreement of learned routing with the true allocation of skills. */
export interface Recovery {
  /** Mean correlation of a true skill with the learned skill matched to it, in [-1, 1]. */
  readonly recovery: number;
  /** Mean of `recovery` over the permutations, which chance alone reaches. */
  readonly recovery_null: number;
  /** F1 score of the skills that are active in the learned routing, in [0, 1]. */
  readonly recovery_f1: number;
  /** Probability of a `recovery` at least as high if learned and true skills were independent. */
  readonly recovery_p: number;
}

/** Settings of {@linkcode recoveryOf}. */
export interface RecoveryOptions {
  /** Number of permutations of the tasks for the null. */
  readonly permutations: number;
  /** Random stream of the permutations. */
  readonly stream: RandomStream;
}

/**
 * Compares learned routing with the known allocation. Letters: `T` tasks, `S` learned and `P` true
 * skills.
 *
 * For each layer and split, learned skills are matched one to one to true skills so that the
 * correlations over tasks of their columns have the largest sum; the results are means over layers
 * and splits. A column that is the same for every task correlates with nothing: as a learned skill
 * it counts 0, as a true skill it is left out. A true skill without a partner also counts 0. A
 * learned skill is active in a task when its weight is at least half the task's largest; F1 counts
 * every task and true skill.
 *
 * For the null, the rows of the truth are permuted over the tasks and everything is matched again;
 * `recovery_p` is (1 + permutations at least as good) / (1 + permutations), which is never 0.
 *
 * Source: the comparison with expert allocations of Ponti et al. 2022, arXiv 2202.13914
 *
 * @param learned mixing weights of each layer and split; at least one matrix, shape `[T, S]`; S may
 * differ between them
 * @param truth amount of each true skill that each task takes; shape `[T, P]`
 * @returns null when no true skill distinguishes tasks, as with a single task
 * @throws {RangeError} when shapes do not match, a number is not finite, or there are no
 * permutations
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { randomStream } from "../util/random.ts";
 *
 * const truth = [[1, 0], [0, 1], [1, 0], [0, 1], [1, 0], [1, 1], [0, 1]];
 * const learned = truth.map(([a, b]) => [0.9 * b! + 0.1, 0, 0.9 * a! + 0.1]);
 * const found = recoveryOf([learned], truth, {
 *   permutations: 99,
 *   stream: randomStream(0, "recovery"),
 * })!;
 * assert.ok(found.recovery > 0.999 && found.recovery_f1 === 1 && found.recovery_p < 0.1);
 * ```
 */
export function recoveryOf(
  learned: readonly Rows[],
  truth: Rows,
  { permutations, stream }: RecoveryOptions,
): Recovery | null {
  check(learned, truth, permutations);
  const trueSkills = columns(truth).filter((column) => column.some((value) => value !== column[0]));
  if (trueSkills.length === 0) return null;
  const routers = learned.map((weights) => ({
    standardized: columns(weights).map(standardize),
    active: columns(weights.map(activeSkills)),
  }));
  const scores = (truth: Rows) => {
    const standardized = truth.map(standardize);
    return routers.map((router) => match(router.standardized, standardized));
  };

  const matches = scores(trueSkills);
  const recovery = mean(matches.map(({ correlation }) => correlation));
  let [asGood, sum] = [0, 0];
  for (let i = 0; i < permutations; i++) {
    const tasks = stream.shuffle(truth.map((_, task) => task));
    const dealt = trueSkills.map((column) => tasks.map((task) => column[task]!));
    const found = mean(scores(dealt).map(({ correlation }) => correlation));
    sum += found;
    // A permutation that changes nothing may differ by rounding.
    if (found >= recovery - 1e-12) asGood++;
  }
  return {
    recovery,
    recovery_null: sum / permutations,
    recovery_f1: mean(
      routers.map(({ active }, i) => f1(active, trueSkills, matches[i]!.partners)),
    ),
    recovery_p: (1 + asGood) / (1 + permutations),
  };
}

function check(learned: readonly Rows[], truth: Rows, permutations: number): void {
  const action = "Cannot compare routing with the true allocation as";
  if (learned.length === 0) throw new RangeError(`${action} there must be at least one routing`);
  if (truth.length === 0) throw new RangeError(`${action} there must be at least one task`);
  if (!Number.isSafeInteger(permutations) || permutations < 1) {
    throw new RangeError(`${action} permutations must be at least 1: got ${permutations}`);
  }
  for (const [i, rows] of [truth, ...learned].entries()) {
    const what = i === 0 ? "the truth" : `routing ${i - 1}`;
    if (rows.length !== truth.length) {
      throw new RangeError(`${action} ${what} has ${rows.length} tasks, the truth ${truth.length}`);
    }
    for (const [task, row] of rows.entries()) {
      if (row.length !== rows[0]!.length || row.length === 0) {
        throw new RangeError(
          `${action} ${what} has ${
            rows[0]!.length
          } skills for task 0 and ${row.length} for task ${task}`,
        );
      }
      const wild = row.find((value) => !Number.isFinite(value));
      if (wild !== undefined) {
        throw new RangeError(
          `${action} weights must be finite: ${what} has ${wild} for task ${task}`,
        );
      }
    }
  }
}

/** The learned skill matched to each true one, or null; and the mean of their correlations. */
function match(
  learned: Rows,
  truth: Rows,
): { readonly partners: readonly (number | null)[]; readonly correlation: number } {
  const correlations = truth.map((a) => learned.map((b) => dot(a, b)));
  const partners = new Array<number | null>(truth.length).fill(null);
  let sum = 0;
  // The smallest sum of costs is the largest sum of correlations.
  for (const [skill, partner] of munkres(correlations.map((row) => row.map((r) => 1 - r)))) {
    partners[skill] = partner;
    sum += correlations[skill]![partner]!;
  }
  return { partners, correlation: sum / truth.length };
}

function f1(active: Rows, truth: Rows, partners: readonly (number | null)[]): number {
  let [both, either] = [0, 0];
  for (const [skill, needed] of truth.entries()) {
    const partner = partners[skill] ?? null;
    for (const [task, amount] of needed.entries()) {
      const isActive = partner !== null && active[partner]![task] === 1;
      both += isActive && amount > 0 ? 2 : 0;
      either += Number(isActive) + Number(amount > 0);
    }
  }
  return either === 0 ? 0 : both / either;
}

function activeSkills(row: readonly number[]): number[] {
  const largest = Math.max(...row);
  return row.map((weight) => Number(weight > 0 && weight >= largest / 2));
}

/** Values minus their mean, scaled to length 1; zeros when all are equal. */
function standardize(values: readonly number[]): number[] {
  const center = mean(values);
  const centered = values.map((value) => value - center);
  const length = Math.sqrt(dot(centered, centered));
  // The mean of equal values may be off by rounding, so the length alone does not reveal them.
  const isConstant = length === 0 || values.every((value) => value === values[0]);
  return centered.map((value) => isConstant ? 0 : value / length);
}

function columns(rows: Rows): number[][] {
  return rows[0]!.map((_, column) => rows.map((row) => row[column]!));
}
