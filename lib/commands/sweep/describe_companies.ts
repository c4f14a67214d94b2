import { type BatchRuns, companiesOf } from "../../sweep/companies.ts";
import type { PlannedRun } from "../../sweep/plan/sweep.ts";
import { counted } from "../../util/words.ts";

/**
 * Which runs of a sweep are trained in the same batches, as a sentence.
 *
 * @returns null when each is alone
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseRunConfig } from "../../run/config.ts";
 *
 * const runs = [2, 3, 4, 5].map((n_skills) => ({
 *   id: `${n_skills}`,
 *   config: parseRunConfig({ n_skills, r: n_skills === 5 ? 8 : 4 }),
 * }));
 * assert.equal(
 *   describeCompanies(runs, null, () => 8),
 *   "Batches: 3 runs are trained in 1 batch, and 1 run alone.",
 * );
 * assert.equal(describeCompanies(runs, null, () => 1), null);
 * ```
 */
export function describeCompanies(
  runs: readonly PlannedRun[],
  stagesDir: string | null,
  batchRuns: BatchRuns,
): string | null {
  const tasks = companiesOf(runs.map((run) => ({ run, stagesDir })), batchRuns);
  const companies = tasks.flatMap(({ company }) => company === undefined ? [] : [`${company}`]);
  if (companies.length === 0) return null;
  const [joined, alone] = [companies.length, tasks.length - companies.length];
  const batches = counted(new Set(companies).size, "batch", "batches");
  return `Batches: ${counted(joined, "run")} are trained in ${batches}` +
    `${alone === 0 ? "" : `, and ${counted(alone, "run")} alone`}.`;
}
