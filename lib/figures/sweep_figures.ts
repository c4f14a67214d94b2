import { baselineDifferences } from "../tables/baseline_differences.ts";
import { curveFigure } from "./curve_figure.ts";
import { curveTable, type LoggedRun } from "../tables/curve_table.ts";
import { differenceFigure } from "./difference_figure.ts";
import { efficiencyFigure } from "./efficiency_figure.ts";
import type { Figure } from "./figure.ts";
import { heatMapFigure } from "./heat_map_figure.ts";
import { otherSettings, valuesOf } from "../tables/measured_groups.ts";
import { metricFigure } from "./metric_figure.ts";
import { recoveryFigure } from "./recovery_figure.ts";
import type { RunResult } from "../run/result.ts";
import { groupBySettings } from "../tables/setting_groups.ts";
import type { Manifest } from "../sweep/store.ts";
import {
  type ColumnTable,
  PARAMETER_COLUMNS,
  type Row,
  rowsOf,
  runsTable,
} from "../tables/table.ts";

/** A curve of the logs: what is drawn of which phase, and a line across to compare it with. */
export interface LoggedCurve {
  readonly phase: string;
  readonly y: string;
  readonly reference?: number;
}

/** The curves that are drawn of the logs. */
export const CURVES: readonly LoggedCurve[] = [
  { phase: "multitask", y: "loss" },
  { phase: "validation", y: "loss" },
  { phase: "alignment", y: "gradient_alignment", reference: 0 },
  { phase: "alignment", y: "merged_gradient_alignment", reference: 0 },
];

/**
 * Every figure that the runs of a sweep have numbers for: its metric against each setting that varies,
 * against n_skills and n_splits together, and against parameters; differences to the baseline;
 * recovery of the truth; and the course of training.
 *
 * @param runs every run of the sweep, with its log
 * @throws {RangeError} when runs are done and none has measured the sweep's metric
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { sampleMetrics, sampleResults } from "../testing/samples/sample_results.ts";
 *
 * const results = sampleResults({ n_skills: [2, 4], n_splits: [1] });
 * const figures = sweepFigures(
 *   {
 *     ...{ schema: 1, name: "x", question: "", metric: "heldout_loss", baseline: null },
 *     ...{ varying: ["n_skills", "seed"], runs: results },
 *   },
 *   results.map((result) => ({ result, log: sampleMetrics(result) })),
 * );
 * assert.deepEqual(figures.map(({ name }) => name), [
 *   "heldout_loss_by_n_skills",
 *   "heldout_loss_by_parameters_adaptation",
 *   "recovery_by_n_skills",
 *   "multitask_loss",
 *   "validation_loss",
 *   "alignment_gradient_alignment",
 * ]);
 * ```
 */
export function sweepFigures(manifest: Manifest, runs: readonly LoggedRun[]): Figure[] {
  const results = runs.map(({ result }) => result);
  const { metric } = manifest;
  const table = runsTable(results);
  const rows = rowsOf(table);
  if (!rows.some(({ status }) => status === "done")) return curves(manifest, runs);
  const axes = axesOf(rows);
  return [
    ...axes.map((x) => metricFigure(table, { metric, x })),
    ...(varies(rows, "n_skills") && varies(rows, "n_splits")
      ? [heatMapFigure(table, { metric, x: "n_skills", y: "n_splits" })]
      : []),
    ...efficiency(table, metric),
    ...differences(manifest, runs),
    ...recovery(results),
    ...curves(manifest, runs),
  ];
}

/**
 * The settings to draw a metric against: those that vary, numbers first, one of several that move
 * together, and only such as change while the others stay. When nothing varies, the number of skills.
 */
function axesOf(rows: readonly Row[]): string[] {
  const varying = otherSettings(rows, []);
  const isNumeric = (key: string) => rows.every((row) => typeof row[key] === "number");
  const ordered = [...varying.filter(isNumeric), ...varying.filter((key) => !isNumeric(key))];
  const seen = new Set<string>();
  const axes = ordered.filter((key) => {
    // Settings that move together split the runs alike.
    const parts = groupBySettings(rows, [key]).map(({ rows }) => rows.map(({ id }) => id));
    const known = seen.has(JSON.stringify(parts));
    seen.add(JSON.stringify(parts));
    return !known;
  });
  const isAxis = (key: string) => {
    const others = varying.filter((other) => other !== key && axes.includes(other));
    const lines = groupBySettings(rows, others);
    return 2 * lines.filter((line) => varies(line.rows, key)).length >= lines.length;
  };
  const good = axes.filter(isAxis);
  return good.length > 0 ? good : axes.length > 0 ? axes : ["n_skills"];
}

/** Recovery of the runs that learn routing; the others have none to recover. */
function recovery(results: readonly RunResult[]): Figure[] {
  const table = runsTable(results.filter(({ config }) => config.method === "poly"));
  const rows = rowsOf(table);
  if (!rows.some((row) => typeof row.recovery === "number")) return [];
  const { notes, ...figure } = recoveryFigure(table, axesOf(rows)[0]!);
  const left = results.length - rows.length;
  const runs = left === 1 ? "1 run whose method learns" : `${left} runs whose methods learn`;
  return [{ ...figure, notes: left === 0 ? notes : [...notes, `Left out: ${runs} no routing.`] }];
}

function efficiency(table: ColumnTable, metric: string): Figure[] {
  const rows = rowsOf(table);
  const size = [...PARAMETER_COLUMNS].reverse().find((column) =>
    valuesOf(rows, column).filter((value) => typeof value === "number").length > 1
  );
  return size === undefined ? [] : [efficiencyFigure(table, { metric, parameters: size })];
}

function differences(manifest: Manifest, runs: readonly LoggedRun[]): Figure[] {
  const found = baselineDifferences(manifest, runs.map(({ result }) => result));
  if (found === null || found.table === null || found.table.numRows() === 0) return [];
  const { table, baseline, units } = found;
  return [differenceFigure(table, { metric: manifest.metric, baseline, units })];
}

function curves({ varying }: Manifest, runs: readonly LoggedRun[]): Figure[] {
  return CURVES.flatMap((curve) => {
    const table = curveTable(runs, curve.phase, varying);
    const points = rowsOf(table).filter((row) => typeof row[curve.y] === "number");
    // One evaluation, at the end, makes no curve.
    return new Set(points.map(({ step }) => step)).size < 2 ? [] : [curveFigure(table, curve)];
  });
}

function varies(rows: readonly Row[], key: string): boolean {
  return rows.some((row) => row[key] !== rows[0]![key]);
}
