/**
 * Reading a study: the runs of a sweep as tables, the estimates and differences drawn from them, their
 * figures, and how a notebook shows them. Everything here starts from {@linkcode openStudy}, which opens
 * a folder that `deno task sweep` has written, or from {@linkcode keptTable}, which reads a table of this
 * project's results.
 *
 * @module
 */
export { openStudy, type Study } from "./tables/study.ts";
export type { SweepSource } from "./sweep/manifest.ts";
export type { MetricsRow } from "./run/metrics_log.ts";
export { baselineDifferences } from "./tables/baseline.ts";
export { leaderboard, type LeaderboardOptions } from "./tables/leaderboard.ts";
export { type CrossingOptions, type RatioLine, ratioLines } from "./tables/crossings.ts";
export type { Crossing } from "./statistics/crossing.ts";
export type { Estimate } from "./statistics/estimate.ts";
export { keptTable } from "./tables/kept_table.ts";
export { toCsv } from "./tables/csv.ts";
export { toMarkdown } from "./tables/markdown.ts";
export { pairedDifferences, type PairedOptions } from "./tables/paired.ts";
export { predictionsOf, type PredictionsOptions } from "./tables/predictions.ts";
export { type Cell, type ColumnTable, type Row, rowsOf, tableOf } from "./tables/table.ts";
export { allocationsOf, type SplitAllocation } from "./routing/split_allocation.ts";
export { type RouterLogits, type RoutingMeasures, taskSimilarity } from "./routing/measures.ts";
export type { Recovery } from "./routing/recovery.ts";
export { type RoutingMetrics, routingMetrics } from "./routing/metrics.ts";
export type { Allocation } from "./poly/allocation.ts";
export { taskSummary } from "./tables/task_summary.ts";
export type { RunRouting } from "./routing/file.ts";
export type { RunConfig } from "./run/config.ts";
export type { AnswerScore } from "./tasks/scores/answer_scores.ts";
export { allocationFigure } from "./figures/allocation_figure.ts";
export {
  curveFigure,
  type CurveFigureOptions,
  differenceFigure,
  efficiencyFigure,
  type EfficiencyFigureOptions,
  heatMapFigure,
  type HeatMapOptions,
  metricFigure,
  type MetricFigureOptions,
  recoveryFigure,
} from "./figures/study_figures.ts";
export type { LineChartOptions, Reference } from "./figures/charts/line_chart.ts";
export type { Runs } from "./tables/groups.ts";
export type { DrawPlace, Figure, Plot, PlotOptions } from "./figures/figure.ts";
export { renderSvg } from "./figures/render_svg.ts";
export { renderPng } from "./figures/figure_png.ts";
export { ratioFigure, type RatioFigureOptions } from "./figures/ratio_figure.ts";
export { routingFigures } from "./figures/routing_figures.ts";
export { sweepFigures } from "./figures/sweep_figures.ts";
export { taskTreeFigure } from "./figures/task_tree_figure.ts";
export { show } from "./report/show.ts";
