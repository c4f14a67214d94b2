import type { RandomStream } from "../util/random.ts";

/** Sizes and standard deviations of a study in which every run is measured on every task. */
export interface CrossedStudy {
  readonly tasks: number;
  readonly runs: number;
  readonly task_sd: number;
  readonly run_sd: number;
  readonly residual_sd: number;
}

/** The sizes at which coverage is asked for, with standard deviations like those of committed studies. */
export const CROSSED_STUDIES: readonly CrossedStudy[] = [
  { tasks: 8, runs: 5, task_sd: 0.13, run_sd: 0.055, residual_sd: 0.15 },
  { tasks: 20, runs: 3, task_sd: 0.02, run_sd: 0.01, residual_sd: 0.03 },
  { tasks: 20, runs: 10, task_sd: 0.1, run_sd: 0.055, residual_sd: 0.15 },
  { tasks: 40, runs: 5, task_sd: 0.1, run_sd: 0.055, residual_sd: 0.15 },
];

/** Draws a study's table, tasks × runs, around a mean: what tasks, runs and their pairs add is normal. */
export function simulatedTable(stream: RandomStream, study: CrossedStudy, mean = 0): number[][] {
  const normals = (count: number, sd: number) =>
    Array.from({ length: count }, () => sd * stream.normal());
  const ofRuns = normals(study.runs, study.run_sd);
  return normals(study.tasks, study.task_sd).map((task) =>
    ofRuns.map((run) => mean + task + run + study.residual_sd * stream.normal())
  );
}
