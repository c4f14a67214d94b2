import { groupBySettings, type SettingGroup, valuesOf } from "../tables/groups.ts";
import { PARAMETER_COLUMNS } from "../tables/rows/ranked_rows.ts";
import type { Study } from "../tables/study.ts";
import { type ColumnTable, rowsOf } from "../tables/table.ts";
import { otherSettings } from "../tables/varying.ts";
import type { Figure } from "./figure.ts";
import { isOrdered } from "./charts/metric_chart.ts";
import {
  curveFigure,
  differenceFigure,
  efficiencyFigure,
  heatMapFigure,
  metricFigure,
  recoveryFigure,
} from "./study_figures.ts";

/** A curve of the logs: its column and phase, and a value to compare it with. */
export interface LoggedCurve {
  readonly phase: string;
  readonly y: string;
  readonly reference?: number;
}

/** The curves that are drawn from the logs. */
export const CURVES: readonly LoggedCurve[] = [
  { phase: "multitask", y: "loss" },
  { phase: "validation", y: "loss" },
  { phase: "alignment", y: "weight_gradient_alignment", reference: 0 },
];

/**
 * All figures that the runs of a sweep have numbers for: the metric against each setting that
 * varies, against n_skills and n_splits together, and against parameters; differences from the
 * baseline; recovery of the truth; and the curves of training.
 *
 * @throws {SyntaxError} when a log is damaged
 * @throws {RangeError} when runs are done and none has the study's metric
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { openStudy } from "../tables/study.ts";
 *
 * const figures = sweepFigures(await openStudy("n_tasks"));
 * assert.deepEqual(figures.map(({ name }) => name), [
 *   "heldout_exact_match_by_n_tasks",
 *   "heldout_exact_match_by_parameters_multitask",
 *   "heldout_exact_match_differences",
 *   "recovery_by_n_tasks",
 *   "multitask_loss",
 *   "validation_loss",
 * ]);
 * ```
 */
export function sweepFigures(study: Study): Figure[] {
  const { runs } = study;
  if (!valuesOf(runs, "status").includes("done")) return curves(study);
  const varying = otherSettings(runs, []);
  return [
    ...drawnAxes(runs).map((x) => metricFigure(study, { x })),
    ...(varying.includes("n_skills") && varying.includes("n_splits")
      ? [heatMapFigure(study, { x: "n_skills", y: "n_splits" })]
      : []),
    ...efficiency(study),
    ...differences(study),
    ...recovery(study),
    ...curves(study),
  ];
}

/** The axes that have figures of their own: of words only one, as its rows are all cells already. */
function drawnAxes(runs: ColumnTable): string[] {
  const axes = axesOf(runs);
  const [words] = axes.filter((x) => !isOrdered(runs, x));
  return axes.filter((x) => isOrdered(runs, x) || x === words);
}

/**
 * The settings to draw a metric against: those that vary while others stay the same, numbers first,
 * and one of several that vary together. When nothing varies, the number of skills.
 */
export function axesOf(runs: ColumnTable): string[] {
  const varying = otherSettings(runs, []);
  const isNumeric = (key: string) =>
    valuesOf(runs, key).every((value) => typeof value === "number");
  const ordered = [...varying.filter(isNumeric), ...varying.filter((key) => !isNumeric(key))];
  const seen = new Set<string>();
  const axes = ordered.filter((key) => {
    // Settings that vary together split the runs alike.
    const parts = JSON.stringify(
      groupBySettings(runs, [key]).map(({ rows }) => rows.map(({ id }) => id)),
    );
    const known = seen.has(parts);
    seen.add(parts);
    return !known;
  });
  const isAxis = (key: string) => {
    const lines = groupBySettings(runs, axes.filter((other) => other !== key));
    const isLong = ({ rows }: SettingGroup) => rows.some((row) => row[key] !== rows[0]![key]);
    return 2 * lines.filter(isLong).length >= lines.length;
  };
  const good = axes.filter(isAxis);
  return good.length > 0 ? good : axes.length > 0 ? axes : ["n_skills"];
}

/** Recovery of the runs that learn routing; the others have no routing to compare. */
function recovery({ runs }: Study): Figure[] {
  const learned = runs.filter("d => d.method === 'poly'");
  if (!valuesOf(learned, "recovery").some((value) => typeof value === "number")) return [];
  const { notes, ...figure } = recoveryFigure(learned, axesOf(learned)[0]!);
  const left = runs.numRows() - learned.numRows();
  const others = left === 1 ? "1 run whose method learns" : `${left} runs whose methods learn`;
  return [{ ...figure, notes: left === 0 ? notes : [...notes, `Left out: ${others} no routing.`] }];
}

function efficiency(study: Study): Figure[] {
  const parameters = [...PARAMETER_COLUMNS].reverse().find((column) =>
    valuesOf(study.runs, column).filter((value) => typeof value === "number").length > 1
  );
  return parameters === undefined ? [] : [efficiencyFigure(study, { parameters })];
}

function differences(study: Study): Figure[] {
  const figure = differenceFigure(study);
  return figure === null ? [] : [figure];
}

function curves(study: Study): Figure[] {
  return CURVES.flatMap((curve) => {
    const points = rowsOf(study.log(curve.phase)).filter((row) => typeof row[curve.y] === "number");
    // A single evaluation, at the end, is not a curve.
    return new Set(points.map(({ step }) => step)).size < 2 ? [] : [curveFigure(study, curve)];
  });
}
