/** The work of `pairedDifferences` on plain rows, which the script of the report's page does too. */
import type { RunConfig } from "../../run/config.ts";
import { estimateCrossed } from "../../statistics/crossed.ts";
import { holm } from "../../statistics/holm.ts";
import { estimateMean, signsOf } from "../../statistics/mean.ts";
import { mean } from "../../util/vectors.ts";
import { bestFirst, directionOf } from "../direction.ts";
import { type Effect, effectOn, shownEstimate } from "../estimate.ts";
import { columnsIn, groupBySettings, metricOf, type Runs, type SettingGroup } from "../groups.ts";
import { planOf } from "../plan.ts";
import type { Row } from "../table.ts";
import { hasSettings } from "./cell.ts";
import { IDENTITY_COLUMNS } from "./identity_columns.ts";

/** Columns of a table of `pairedDifferences` that are no settings. */
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

/** Settings of {@linkcode pairedRows}; see `PairedOptions` for what each means. */
export interface PairedRowsOptions {
  readonly metric: string;
  readonly baseline: Partial<RunConfig>;
  readonly groupBy: readonly string[];
  readonly higherIsBetter?: boolean;
  readonly primary?: readonly Partial<RunConfig>[] | undefined;
  readonly margin?: number | undefined;
}

/**
 * One row for each group of settings other than the baseline, best first, as `pairedDifferences` has them.
 *
 * @param runs rows of runs, or of runs and tasks
 * @throws what `pairedDifferences` throws
 */
export function pairedRows(runs: Runs, options: PairedRowsOptions): Row[] {
  const { metric, groupBy, baseline, primary, margin } = options;
  const direction = directionOf(metric, options.higherIsBetter);
  const effect = effectOn(metric);
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
  const isCrossed = columnsIn(runs).includes("task") &&
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
  return bestFirst(rows, (row) => [row[column] as number | null, Number(row.n)], direction);
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
