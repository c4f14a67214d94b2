import { SCORES } from "../run/metrics/metric.ts";
import { estimateMean } from "../statistics/mean.ts";
import { mean } from "../util/vectors.ts";
import { groupBySettings, numbersOf, otherSettings } from "./groups.ts";
import { Study } from "./study.ts";
import { type ColumnTable, type Row, tableOf } from "./table.ts";

/** Measures of a task to summarise, in the order of columns; each suite has some of them. */
const MEASURES = Object.keys(SCORES).toSorted((a, b) =>
  Number(a === "loss") - Number(b === "loss")
);

/**
 * Results of every task for each combination of settings, held-out tasks first: `n` seeds, and for
 * every measure its mean over seeds with the 95 % Student-t interval, `<measure>_low` to
 * `<measure>_high`. Several draws of a task's few examples count as one seed, with their mean.
 * Intervals of fewer than two seeds are missing values.
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
 * const tasks = tableOf([0.5, 0.75].map((loss, seed) => ({ ...task, id: `${seed}`, seed, loss })));
 * const [row] = taskSummary(tasks).objects() as Record<string, number>[];
 * assert.deepEqual([row!.task, row!.n, row!.loss], ["sort", 2, 0.625]);
 * assert.ok(row!.loss_low! < 0.625 && 0.625 < row!.loss_high!);
 * ```
 */
export function taskSummary(of: Study | ColumnTable): ColumnTable {
  const tasks = of instanceof Study ? of.tasks : of;
  const done = tasks.filter("d => d.status === 'done'");
  const settings = otherSettings(done, []);
  const measures = MEASURES.filter((measure) =>
    done.columnNames().includes(measure) &&
    [...done.array(measure)].some((value) => typeof value === "number")
  );
  const groups = groupBySettings(done, ["phase", "task", ...settings]).map(({ settings, rows }) => {
    const runs = [...Map.groupBy(rows, ({ id }) => id).values()];
    const estimates = measures.flatMap((measure) => {
      const perRun = runs.map((rows) => numbersOf(rows, measure)).filter(({ length }) =>
        length > 0
      );
      const { estimate, low, high } = estimateMean(perRun.map(mean));
      return [[measure, estimate], [`${measure}_low`, low], [`${measure}_high`, high]];
    });
    return { ...settings, n: runs.length, ...Object.fromEntries(estimates) };
  });
  return tableOf(groups, ["phase", "task", ...settings, "n"])
    .orderby((row: Row) => row.phase !== "heldout", "task");
}
