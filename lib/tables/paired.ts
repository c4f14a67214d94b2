/**
 * Estimates differences from a baseline in pairs of the same seed and task, which removes the
 * differences between seeds and between tasks.
 */
import type { RunConfig } from "../run/config.ts";
import { estimateCrossed } from "../statistics/crossed.ts";
import { holm } from "../statistics/holm.ts";
import { estimateMean, signsOf } from "../statistics/mean.ts";
import { mean } from "../util/vectors.ts";
import { bestFirst, directionOf } from "./direction.ts";
import { type Effect, effectOn, shownEstimate } from "./estimate.ts";
import { groupBySettings, groupingOf, metricOf, type SettingGroup } from "./groups.ts";
import { IDENTITY_COLUMNS } from "./identity.ts";
import { planOf } from "./plan.ts";
import { cell, runsAndMetric, type Study } from "./study.ts";
import { type ColumnTable, type Row, tableOf } from "./table.ts";

/** Columns of a table of {@linkcode pairedDifferences} that are no settings. */
export const MEASURES: readonly string[] = [
  ...[
    "tier",
    "difference",
    "ratio",
    "low",
    "high",
    "dz",
    "power",
    "seeds_to_decide",
    "wins",
    "ties",
  ],
  ...["losses", "n", "n_paired_tasks", "n_missing", "p", "p_holm"],
];

/** Settings of {@linkcode pairedDifferences}. */
export interface PairedOptions {
  /** Column to compare by; when absent, the study's metric. */
  readonly metric?: string;
  /**
   * Settings of the baseline. When one group has them, all others are compared with it; when
   * several have, each other group is compared with the one that equals it in every other setting. A
   * group is never compared with one of other data or code: then its values are without a partner.
   */
  readonly baseline: Partial<RunConfig>;
  /**
   * Columns that form groups; when absent, every setting that varies, except the seed. Runs that were
   * computed from other data, by other code or on another kind of machine form groups of their own.
   */
  readonly groupBy?: readonly string[];
  /** Whether larger values are better; when absent, as the metric is declared. */
  readonly higherIsBetter?: boolean;
  /**
   * Settings of the groups whose comparison was declared primary before the runs. P-values are corrected
   * over these alone, and all others are exploratory; when absent, over all rows.
   */
  readonly primary?: readonly Partial<RunConfig>[] | undefined;
  /**
   * The smallest difference of interest, in the metric's units; where ratios of the metric count, as a
   * share of it: 0.1 is 10 %. With it rows have a `power`.
   */
  readonly margin?: number | undefined;
}

/**
 * One row per group of settings other than the baseline, best first: the mean `difference` of the
 * metric from the baseline's, in pairs of the same seed, and of the same task and draw of examples
 * when the table has them. Losses and other metrics on a logarithmic scale are compared by their
 * `ratio` to the baseline's in place of a difference, as its geometric mean.
 *
 * The interval from `low` to `high` and the two-sided `p` come from one method, so that p is below 5 %
 * just when the interval leaves out 0, or the ratio 1. With one row per run it is Student's t over the
 * seeds. With tasks that all seeds share, tasks and seeds are crossed random effects, as the
 * multi-task training of a seed is shared by all its tasks: then the row has `n_paired_tasks` too. Tasks that
 * seeds do not share give one value a seed, their mean. Fewer than three seeds have neither interval
 * nor p, and a difference of two digits that is not ranked.
 *
 * `dz` is the mean over the standard deviation of one seed, and `seeds_to_decide` the seeds that find
 * the smallest difference of interest, or one as large as this, in four cases of five: see
 * {@linkcode planOf}. `wins`, `ties` and `losses` count the `n` seeds; where more of the metric is neither better nor worse,
 * nothing wins or loses, and rows are in the order of settings. `p_holm` is corrected for the number of
 * rows, or for the primary ones: then `tier` says which rows these are. `n_missing` counts values
 * without a partner: not run yet, failed, diverged or stalled on either side; and pairs that have no
 * ratio.
 *
 * @param of a study, whose runs are compared; or a table with one row per run, or per run and task
 * @throws {RangeError} when a column does not exist, no group has the baseline's settings, or two
 * rows of one group have the same seed and task
 * @throws {TypeError} when a table comes without a metric
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { rowsOf, tableOf } from "./table.ts";
 *
 * const runs = tableOf([
 *   { status: "done", method: "shared", seed: 0, seen_rouge_l: 0.25 },
 *   { status: "done", method: "shared", seed: 1, seen_rouge_l: 0.5 },
 *   { status: "done", method: "poly", seed: 0, seen_rouge_l: 0.5 },
 *   { status: "done", method: "poly", seed: 1, seen_rouge_l: 0.75 },
 * ]);
 * const [row] = rowsOf(
 *   pairedDifferences(runs, { metric: "seen_rouge_l", baseline: { method: "shared" } }),
 * );
 * assert.deepEqual([row!.method, row!.difference, row!.wins, row!.n], ["poly", 0.25, 2, 2]);
 * assert.equal(row!.p, null);
 * ```
 */
export function pairedDifferences(
  of: Study | ColumnTable,
  { baseline, primary, margin, ...options }: PairedOptions,
): ColumnTable {
  const { runs, metric } = runsAndMetric(of, options.metric);
  const direction = directionOf(metric, options.higherIsBetter);
  const effect = effectOn(metric);
  const groupBy = groupingOf(runs, options.groupBy);
  const groups = groupBySettings(runs, groupBy);
  const references = groups.filter(({ rows }) => hasSettings(rows[0]!, baseline));
  if (references.length === 0 && groups.length > 0) {
    throw new RangeError(
      `Cannot compare with the baseline as no run has ${JSON.stringify(baseline)}: ` +
        `name settings that some runs have`,
    );
  }
  const paired = groups.filter((group) => !references.includes(group)).map((group) => ({
    group,
    ...pair(group, partner(group, references, baseline), metric, effect),
  }));
  const isCrossed = runs.columnNames().includes("task") &&
    paired.every(({ cells }) => crosses(cells));
  const isPrimary = ({ rows }: SettingGroup) =>
    primary === undefined || primary.some((settings) => hasSettings(rows[0]!, settings));
  const compared = paired.map(({ group, cells, missing }) => {
    const seeds = perSeed(cells);
    const found = isCrossed ? estimateCrossed(taskBySeed(cells)) : estimateMean(seeds);
    const { n_above, n_equal, n_below } = signsOf(seeds);
    return {
      settings: group.settings,
      isPrimary: isPrimary(group),
      p: found.p,
      row: {
        [effect.column]: shownEstimate(effect.shown(found.estimate), found.n),
        low: effect.shown(found.low),
        high: effect.shown(found.high),
        ...planOf(found, margin === undefined ? null : effect.least(margin)),
        wins: direction === null ? null : direction === 1 ? n_above : n_below,
        ties: n_equal,
        losses: direction === null ? null : direction === 1 ? n_below : n_above,
        n: found.n,
        ...(isCrossed ? { n_paired_tasks: cells.size } : {}),
        n_missing: missing,
        p: found.p,
      },
    };
  });
  const corrected = holm(compared.map(({ p, isPrimary }) => isPrimary ? p : null));
  const rows = compared.map(({ settings, isPrimary, row }, i): Row => ({
    ...settings,
    ...(primary === undefined ? {} : { tier: isPrimary ? "primary" : "exploratory" }),
    ...row,
    p_holm: corrected[i]!,
  }));
  const { column } = effect;
  const order = bestFirst(rows, (row) => [row[column] as number | null, Number(row.n)], direction);
  return tableOf(order, [...groupBy, ...(primary === undefined ? [] : ["tier"]), column]);
}

/** Whether a row has all of the given settings. */
export function hasSettings(row: Row, settings: Partial<RunConfig>): boolean {
  return Object.entries(settings).every(([key, value]) => row[key] === cell(value));
}

/** The baseline group for a group; undefined when no run has the group's other settings. */
function partner(
  group: SettingGroup,
  references: readonly SettingGroup[],
  baseline: Partial<RunConfig>,
): SettingGroup | undefined {
  const comparable = references.filter(({ settings }) =>
    IDENTITY_COLUMNS.every((column) => settings[column] === group.settings[column])
  );
  if (references.length === 1) return comparable[0];
  return comparable.find(({ settings }) =>
    Object.entries(settings).every(([key, value]) =>
      key in baseline || value === group.settings[key]
    )
  );
}

/** Effects of one group by task, seed and draw of examples; the task is the same for rows without one. */
type Cells = ReadonlyMap<string, ReadonlyMap<string, readonly number[]>>;

function pair(
  group: SettingGroup,
  reference: SettingGroup | undefined,
  metric: string,
  effect: Effect,
): { readonly cells: Cells; readonly missing: number } {
  const [ours, theirs] = [byKey(group), byKey(reference ?? { settings: {}, rows: [] })];
  const keys = new Set([...ours.keys(), ...theirs.keys()]);
  const cells = new Map<string, Map<string, number[]>>();
  let missing = 0;
  for (const key of keys) {
    const [row, other] = [ours.get(key), theirs.get(key)];
    const [value, base] = [row, other].map((run) =>
      run === undefined ? null : metricOf(run, metric)
    );
    const found = value == null || base == null ? null : effect.of(value, base);
    if (found === null) {
      missing++;
      continue;
    }
    const [task, seed] = [JSON.stringify([row!.phase, row!.task]), String(row!.seed)];
    const ofTask = cells.get(task) ?? new Map<string, number[]>();
    cells.set(task, ofTask.set(seed, [...ofTask.get(seed) ?? [], found]));
  }
  return { cells, missing };
}

/** Whether every task has every seed, and there are several tasks. */
function crosses(cells: Cells): boolean {
  if (cells.size === 1) return false;
  const seeds = new Set([...cells.values()].flatMap((ofTask) => [...ofTask.keys()]));
  return [...cells.values()].every((ofTask) => ofTask.size === seeds.size);
}

/** Effects of tasks by seeds, each the mean over draws of examples. */
function taskBySeed(cells: Cells): number[][] {
  const seeds = [...cells.values().next().value?.keys() ?? []];
  return [...cells.values()].map((ofTask) => seeds.map((seed) => mean(ofTask.get(seed)!)));
}

/** One effect for each seed, the mean over its tasks. */
function perSeed(cells: Cells): number[] {
  const seeds = new Map<string, number[]>();
  for (const ofTask of cells.values()) {
    for (const [seed, effects] of ofTask) {
      seeds.set(seed, [...seeds.get(seed) ?? [], mean(effects)]);
    }
  }
  return [...seeds.values()].map(mean);
}

function byKey({ settings, rows }: SettingGroup): Map<string, Row> {
  const found = new Map<string, Row>();
  for (const row of rows) {
    const key = JSON.stringify([row.seed, row.phase, row.task, row.shot_split]);
    if (found.has(key)) {
      throw new RangeError(
        `Cannot pair runs as two of the group ${JSON.stringify(settings)} have seed ${row.seed}` +
          `${
            row.task === undefined ? "" : ` and task "${row.task}"`
          }: group by every setting that varies`,
      );
    }
    found.set(key, row);
  }
  return found;
}
