import { taskRows } from "./rows/task_rows.ts";
import { Study } from "./study.ts";
import { type ColumnTable, type Row, tableOf } from "./table.ts";
import { otherSettings } from "./varying.ts";

/**
 * Results of every task for each combination of settings, held-out tasks first: `n` seeds, and for
 * every measure its mean over seeds with the 95 % interval, `<measure>_low` to `<measure>_high`, on its
 * scale as in {@linkcode estimateMetric}. Several draws of a task's few examples count as one seed, with
 * their mean. Intervals of fewer than three seeds are missing values.
 *
 * Unless a study sets `task_seed`, every seed has tasks of its own, and rows of the same name are
 * means over different tasks.
 *
 * @param of a study, or a table with one row per run, task and draw of examples
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { tableOf } from "./table.ts";
 *
 * const task = { task: "sort", phase: "heldout", status: "done" };
 * const tasks = tableOf([0.25, 0.5, 1].map((loss, seed) => ({ ...task, id: `${seed}`, seed, loss })));
 * const [row] = taskSummary(tasks).objects() as Record<string, number>[];
 * assert.deepEqual([row!.task, row!.n], ["sort", 3]);
 * assert.ok(0 < row!.loss_low! && row!.loss_low! < 0.5 && 0.5 < row!.loss_high!);
 * ```
 */
export function taskSummary(of: Study | ColumnTable): ColumnTable {
  const tasks = of instanceof Study ? of.tasks : of;
  const done = tasks.filter("d => d.status === 'done'");
  const settings = otherSettings(done, []);
  return tableOf(taskRows(done, settings), ["phase", "task", ...settings, "n"])
    .orderby((row: Row) => row.phase !== "heldout", "task");
}
