/**
 * Reading a study: the runs of a sweep as tables, the estimates and differences drawn from them, their
 * figures, and how a notebook shows them. Everything here starts from a folder that `deno task sweep`
 * has written.
 *
 * @module
 */
export { type BaselineDifferences, baselineDifferences } from "./tables/baseline_differences.ts";
export type { MetricsRow } from "./run/metrics_log.ts";
export type { Metrics, RunResult, TaskScore } from "./run/result.ts";
export type { RunConfig } from "./run/config.ts";
export { leaderboard, type LeaderboardOptions } from "./tables/leaderboard.ts";
export { toMarkdown } from "./tables/markdown_table.ts";
export { pairedDifferences, type PairedOptions } from "./tables/paired_differences.ts";
export { readRuns } from "./report/report.ts";
export { readRouting, type RunRouting } from "./routing/file.ts";
export { allocationsOf, type SplitAllocation } from "./routing/split_allocation.ts";
export { type RouterLogits, taskSimilarity } from "./routing/measures.ts";
export { routingMetrics } from "./routing/metrics.ts";
export type { Allocation } from "./poly/allocation.ts";
export { routingFigures } from "./figures/routing_figures.ts";
export { shownRouting, shownRun } from "./tables/shown_run.ts";
export { type Display, displayOf, show } from "./report/show.ts";
export { type Manifest, type OpenOptions, SweepStore } from "./sweep/store.ts";
export type { PlannedRun, Sweep } from "./sweep/sweep.ts";
export { sweepFigures } from "./figures/sweep_figures.ts";
export {
  type Cell,
  type ColumnTable,
  type Row,
  rowsOf,
  runsTable,
  tableOf,
  taskTable,
} from "./tables/table.ts";
export { taskSummary } from "./tables/task_summary.ts";
export { allocationFigure } from "./figures/allocation_figure.ts";
export { curveFigure, type CurveFigureOptions } from "./figures/curve_figure.ts";
export { curveTable, type LoggedRun } from "./tables/curve_table.ts";
export { differenceFigure, type DifferenceFigureOptions } from "./figures/difference_figure.ts";
export { efficiencyFigure, type EfficiencyFigureOptions } from "./figures/efficiency_figure.ts";
export { type Figure, type Plot, type PlotOptions, renderSvg } from "./figures/figure.ts";
export { renderPng } from "./figures/figure_png.ts";
export { heatMapFigure, type HeatMapOptions } from "./figures/heat_map_figure.ts";
export { metricFigure, type MetricFigureOptions } from "./figures/metric_figure.ts";
export { recoveryFigure } from "./figures/recovery_figure.ts";
export { taskTreeFigure } from "./figures/task_tree_figure.ts";
