import { hasSettings, MEASURES, pairedDifferences, type PairedOptions } from "./paired.ts";
import { cell, type Study } from "./study.ts";
import { type ColumnTable, escape, type Row, rowsOf } from "./table.ts";

/**
 * Compares the cells of a study with its baseline by the study's metric, as {@linkcode
 * pairedDifferences} does. Pairs have the same task and seed when the metric is a mean over tasks
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
  const { baseline, runs } = study;
  if (baseline === null || !rowsOf(runs).some((run) => hasSettings(run, baseline))) return null;
  const primary = study.primary.length === 0 ? undefined : study.primary;
  return differencesTo(study, { baseline, primary, margin: study.margin ?? undefined });
}

/**
 * Compares the cells of a study with the one of some settings, by the study's metric and paired as in
 * {@linkcode baselineDifferences}.
 */
export function differencesTo(
  study: Study,
  options: Omit<PairedOptions, "metric" | "groupBy" | "higherIsBetter">,
): ColumnTable {
  const scores = scoresOfTasks(study);
  if (scores !== null) {
    const { table, metric } = scores;
    const differences = pairedDifferences(table, { ...options, metric });
    // Where seeds have drawn different tasks from files, a seed is one value again.
    if (pairingUnit(differences) === "task and seed") return differences;
  }
  return pairedDifferences(study.runs, { ...options, metric: study.metric });
}

/** Formats the settings of a study's baseline: `method=shared, n_splits=1`. */
export function baselineLabel({ baseline }: Study): string {
  return Object.entries(baseline ?? {}).map(([key, value]) => `${key}=${cell(value)}`).join(", ");
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
  const isRatio = differences.columnNames().includes("ratio");
  const unit = pairingUnit(differences);
  const how = unit === "seed" ? "" : ", tasks and seeds being crossed random effects";
  return [
    `${isRatio ? "Ratio" : "Difference"} to the baseline, ${
      baselineLabel(study)
    }, paired on ${unit}, with its 95 % interval and p of one method${how}.` +
    (isRatio ? " The mean is the geometric one; 1 is no difference." : ""),
    holmText(study, differences),
    planText(study, isRatio, unit === "task and seed"),
  ];
}

/** Probability of calling two settings different when they are not. */
export const ALPHA = 0.05;

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
export function toldApartText({ primary }: Study, differences: ColumnTable): string {
  const rows = rowsOf(differences);
  const tested = rows.filter(({ p }) => typeof p === "number");
  if (tested.length === 0) {
    return rows.length === 0
      ? ""
      : "Nothing can be told apart: fewer than three seeds, or no spread.";
  }
  const test = pairingUnit(differences) === "seed"
    ? "the t-test of paired seeds"
    : "the crossed test over tasks and seeds";
  const corrected = primary.length === 0
    ? "after Holm's correction"
    : "after Holm's correction where primary, without where exploratory";
  const isApart = (row: Row) => Number(row.p_holm ?? row.p) < ALPHA;
  const settings = (row: Row) => Object.keys(row).filter((key) => !MEASURES.includes(key));
  const names = (some: readonly Row[]) =>
    some.length === 0
      ? "none"
      : some.map((row) => settings(row).map((key) => `${key}=${row[key]}`).join(" ")).join("; ");
  const apart = tested.filter(isApart);
  const alike = rows.filter((row) => !apart.includes(row));
  return `Told apart from the baseline at 5 % by ${test}, ${corrected}: ${names(apart)}. ` +
    `Not told apart, which does not say that they are equal: ${names(alike)}.`;
}

/** What the columns dz, power and seeds_to_decide say. */
function planText({ margin }: Study, isRatio: boolean, isCrossed: boolean): string {
  const dz =
    `dz is the mean ${isRatio ? "log ratio" : "difference"} over the standard deviation of ` +
    `a single seed's`;
  const never = isCrossed ? ", missing where no number of seeds on these tasks would" : "";
  const least = isRatio ? `a ratio of ${1 + margin!}` : `a difference of ${margin}`;
  return margin === null
    ? `${dz}; seeds_to_decide is how many would find such an effect in four cases of five${never}.`
    : `${dz}; power is the chance that so many seeds find ${least}, the smallest of interest, and ` +
      `seeds_to_decide how many would find it in four cases of five${never}.`;
}

/** What the p-values of a study's differences are corrected over. */
export function holmText({ primary }: Study, differences: ColumnTable): string {
  if (primary.length === 0) {
    const rows = differences.numRows() === 1 ? "the one row" : `all ${differences.numRows()} rows`;
    return `No comparison was declared primary: p_holm is Holm's correction over ${rows}.`;
  }
  const family = rowsOf(differences).filter(({ tier }) => tier === "primary").length;
  const many = family === 1 ? "one comparison" : `${family} comparisons`;
  return `p_holm is Holm's correction over the ${many} declared primary; all others are exploratory, ` +
    `with their raw p.`;
}

/**
 * The table to pair rows of: scores of tasks when the metric is a mean over tasks that all seeds share,
 * else runs.
 *
 * When every seed has its own tasks, tasks of the same name are different, and those of one seed
 * share a training. Then a seed is one value, the mean over its tasks, as in the table of runs.
 */
function scoresOfTasks({ tasks, metric, seedsHaveOwnTasks }: Study) {
  const [, phase, measure] = /^(seen|heldout)_(.+)$/.exec(metric) ?? [];
  if (measure === undefined || seedsHaveOwnTasks) return null;
  if (!tasks.columnNames().includes(measure)) return null;
  const table = tasks.filter(escape((row: Row) => row.phase === phase));
  const hasValues = [...table.array(measure)].some((value) => value !== null);
  return hasValues ? { table, metric: measure } : null;
}
