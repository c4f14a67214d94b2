/** What the reader of a page has chosen, and the rows that follow from it. */
import { groupBySettings, settingsLabel } from "../../tables/groups.ts";
import { baselineRows } from "../../tables/rows/baseline_rows.ts";
import { hasSettings } from "../../tables/rows/cell.ts";
import { rankedRows } from "../../tables/rows/ranked_rows.ts";
import type { Cell, Row } from "../../tables/table.ts";
import { type PageData, rowsOfData } from "./data.ts";

/** What a reader chooses. */
export interface View {
  /** The metric that everything is compared by. */
  readonly metric: string;
  /** The setting that the metric is drawn against; empty for a row of each cell. */
  readonly axis: string;
  /** The columns that tell cells apart; runs that differ in others are one cell. */
  readonly by: readonly string[];
  /** Ids of the runs that are looked at: none, one, or two side by side. */
  readonly runs: readonly string[];
}

/** The data of a page as rows, with what the reader has chosen. */
export interface Shown {
  readonly data: PageData;
  readonly view: View;
  readonly runs: readonly Row[];
  readonly tasks: readonly Row[];
  readonly facts: readonly Row[];
}

/** What a page is written with: the reader has chosen nothing yet. */
export function writtenView({ metric, axes, grouping }: PageData): View {
  return { metric, axis: axes[0] ?? "", by: grouping, runs: [] };
}

/** Reads the rows of a page's data, and keeps of a view what the data have. */
export function shownOf(data: PageData, wanted: Partial<View> = {}): Shown {
  const runs = rowsOfData(data.runs);
  const isThere = (name: string | undefined, names: readonly string[]) =>
    name !== undefined && names.includes(name);
  const by = wanted.by?.filter((key) => data.grouping.includes(key)) ?? data.grouping;
  const axes = [...data.axes.filter((axis) => by.includes(axis)), ""];
  const ids = new Set(runs.map(({ id }) => String(id)));
  return {
    data,
    runs,
    tasks: rowsOfData(data.tasks).map(({ run, ...row }) => ({ ...runs[Number(run)]!, ...row })),
    facts: rowsOfData(data.facts),
    view: {
      metric: isThere(wanted.metric, data.metrics) ? wanted.metric! : data.metric,
      axis: isThere(wanted.axis, axes) ? wanted.axis! : axes[0]!,
      by,
      runs: (wanted.runs ?? []).filter((id) => ids.has(id)).slice(0, 2),
    },
  };
}

/** Whether any run is done, and has a value of the metric. */
export function hasValues({ runs, view }: Shown): boolean {
  return runs.some((run) => run.status === "done" && typeof run[view.metric] === "number");
}

/** The cells of a view, best first, as the leaderboard has them. */
export function cellRows({ runs, view }: Shown): Row[] {
  return rankedRows(runs, { metric: view.metric, groupBy: view.by });
}

/**
 * The differences of the cells from the baseline; null where there is none, or the chosen grouping mixes it
 * with others.
 */
export function differenceRows({ data, runs, tasks, view }: Shown): Row[] | null {
  const { baseline, primary, margin, seeds_have_own_tasks: seedsHaveOwnTasks } = data;
  if (baseline === null || !runs.some((run) => hasSettings(run, baseline))) return null;
  // A group that mixes several settings has several runs of one seed, which nothing pairs.
  if (view.by.length < data.grouping.length) return null;
  const groupBy = { runs: view.by, tasks: view.by };
  const { metric } = view;
  return baselineRows({
    baseline,
    primary,
    margin,
    metric,
    runs,
    tasks,
    seedsHaveOwnTasks,
    groupBy,
  });
}

/** The settings of a run that tell it apart, as a label with its seed. */
export function runTitle({ data }: Shown, run: Row): string {
  const cell = settingsLabel(
    Object.fromEntries(data.grouping.map((key) => [key, run[key] ?? null])),
  );
  return [cell, `seed ${run.seed}`].filter((text) => text !== "").join(", ");
}

/** The row of a run's curve points, for the figure of curves. */
export function curveRows(
  { runs, view }: Shown,
  curve: PageData["curves"][number],
): Row[] {
  return runs.flatMap((run): Row[] => {
    const base: Record<string, Cell> = {
      ...Object.fromEntries(view.by.map((key) => [key, run[key] ?? null])),
      id: run.id!,
      status: run.status!,
      step: null,
      [curve.y]: null,
      mean_of: null,
    };
    const points = curve.points[String(run.id)];
    if (points === undefined) return [base];
    return points.x.map((step, i) => ({
      ...base,
      step,
      [curve.y]: points.y[i]!,
      mean_of: curve.mean_of,
    }));
  });
}

/** Columns that have one value in all rows of more than one, with that value. */
export function constants(rows: readonly Row[], columns: readonly string[]): [string, Cell][] {
  if (rows.length < 2) return [];
  return columns.filter((name) => name in rows[0]! && groupBySettings(rows, [name]).length === 1)
    .map((name) => [name, rows[0]![name] ?? null]);
}
