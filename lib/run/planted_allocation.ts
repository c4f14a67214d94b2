import type { RandomStream } from "../util/random.ts";

/** Numbers of tasks, and of skills that one task may have. */
export interface PlantedSizes {
  /** Tasks to train on; at least 1. */
  readonly n_tasks: number;
  /** Tasks held out; at least two training tasks when there are any. */
  readonly n_heldout_tasks: number;
  /** Most skills of a training task; held-out tasks have at least two. */
  readonly max_skills: number;
}

/**
 * Draws which skills each task has. The first training tasks have one skill each, so that every skill
 * can be told from the others; the rest are drawn from all combinations but those reserved, each as
 * often as any other. Held-out tasks combine skills in ways that no training task does.
 *
 * @param nSkills skills in the inventory; fewer are used when there are fewer training tasks
 * @returns a 0/1 matrix `[T, S]`, training tasks first
 * @throws {RangeError} when `max_skills` is out of range, or one skill alone is to be combined anew
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { randomStream } from "../util/random.ts";
 *
 * const sizes = { n_tasks: 9, n_heldout_tasks: 2, max_skills: 2 };
 * const rows = plantedAllocation(sizes, 4, randomStream(0, "tasks"));
 * const training = new Set(rows.slice(0, 9).map(String));
 * assert.ok(rows.slice(9).every((row) => !training.has(String(row))));
 * ```
 */
export function plantedAllocation(
  { n_tasks, n_heldout_tasks, max_skills }: PlantedSizes,
  nSkills: number,
  random: RandomStream,
): number[][] {
  if (!Number.isSafeInteger(max_skills) || max_skills < 1 || max_skills > nSkills) {
    throw new RangeError(
      `Cannot plant skills as max_skills must be in [1, ${nSkills}]: got ${max_skills}`,
    );
  }
  const S = Math.min(nSkills, n_tasks);
  if (S < 2 && n_heldout_tasks > 0) {
    throw new RangeError(
      `Cannot hold tasks out as one skill has no new combination: ` +
        `raise n_tasks to 2, or set n_heldout_tasks to 0`,
    );
  }
  const all = random.shuffle(combinations(S, Math.max(2, max_skills)));
  const several = all.filter((row) => countOf(row) > 1);
  const reserved = n_heldout_tasks === 0 ? [] : several.slice(0, Math.ceil(several.length / 2));
  const singles = all.filter((row) => countOf(row) === 1);
  const allowed = all.filter((row) => countOf(row) <= max_skills && !reserved.includes(row));
  return [
    ...singles,
    ...Array.from({ length: n_tasks - S }, (_, i) => allowed[i % allowed.length]!),
    ...Array.from({ length: n_heldout_tasks }, (_, i) => reserved[i % reserved.length]!),
  ];
}

/** Every row of 0 and 1 with at least one 1 and at most `most`. */
function combinations(S: number, most: number): number[][] {
  return Array.from(
    { length: 2 ** S },
    (_, bits) => Array.from({ length: S }, (_, skill) => (bits >> skill) & 1),
  )
    .filter((row) => countOf(row) > 0 && countOf(row) <= most);
}

function countOf(row: readonly number[]): number {
  return row.reduce((sum, value) => sum + value, 0);
}
