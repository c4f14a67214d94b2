/** The figures of a study, or of a table of runs: what notebooks call. */
import { baselineDifferences, baselineLabel, pairingUnit } from "../tables/baseline.ts";
import { runsAndMetric, Study } from "../tables/study.ts";
import { type ColumnTable, type Row, rowsOf } from "../tables/table.ts";
import { otherSettings } from "../tables/varying.ts";
import { curveChart } from "./charts/curve_chart.ts";
import { differenceChart } from "./charts/difference_chart.ts";
import { efficiencyChart } from "./charts/efficiency_chart.ts";
import type { Figure } from "./figure.ts";
import { heatChart } from "./charts/heat_chart.ts";
import type { LineChartOptions } from "./charts/line_chart.ts";
import { metricChart, recoveryOptions } from "./charts/metric_chart.ts";

/** Settings of {@linkcode metricFigure}. */
export interface MetricFigureOptions extends Omit<LineChartOptions, "metric" | "series"> {
  /** Column on the vertical axis; when absent, the study's metric. */
  readonly metric?: string;
  /**
   * Columns whose values make a line each; when absent, every other setting that varies, except the
   * seed.
   */
  readonly series?: readonly string[];
}

/**
 * Draws a metric against a setting: for each series a line through the means over seeds, a bar for each
 * 95 % interval, and every seed as a small dot beside it. Where the values of the setting are words, each
 * cell has a row instead, best first. Each series has its own panel when there are more than there are
 * styles. Losses and ratios have a logarithmic axis.
 *
 * A value of x without any metric breaks the line, and a cross with a count marks runs that have no
 * value.
 *
 * @param of a study, or a table with one row per run
 * @throws {RangeError} when a column does not exist
 * @throws {TypeError} when a table comes without a metric
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { tableOf } from "../tables/table.ts";
 *
 * const runs = tableOf([1, 2, 4].flatMap((n_skills) =>
 *   [0, 1, 2].map((seed) => ({ n_skills, seed, status: "done", score: n_skills + seed / 9 }))
 * ));
 * const figure = metricFigure(runs, { metric: "score", x: "n_skills" });
 * assert.equal(figure.title, "score against n_skills");
 * assert.match(figure.subtitle, /mean of 3 seeds/);
 * assert.deepEqual(figure.notes, []);
 * ```
 */
export function metricFigure(of: Study | ColumnTable, options: MetricFigureOptions): Figure {
  const { runs, metric } = runsAndMetric(of, options.metric);
  const series = options.series ?? otherSettings(runs, [options.x]);
  return metricChart(runs, { ...options, metric, series });
}

/** Settings of {@linkcode heatMapFigure}. */
export interface HeatMapOptions {
  /** Column shown by shade and number; when absent, the study's metric. */
  readonly metric?: string;
  /** Column along the horizontal axis. */
  readonly x: string;
  /** Column along the vertical axis. */
  readonly y: string;
}

/**
 * Draws the mean of a metric for every pair of two settings, as a shade and in digits, with its 95 %
 * interval. Each combination of the other settings has a panel.
 *
 * A pair without any value is an empty cell with the number of runs that it should have; where only
 * some are missing, the cell shows the number that exist.
 *
 * @param of a study, or a table with one row per run
 * @throws {RangeError} when a column does not exist
 * @throws {TypeError} when a table comes without a metric
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { tableOf } from "../tables/table.ts";
 *
 * const run = { n_skills: 2, n_splits: 1, seed: 0, status: "done", score: 0.5 };
 * const { alt } = heatMapFigure(tableOf([run, { ...run, n_splits: 4, status: "failed" }]), {
 *   metric: "score",
 *   x: "n_skills",
 *   y: "n_splits",
 * });
 * assert.match(alt, /0.500 at n_skills 2, n_splits 1; no value at n_skills 2, n_splits 4/);
 * ```
 */
export function heatMapFigure(of: Study | ColumnTable, options: HeatMapOptions): Figure {
  const { x, y } = options;
  const { runs, metric } = runsAndMetric(of, options.metric);
  return heatChart(runs, { metric, x, y, by: otherSettings(runs, [x, y]) });
}

/** Settings of {@linkcode efficiencyFigure}. */
export interface EfficiencyFigureOptions {
  /** Column on the vertical axis; when absent, the study's metric. */
  readonly metric?: string;
  /** Column on the horizontal axis, a number of parameters. */
  readonly parameters?: string;
}

/**
 * Draws a metric against the number of parameters on a logarithmic axis: a named point for each
 * combination of settings, with the mean's 95 % interval, and every seed beside it.
 *
 * Source: the efficiency plots of Caccia et al. 2023, arXiv 2211.03831
 *
 * @param of a study, or a table with one row per run
 * @throws {RangeError} when a column does not exist
 * @throws {TypeError} when a table comes without a metric
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { tableOf } from "../tables/table.ts";
 *
 * const run = { n_skills: 2, seed: 0, status: "done", score: 0.5, parameters_adaptation: 100 };
 * const runs = tableOf([run, { ...run, n_skills: 4, parameters_adaptation: 200 }]);
 * const { alt } = efficiencyFigure(runs, { metric: "score" });
 * assert.match(alt, /n_skills 2: 0.500 with 100; n_skills 4: 0.500 with 200/);
 * ```
 */
export function efficiencyFigure(
  of: Study | ColumnTable,
  { parameters = "parameters_adaptation", ...options }: EfficiencyFigureOptions = {},
): Figure {
  const { runs, metric } = runsAndMetric(of, options.metric);
  return efficiencyChart(runs, { metric, parameters, by: otherSettings(runs, []) });
}

/**
 * Draws the differences of a study's cells from its baseline, best first: for each the mean with its 95 %
 * interval beside a line at zero, wins, ties and losses, and the corrected p-value.
 *
 * @returns null when there is nothing to compare: the study has no baseline or no other cells
 */
export function differenceFigure(study: Study): Figure | null {
  const differences = baselineDifferences(study);
  return differences === null || differences.numRows() === 0
    ? null
    : differenceChart(rowsOf(differences), {
      metric: study.metric,
      baseline: baselineLabel(study),
      units: pairingUnit(differences),
    });
}

/**
 * Draws how well learned routing recovers the true allocation, against a setting: 1 is the truth,
 * dotted lines are chance, and rings are runs no better than with permuted tasks.
 *
 * @param of a study, or a table of its runs with `recovery`, `recovery_null` and `recovery_p`
 * @param x name of a setting
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { tableOf } from "../tables/table.ts";
 *
 * const found = { recovery: 0.75, recovery_null: 0.25, recovery_p: 0.005 };
 * const run = { n_skills: 2, seed: 0, status: "done", ...found };
 * const { title, notes } = recoveryFigure(tableOf([run, { ...run, seed: 1 }]), "n_skills");
 * assert.equal(title, "recovery against n_skills");
 * assert.match(notes.at(-1)!, /Rings: permutation p of 0.05 or more \(0 of 2 runs\)/);
 * ```
 */
export function recoveryFigure(of: Study | ColumnTable, x: string): Figure {
  const runs = of instanceof Study ? of.runs : of;
  return metricFigure(runs, { x, ...recoveryOptions(rowsOf(runs)) });
}

/** Settings of {@linkcode curveFigure}. */
export interface CurveFigureOptions {
  /** Column on the vertical axis. */
  readonly y: string;
  /** Column on the horizontal axis. */
  readonly x?: string;
  /** Phase of the log that is drawn. */
  readonly phase: string;
  /** Value to compare with, drawn as a horizontal line. */
  readonly reference?: number;
}

/**
 * Draws the course of a metric over training: each seed as a thin line and their mean as a thick
 * one, in a panel for each combination of settings. A cross ends the line of a run that diverged. Losses
 * have a logarithmic axis.
 *
 * @param of a study, whose logs of the phase are drawn; or a table with one row per run and point:
 * `id`, `status` and settings of the run, and the two columns; a run without points has one row
 * with missing values
 * @throws {SyntaxError} when a log of the study is damaged
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { tableOf } from "../tables/table.ts";
 *
 * const rows = tableOf([1, 2, 3].map((step) => ({ id: "a", status: "done", step, loss: 1 / step })));
 * const figure = curveFigure(rows, { y: "loss", phase: "multitask" });
 * assert.equal(figure.title, "loss over step, multitask");
 * assert.match(figure.alt, /from 1.00 to 0.333/);
 * ```
 */
export function curveFigure(of: Study | ColumnTable, options: CurveFigureOptions): Figure {
  const rows = of instanceof Study ? of.log(options.phase) : of;
  return curveChart(rowsOf(rows) as Row[], {
    x: "step",
    by: otherSettings(rows, []),
    ...options,
  });
}
