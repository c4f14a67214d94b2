/** Compares the cells of a study with its baseline. */
import type { RunConfig } from "../run/config.ts";
import {
  baselineRows,
  type Compared,
  differenceSentences,
  labelOf,
  toldApartSentences,
} from "./rows/baseline_rows.ts";
import { hasSettings } from "./rows/cell.ts";
import { effectOn } from "./estimate.ts";
import type { Study } from "./study.ts";
import { type ColumnTable, rowsOf, tableOf } from "./table.ts";
import { otherSettings } from "./varying.ts";

/**
 * Compares the cells of a study with its baseline by the study's metric, as `pairedDifferences` does. Pairs have the same task and seed when the metric is a mean over tasks
 * that all seeds share, else the same seed. Where the study declares primary comparisons, p-values are
 * corrected over these, and all others are exploratory.
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
  const { baseline, primary, margin } = study;
  return baseline === null || !rowsOf(study.runs).some((run) => hasSettings(run, baseline))
    ? null
    : differencesTo(study, { baseline, primary, margin });
}

/**
 * Compares the cells of a study with the one of some settings, by the study's metric and paired as in
 * {@linkcode baselineDifferences}.
 *
 * @throws {RangeError} when no run has the settings
 */
export function differencesTo(
  study: Study,
  { primary = [], margin = null, baseline }: Partial<Compared> & {
    readonly baseline: Partial<RunConfig>;
  },
): ColumnTable {
  const { metric, seedsHaveOwnTasks } = study;
  const groupBy = {
    runs: otherSettings(study.runs, []),
    tasks: otherSettings(study.tasks, []),
  };
  const [runs, tasks] = [rowsOf(study.runs), rowsOf(study.tasks)];
  const compared = { baseline, primary, margin };
  const rows = baselineRows({ ...compared, metric, runs, tasks, seedsHaveOwnTasks, groupBy });
  const tier = primary.length === 0 ? [] : ["tier"];
  return tableOf(rows, [...groupBy.runs, ...tier, effectOn(metric).column]);
}

/** What a study compares with what. */
function comparedIn({ baseline, primary, margin }: Study) {
  return { baseline, primary, margin };
}

/** Formats the settings of a study's baseline: `method=shared, n_splits=1`. */
export function baselineLabel({ baseline }: Pick<Study, "baseline">): string {
  return labelOf(baseline);
}

/** What the two values of each pair have in common in a table of {@linkcode baselineDifferences}. */
export function pairingUnit(differences: ColumnTable): "seed" | "task and seed" {
  return differences.columnNames().includes("n_paired_tasks") ? "task and seed" : "seed";
}

/**
 * How a table of {@linkcode baselineDifferences} was made, as sentences for readers of it.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { openStudy } from "./study.ts";
 *
 * const study = await openStudy("n_splits");
 * const [what, holm] = differenceText(study, baselineDifferences(study)!);
 * assert.match(what!, /^Difference to the baseline, n_splits=1, paired on seed, with its 95 % interval/);
 * assert.match(holm!, /^No comparison was declared primary: p_holm is Holm's correction over all 3 rows/);
 * ```
 */
export function differenceText(study: Study, differences: ColumnTable): string[] {
  return differenceSentences(comparedIn(study), rowsOf(differences));
}

/**
 * Which settings a study tells apart from its baseline, and which not, in a sentence for each and with the
 * test that says so; empty where nothing could be tested.
 *
 * @param differences of {@linkcode baselineDifferences}
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { openStudy } from "./study.ts";
 *
 * const study = await openStudy("quick");
 * assert.match(toldApartText(study, baselineDifferences(study)!), /^Told apart from the baseline at 5 % /);
 * ```
 */
export function toldApartText(study: Study, differences: ColumnTable): string {
  return toldApartSentences(comparedIn(study), rowsOf(differences));
}
