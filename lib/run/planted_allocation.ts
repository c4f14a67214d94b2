import type { RandomStream } from "../util/random.ts";

/** Numbers of tasks and of skills, and how many skills one task may have. */
export interface PlantedSizes {
  /** Tasks to train on; at least 1. */
  readonly n_tasks: number;
  /** Tasks held out; at least two training tasks when there are any. */
  readonly n_heldout_tasks: number;
  /** Skills in the inventory; no more are used than there are training tasks. */
  readonly teacher_n_skills: number;
  /** Fewest skills of a task. */
  readonly min_skills: number;
  /** Most skills of a training task; held-out tasks have at least two. */
  readonly max_skills: number;
}

/**
 * Draws which skills each task has, so that no two tasks have the same. The first training tasks have as
 * few skills as any and show every skill once: one skill each where `min_skills` is 1, so that every
 * skill can be told from the others. Held-out tasks and then the other training tasks are drawn from the
 * combinations that are left, each as likely as any other; held-out tasks combine at least two skills.
 *
 * @returns a 0/1 matrix `[T, S]`, training tasks first
 * @throws {RangeError} when `min_skills` or `max_skills` is out of range, one skill alone is to be
 * combined anew, or there are fewer combinations than tasks
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { randomStream } from "../util/random.ts";
 *
 * const tasks = { n_tasks: 12, n_heldout_tasks: 8 };
 * const skills = { teacher_n_skills: 6, min_skills: 1, max_skills: 2 };
 * const rows = plantedAllocation({ ...tasks, ...skills }, randomStream(0, "tasks"));
 * assert.equal(new Set(rows.map(String)).size, 20);
 * ```
 */
export function plantedAllocation(sizes: PlantedSizes, random: RandomStream): number[][] {
  const { n_tasks, n_heldout_tasks, teacher_n_skills, min_skills, max_skills } = sizes;
  checkSkills(sizes);
  const S = Math.min(teacher_n_skills, n_tasks);
  const all = random.shuffle(combinations(S, min_skills, Math.max(2, max_skills)));
  checkCombinations(sizes, S, all);
  const first = showingAll(all.filter((row) => countOf(row) === min_skills));
  const others = all.filter((row) => !first.includes(row));
  const heldOut = others.filter((row) => countOf(row) > 1).slice(0, n_heldout_tasks);
  const rest = others.filter((row) => countOf(row) <= max_skills && !heldOut.includes(row));
  return [...first, ...rest.slice(0, n_tasks - first.length), ...heldOut];
}

function checkSkills({ teacher_n_skills, min_skills, max_skills }: PlantedSizes): void {
  for (
    const [key, value, most] of [
      ["max_skills", max_skills, teacher_n_skills],
      ["min_skills", min_skills, max_skills],
    ] as const
  ) {
    if (Number.isSafeInteger(value) && value >= 1 && value <= most) continue;
    throw new RangeError(`Cannot plant skills as ${key} must be in [1, ${most}]: got ${value}`);
  }
}

/** Fails when there are fewer combinations than tasks, as some would be the same function. */
function checkCombinations(sizes: PlantedSizes, S: number, all: readonly number[][]): void {
  const { n_tasks, n_heldout_tasks, teacher_n_skills, min_skills, max_skills } = sizes;
  if (S < 2 && n_heldout_tasks > 0) {
    throw new RangeError(
      `Cannot hold tasks out as one skill has no new combination: ` +
        `set n_tasks and teacher_n_skills to 2 or more, or n_heldout_tasks to 0`,
    );
  }
  const refuse = (keys: string, from: number, to: number, most: number, got: number): void => {
    if (got <= most) return;
    const skills = from === to ? `${to}` : `${from} to ${to}`;
    throw new RangeError(
      `Cannot plant tasks that all differ as ${keys} must be at most ${most}, the ways to combine ` +
        `${skills} of ${S} skills: got ${got}; ` +
        (S < teacher_n_skills
          ? "train on more tasks, of which each brings a skill, or hold fewer out"
          : "set fewer tasks, or more of teacher_n_skills or max_skills"),
    );
  };
  // Held-out tasks have two skills at least: with one in each training task they share no combinations.
  if (max_skills === 1) {
    refuse("n_tasks", 1, 1, S, n_tasks);
    refuse("n_heldout_tasks", 2, 2, all.length - S, n_heldout_tasks);
    return;
  }
  const got = n_tasks + n_heldout_tasks;
  refuse("n_tasks + n_heldout_tasks", min_skills, max_skills, all.length, got);
}

/** Rows taken one after the other, each with a skill that those before it do not have. */
function showingAll(rows: readonly number[][]): number[][] {
  const shown = new Set<number>();
  return rows.filter((row) => {
    const before = shown.size;
    row.forEach((value, skill) => value === 1 && shown.add(skill));
    return shown.size > before;
  });
}

/** Every row of 0 and 1 with at least `least` and at most `most` times 1. */
function combinations(S: number, least: number, most: number): number[][] {
  return Array.from(
    { length: 2 ** S },
    (_, bits) => Array.from({ length: S }, (_, skill) => (bits >> skill) & 1),
  )
    .filter((row) => countOf(row) >= least && countOf(row) <= most);
}

function countOf(row: readonly number[]): number {
  return row.reduce((sum, value) => sum + value, 0);
}
