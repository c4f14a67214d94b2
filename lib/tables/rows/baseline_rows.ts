/** The work of `baselineDifferences` on plain rows, which the script of the report's page does too. */
import type { RunConfig } from "../../run/config.ts";
import type { Cell, Row } from "../table.ts";
import { cell } from "./cell.ts";
import { MEASURES, pairedRows } from "./paired_rows.ts";

/** What is compared with what. */
export interface Compared {
  /** Settings of the baseline; null where there is none. */
  readonly baseline: Readonly<Record<string, unknown>> | null;
  /** Settings whose comparison was declared primary; empty where none was. */
  readonly primary: readonly Readonly<Record<string, unknown>>[];
  /** The smallest difference of interest; null where none was declared. */
  readonly margin: number | null;
}

/** The rows to compare. */
export interface ComparedRows extends Compared {
  readonly metric: string;
  /** One for each run. */
  readonly runs: readonly Row[];
  /** One for each run, task and draw of examples. */
  readonly tasks: readonly Row[];
  /** Whether tasks of one name are different tasks in runs of different seeds. */
  readonly seedsHaveOwnTasks: boolean;
  /** Columns that form groups, in the table of runs and in that of tasks. */
  readonly groupBy: { readonly runs: readonly string[]; readonly tasks: readonly string[] };
}

/**
 * The differences of `baselineDifferences`, one row for each group other than the baseline.
 *
 * @throws what `pairedDifferences` throws
 */
export function baselineRows(
  { baseline, primary, margin, metric, runs, tasks, seedsHaveOwnTasks, groupBy }: ComparedRows,
): Row[] {
  const options = {
    baseline: baseline as Partial<RunConfig>,
    primary: primary.length === 0 ? undefined : primary as readonly Partial<RunConfig>[],
    margin: margin ?? undefined,
  };
  const scores = scoresOfTasks(tasks, metric, seedsHaveOwnTasks);
  if (scores !== null) {
    const rows = pairedRows(scores.rows, {
      ...options,
      metric: scores.measure,
      groupBy: groupBy.tasks,
    });
    // Where seeds have drawn different tasks from files, a seed is one value again.
    if (unitOf(rows) === "task and seed") return rows;
  }
  return pairedRows(runs, { ...options, metric, groupBy: groupBy.runs });
}

/**
 * The rows to pair when the metric is a mean over tasks that all seeds share; null where runs are paired.
 *
 * When every seed has its own tasks, tasks of the same name are different, and those of one seed
 * share a training. Then a seed is one value, the mean over its tasks, as in the table of runs.
 */
function scoresOfTasks(tasks: readonly Row[], metric: string, seedsHaveOwnTasks: boolean) {
  const [, phase, measure] = /^(seen|heldout)_(.+)$/.exec(metric) ?? [];
  if (measure === undefined || seedsHaveOwnTasks) return null;
  const rows = tasks.filter((row) => row.phase === phase);
  const hasValues = rows.some((row) => (row[measure] ?? null) !== null);
  return hasValues ? { rows, measure } : null;
}

/** Formats the settings of a baseline: `method=shared, n_splits=1`. */
export function labelOf(baseline: Compared["baseline"]): string {
  return Object.entries(baseline ?? {}).map(([key, value]) => `${key}=${cell(value) as Cell}`)
    .join(", ");
}

/** What the two values of each pair have in common. */
export function unitOf(rows: readonly Row[]): "seed" | "task and seed" {
  return rows.some((row) => "n_paired_tasks" in row) ? "task and seed" : "seed";
}

/** How the rows were made, as sentences for their readers. */
export function differenceSentences(of: Compared, rows: readonly Row[]): string[] {
  const isRatio = rows.some((row) => "ratio" in row);
  const unit = unitOf(rows);
  const how = unit === "seed" ? "" : ", tasks and seeds being crossed random effects";
  return [
    `${isRatio ? "Ratio" : "Difference"} to the baseline, ${
      labelOf(of.baseline)
    }, paired on ${unit}, with its 95 % interval and p of one method${how}.` +
    (isRatio ? " The mean is the geometric one; 1 is no difference." : ""),
    holmSentence(of, rows),
    planSentence(of, isRatio, unit === "task and seed"),
  ];
}

/** Probability of calling two settings different when they are not. */
export const ALPHA = 0.05;

/** Which settings are told apart from the baseline, and which not; empty where nothing could be tested. */
export function toldApartSentences({ primary }: Compared, rows: readonly Row[]): string {
  const tested = rows.filter(({ p }) => typeof p === "number");
  if (tested.length === 0) {
    return rows.length === 0
      ? ""
      : "Nothing can be told apart: fewer than three seeds, or no spread.";
  }
  const test = unitOf(rows) === "seed"
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
function planSentence({ margin }: Compared, isRatio: boolean, isCrossed: boolean): string {
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
export function holmSentence({ primary }: Compared, rows: readonly Row[]): string {
  if (primary.length === 0) {
    const all = rows.length === 1 ? "the one row" : `all ${rows.length} rows`;
    return `No comparison was declared primary: p_holm is Holm's correction over ${all}.`;
  }
  const family = rows.filter(({ tier }) => tier === "primary").length;
  const many = family === 1 ? "one comparison" : `${family} comparisons`;
  return `p_holm is Holm's correction over the ${many} declared primary; all others are exploratory, ` +
    `with their raw p.`;
}
