import type { RunResult } from "../run/result.ts";

/**
 * Whether every seed has generated tasks of its own, so that tasks of one name are different in runs of
 * different seeds. A study's `task_seed` gives all seeds the same; tasks from files are what their name
 * says.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { sampleResults } from "../testing/samples/sample_results.ts";
 *
 * assert.equal(haveOwnTasks(sampleResults({ seed: [0, 1] })), true);
 * assert.equal(haveOwnTasks(sampleResults({ seed: [0] })), false);
 * ```
 */
export function haveOwnTasks(results: readonly Pick<RunResult, "config">[]): boolean {
  const generated = results.filter(({ config: { suite, task_seed } }) =>
    (suite === "skills" || suite === "planted") && (task_seed ?? null) === null
  );
  return new Set(generated.map(({ config }) => config.seed)).size > 1;
}
