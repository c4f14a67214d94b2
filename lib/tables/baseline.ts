import { hasSettings, pairedDifferences } from "./paired.ts";
import { cell, type Study } from "./study.ts";
import { type ColumnTable, escape, type Row, rowsOf } from "./table.ts";

/**
 * Compares the cells of a study with its baseline by the study's metric, as {@linkcode
 * pairedDifferences} does. Pairs have the same task and seed when the metric is a mean over tasks
 * that all seeds share, else the same seed.
 *
 * @returns null when the study names no baseline, or no run has the baseline's settings
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { openStudy } from "./study.ts";
 *
 * const study = await openStudy("n_splits");
 * assert.deepEqual(baselineDifferences(study)!.array("n_splits").length, 3);
 * assert.equal(baselineLabel(study), "n_splits=1");
 * ```
 */
export function baselineDifferences(study: Study): ColumnTable | null {
  const { baseline, runs } = study;
  if (baseline === null || !rowsOf(runs).some((run) => hasSettings(run, baseline))) return null;
  const { table, metric } = pairing(study);
  return pairedDifferences(table, { metric, baseline });
}

/** Formats the settings of a study's baseline: `method=shared, n_splits=1`. */
export function baselineLabel({ baseline }: Study): string {
  return Object.entries(baseline ?? {}).map(([key, value]) => `${key}=${cell(value)}`).join(", ");
}

/** What the two values of a pair have in common in {@linkcode baselineDifferences}. */
export function pairingUnit(study: Study): "seed" | "task and seed" {
  return pairing(study).unit;
}

/**
 * The table to pair rows of: scores of tasks when the metric is a mean over tasks, else runs.
 *
 * When every seed has its own tasks, tasks of the same name are different, and those of one seed
 * share a training. Then a seed is one value, the mean over its tasks, as in the table of runs.
 */
function pairing({ runs, tasks, metric, seedsHaveOwnTasks }: Study) {
  const [, phase, measure] = /^(seen|heldout)_(.+)$/.exec(metric) ?? [];
  if (measure !== undefined && !seedsHaveOwnTasks && tasks.columnNames().includes(measure)) {
    const table = tasks.filter(escape((row: Row) => row.phase === phase));
    if ([...table.array(measure)].some((value) => value !== null)) {
      return { table, metric: measure, unit: "task and seed" } as const;
    }
  }
  return { table: runs, metric, unit: "seed" } as const;
}
