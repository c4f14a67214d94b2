/**
 * Estimates differences from a baseline in pairs of the same seed and task, which removes the
 * differences between seeds and between tasks.
 */
import { randomStream } from "../util/random.ts";
import { bootstrapMean } from "../statistics/bootstrap.ts";
import { bestFirst, directionOf } from "./direction.ts";
import type { RunConfig } from "../run/config.ts";
import { holm } from "../statistics/holm.ts";
import { estimatePaired } from "../statistics/mean.ts";
import { mean } from "../util/vectors.ts";
import { groupBySettings, groupingOf, metricOf, type SettingGroup } from "./groups.ts";
import { IDENTITY_COLUMNS } from "./identity.ts";
import { cell, runsAndMetric, type Study } from "./study.ts";
import { type ColumnTable, type Row, tableOf } from "./table.ts";

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
  /** Number of draws of the bootstrap over tasks. */
  readonly resamples?: number;
  /** Seed of the bootstrap. */
  readonly seed?: number;
}

/**
 * One row per group of settings other than the baseline, best first: the mean `difference` of the
 * metric from the baseline's, in pairs of the same seed, and of the same task and draw of examples
 * when the table has them.
 *
 * With one row per run, the interval from `low` to `high` is Student's t over the seeds. With
 * tasks, a task's difference is its mean over seeds and draws, and the interval comes from a
 * hierarchical bootstrap over tasks and then their values. `wins`, `ties` and `losses` count the
 * `n` seeds or tasks; where more of the metric is neither better nor worse, nothing wins or loses, and
 * rows are in the order of settings; `p` is from the two-sided paired t-test over the same, and is missing when
 * all differences are equal; `p_holm` is corrected for the number of rows. `n_missing` counts
 * values without a partner: not run yet, failed, diverged or stalled on either side.
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
 *   { status: "done", method: "shared", seed: 0, score: 0.25 },
 *   { status: "done", method: "shared", seed: 1, score: 0.5 },
 *   { status: "done", method: "poly", seed: 0, score: 0.5 },
 *   { status: "done", method: "poly", seed: 1, score: 0.75 },
 * ]);
 * const [row] = rowsOf(
 *   pairedDifferences(runs, {
 *     metric: "score",
 *     baseline: { method: "shared" },
 *     higherIsBetter: true,
 *   }),
 * );
 * assert.deepEqual([row!.method, row!.difference, row!.wins, row!.n], ["poly", 0.25, 2, 2]);
 * ```
 */
export function pairedDifferences(
  of: Study | ColumnTable,
  { baseline, ...options }: PairedOptions,
): ColumnTable {
  const { runs, metric } = runsAndMetric(of, options.metric);
  const direction = directionOf(metric, options.higherIsBetter);
  const groupBy = groupingOf(runs, options.groupBy);
  const hasTasks = runs.columnNames().includes("task");
  const groups = groupBySettings(runs, groupBy);
  const references = groups.filter(({ rows }) => hasSettings(rows[0]!, baseline));
  if (references.length === 0 && groups.length > 0) {
    throw new RangeError(
      `Cannot compare with the baseline as no run has ${JSON.stringify(baseline)}: ` +
        `name settings that some runs have`,
    );
  }
  const compared = groups.filter((group) => !references.includes(group)).map((group) => {
    const reference = partner(group, references, baseline);
    const { pairs, missing } = pair(group, reference, metric);
    const units = hasTasks
      ? Object.values(Object.groupBy(pairs, ({ task }) => task)).map((of) =>
        of!.map(({ difference }) => difference)
      )
      : pairs.map(({ difference }) => [difference]);
    const test = estimatePaired(units.map(mean));
    const { low, high } = hasTasks
      ? bootstrapMean(units, {
        stream: randomStream(options.seed ?? 0, JSON.stringify([metric, group.settings])),
        ...(options.resamples === undefined ? {} : { resamples: options.resamples }),
      })
      : test;
    return {
      ...group.settings,
      difference: test.estimate,
      low,
      high,
      wins: direction === null ? null : direction === 1 ? test.n_above : test.n_below,
      ties: test.n_equal,
      losses: direction === null ? null : direction === 1 ? test.n_below : test.n_above,
      n: test.n,
      n_missing: missing,
      p: test.p,
    };
  });
  const corrected = holm(compared.map(({ p }) => p));
  const rows = compared.map((row, i): Row => ({ ...row, p_holm: corrected[i]! }));
  return bestFirst(tableOf(rows, [...groupBy, "difference"]), "difference", direction);
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

interface Pair {
  readonly task: string;
  readonly difference: number;
}

function pair(
  group: SettingGroup,
  reference: SettingGroup | undefined,
  metric: string,
): { readonly pairs: readonly Pair[]; readonly missing: number } {
  const [ours, theirs] = [byKey(group), byKey(reference ?? { settings: {}, rows: [] })];
  const keys = new Set([...ours.keys(), ...theirs.keys()]);
  const pairs: Pair[] = [];
  for (const key of keys) {
    const [row, other] = [ours.get(key), theirs.get(key)];
    if (row === undefined || other === undefined) continue;
    const [value, base] = [metricOf(row, metric), metricOf(other, metric)];
    if (value === null || base === null) continue;
    pairs.push({ task: JSON.stringify([row.phase, row.task]), difference: value - base });
  }
  return { pairs, missing: keys.size - pairs.length };
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
