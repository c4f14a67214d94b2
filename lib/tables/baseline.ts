import { hasSettings, pairedDifferences } from "./paired.ts";
import { cell, type Study } from "./study.ts";
import { type ColumnTable, escape, type Row, rowsOf } from "./table.ts";

/**
 * Compares the cells of a study with its baseline by the study's metric, as {@linkcode pairedDifferences}
 * does: paired on task and seed where the metric is a mean over tasks that all seeds share, else on the
 * seed.
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

/** The settings of a study's baseline in words: `method=shared, n_splits=1`. */
export function baselineLabel({ baseline }: Study): string {
  return Object.entries(baseline ?? {}).map(([key, value]) => `${key}=${cell(value)}`).join(", ");
}

/** What the differences to a study's baseline are paired on. */
export function pairingUnit(study: Study): "seed" | "task and seed" {
  return pairing(study).unit;
}

/**
 * The table to pair runs in: scores of tasks where the metric is a mean over tasks, else of runs.
 *
 * Where every seed has tasks of its own, tasks of one name are not the same and those of one seed share
 * a training: a seed is then one value, the mean over its tasks, as in the table of runs.
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
