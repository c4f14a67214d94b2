/** The numbers of runs over steps, one by one, for programs that take them so. */
import { metricNamed } from "../../run/metrics/metric.ts";
import { runLabel } from "../../run/id.ts";
import type { Study } from "../study.ts";
import { type Row, tableOf } from "../table.ts";
import { toCsv } from "../csv.ts";
import { rowsOf } from "../table.ts";

/** A number of a run. */
export interface StepValue {
  /** The phase of its log, such as `multitask`; `result` for a metric of the whole run. */
  readonly phase: string;
  readonly column: string;
  /** The step, from 1; 0 for a metric of the whole run. */
  readonly step: number;
  readonly value: number;
}

/**
 * All numbers of a run: those of its log in their order, then its metrics.
 * @throws {SyntaxError} when the log is damaged
 */
export function stepsOf(study: Study, run: Row): StepValue[] {
  const logged = study.logOf(run.id!).flatMap((row) => {
    const { phase = "log", step } = row;
    if (typeof step !== "number") return [];
    return Object.entries(row).flatMap(([column, value]): StepValue[] =>
      column === "step" || typeof value !== "number"
        ? []
        : [{ phase: String(phase), column, step, value }]
    );
  });
  const metrics = Object.entries(run).flatMap(([column, value]): StepValue[] =>
    typeof value === "number" && metricNamed(column) !== undefined
      ? [{ phase: "result", column, step: 0, value }]
      : []
  );
  return [...logged, ...metrics];
}

/** The name of a run for people. Runs of one sweep have different ones. */
export function shortName(run: Row): string {
  return runLabel(String(run.id));
}

/**
 * Every number of every run as comma-separated values, a line for each: `run`, `phase`, `column`, `step`,
 * `value`. So W&B, MLflow and spreadsheets take it with a loop of three lines.
 *
 * @throws {SyntaxError} when a log is damaged
 */
export function stepsCsv(study: Study): string {
  const rows = rowsOf(study.runs).flatMap((run) =>
    stepsOf(study, run).map((value): Row => ({ run: shortName(run), ...value }))
  );
  return toCsv(tableOf(rows, ["run", "phase", "column", "step", "value"]));
}
