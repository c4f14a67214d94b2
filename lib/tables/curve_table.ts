import type { MetricsRow } from "../run/metrics_log.ts";
import type { RunResult } from "../run/result.ts";
import type { RunConfig } from "../run/config.ts";
import { type ColumnTable, type Row, settingCell, tableOf } from "./table.ts";

/** A run with the rows of its log. */
export interface LoggedRun {
  /** What is known of it. */
  readonly result: RunResult;
  /** The rows, in the order written; none of a run that has not begun. */
  readonly log: readonly MetricsRow[];
}

/**
 * The rows of one phase of all logs, each with id, status and settings of its run; a run that has none
 * is there with a row of gaps. The draw of examples, `split` in a log, is `shot_split`, as in tables of
 * tasks.
 *
 * @param settings the settings that tell runs apart
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseRunConfig } from "../run/config.ts";
 * import { rowsOf } from "./table.ts";
 *
 * const result = {
 *   id: "a",
 *   config: parseRunConfig({ n_skills: 2 }),
 *   status: "done",
 *   metrics: {},
 *   tasks: [],
 *   provenance: {},
 * } as const;
 * const log = [{ phase: "multitask", step: 1, loss: 3 }, { phase: "validation", step: 1, loss: 4 }];
 * assert.deepEqual(rowsOf(curveTable([{ result, log }], "validation", ["n_skills"])), [
 *   { id: "a", status: "done", n_skills: 2, step: 1, loss: 4 },
 * ]);
 * ```
 */
export function curveTable(
  runs: readonly LoggedRun[],
  phase: string,
  settings: readonly (keyof RunConfig)[],
): ColumnTable {
  const rows = runs.flatMap(({ result: { id, status, config }, log }): Row[] => {
    const run = {
      id,
      status,
      ...Object.fromEntries(settings.map((key) => [key, settingCell(config[key])])),
    };
    const points = log.filter((row) => row.phase === phase).map(
      ({ phase: _, split, ...values }) => ({
        ...run,
        ...(split === undefined ? {} : { shot_split: split }),
        ...values,
      }),
    );
    return points.length === 0 ? [run] : points;
  });
  return tableOf(rows, ["id", "status", ...settings]);
}
