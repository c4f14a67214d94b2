import { pairedDifferences } from "./paired_differences.ts";
import { haveOwnTasks } from "./own_tasks.ts";
import type { RunResult } from "../run/result.ts";
import type { Manifest } from "../sweep/store.ts";
import { type ColumnTable, runsTable, settingCell, taskTable } from "./table.ts";

/** How the cells of a sweep differ from its baseline. */
export interface BaselineDifferences {
  /** As {@linkcode pairedDifferences} makes it; null when no run has the baseline's settings. */
  readonly table: ColumnTable | null;
  /** The baseline's settings in words. */
  readonly baseline: string;
  /** What a pair is: `seed`, or `task and seed` where the metric is a mean over tasks. */
  readonly units: string;
}

/**
 * Compares the cells of a sweep with its baseline, by the sweep's metric.
 *
 * @returns null when the sweep names no baseline
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const sweep = { name: "x", question: "", metric: "score", varying: [], runs: [] } as const;
 * assert.equal(baselineDifferences({ schema: 1, ...sweep, baseline: null }, []), null);
 * const none = baselineDifferences({ schema: 1, ...sweep, baseline: { n_skills: 2 } }, []);
 * assert.deepEqual(none, { table: null, baseline: "n_skills=2", units: "seed" });
 * ```
 */
export function baselineDifferences(
  { metric, baseline }: Manifest,
  results: readonly RunResult[],
): BaselineDifferences | null {
  if (baseline === null) return null;
  const settings = Object.entries(baseline);
  const words = settings.map(([key, value]) => `${key}=${settingCell(value)}`).join(", ");
  const isThere = results.some(({ config }) =>
    settings.every(([key, value]) =>
      JSON.stringify(config[key as keyof typeof config]) === JSON.stringify(value)
    )
  );
  const [table, column, units] = pairedTable(metric, results);
  return {
    table: isThere ? pairedDifferences(table, { metric: column, baseline }) : null,
    baseline: words,
    units,
  };
}

/**
 * The table to pair runs in: scores of tasks where the metric is a mean over tasks, else of runs.
 *
 * Where every seed has tasks of its own, tasks of one name are not the same and those of one seed share
 * a training: a seed is then one value, the mean over its tasks, as in the table of runs.
 */
function pairedTable(
  metric: string,
  results: readonly RunResult[],
): [table: ColumnTable, column: string, units: string] {
  const [, phase, column] = /^(seen|heldout)_(.+)$/.exec(metric) ?? [];
  if ((phase === "seen" || phase === "heldout") && !haveOwnTasks(results)) {
    const tasks = taskTable(results, phase);
    if (tasks.columnNames().includes(column!)) return [tasks, column!, "task and seed"];
  }
  return [runsTable(results), metric, "seed"];
}
