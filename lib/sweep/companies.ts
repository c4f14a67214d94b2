import { batchKey } from "../run/company/batch_key.ts";
import type { RunConfig } from "../run/config.ts";
import { multiTaskText } from "../run/stages/facts.ts";
import { type Companion, type InCompany, inCompany } from "./workers/part_company.ts";

/** How many runs like one of these settings are trained in the same batches, at most. */
export type BatchRuns = (config: RunConfig) => number;

/**
 * Tasks of which those whose runs fit one batch name each other as company, in as few and as equal companies
 * as can be. Runs that share their multi-task phase are not in one: the first trains it for all.
 *
 * @returns the tasks, those of a company one behind another
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseRunConfig } from "../run/config.ts";
 *
 * const tasks = [2, 3, 4, 5].map((n_skills) => ({
 *   ...{ dir: "/out", keepAdapter: false, stagesDir: null },
 *   run: { id: `${n_skills}`, config: parseRunConfig({ n_skills, r: n_skills === 5 ? 8 : 4 }) },
 * }));
 * const companies = companiesOf(tasks, () => 2).map(({ company }) => company);
 * assert.deepEqual(companies, [["2", "3"], ["2", "3"], undefined, undefined]);
 * ```
 */
export function companiesOf<Task extends Companion>(
  tasks: readonly Task[],
  batchRuns: BatchRuns,
): InCompany<Task>[] {
  const trained = new Set<string>();
  const keyOf = ({ run: { id, config }, stagesDir }: Task) => {
    const key = batchRuns(config) < 2 ? null : batchKey(config);
    if (key === null) return `alone ${id}`;
    const text = multiTaskText(config);
    if (stagesDir !== null && trained.has(text)) return `alone ${id}`;
    trained.add(text);
    return key;
  };
  return [...Map.groupBy(tasks, keyOf).values()].flatMap((alike) => {
    const companies = Math.ceil(alike.length / Math.max(1, batchRuns(alike[0]!.run.config)));
    const size = Math.ceil(alike.length / companies);
    return Array.from({ length: companies }, (_, i) => alike.slice(i * size, (i + 1) * size))
      .flatMap(inCompany);
  });
}
