import type { WorkerTask } from "./message.ts";

/**
 * What to do with runs that have failed in one company: two companies of half the size each, so that what
 * only one of them is the cause of, or what is too large for the device, loses that run alone in the end.
 *
 * @param failed tasks of one company, some or all of its runs
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseRunConfig } from "../../run/config.ts";
 *
 * const tasks = ["a", "b", "c"].map((id) => ({
 *   ...{ dir: "/out", keepAdapter: false, stagesDir: null, company: ["a", "b", "c"] },
 *   run: { id, config: parseRunConfig({}) },
 * }));
 * assert.deepEqual(partCompany(tasks).map(({ company }) => company), [["a", "b"], ["a", "b"], undefined]);
 * ```
 */
export function partCompany<Task extends Companion>(failed: readonly Task[]): InCompany<Task>[] {
  const half = Math.ceil(failed.length / 2);
  return [failed.slice(0, half), failed.slice(half)].flatMap(inCompany);
}

/** What of a task decides its company. */
export type Companion = Pick<WorkerTask, "run" | "stagesDir" | "company">;

/** A task that may have company. */
export type InCompany<Task> = Task & Pick<WorkerTask, "company">;

/** Tasks whose runs are each other's company. */
export function inCompany<Task extends Companion>(tasks: readonly Task[]): InCompany<Task>[] {
  const company = tasks.map(({ run: { id } }) => id);
  return tasks.map(({ company: _, ...task }) =>
    (company.length > 1 ? { ...task, company } : task) as InCompany<Task>
  );
}
