import type { RunResult } from "../run/result.ts";
import { groupBySettings } from "./setting_groups.ts";
import { estimateMean } from "../util/statistics.ts";
import { type ColumnTable, type Row, rowsOf, tableOf, taskTable } from "./table.ts";

/** Measures of a task that are summarised, in the order of columns; a suite has some of them. */
const MEASURES = ["exact_match", "rouge_l", "token_accuracy", "teacher_gap", "loss"];

/**
 * How each task went under each combination of settings, held-out tasks first: `n` seeds, and of every
 * measure the mean over seeds with its 95 % Student-t interval, `<measure>_low` to `<measure>_high`.
 * Several draws of a task's few examples count as one seed, with their mean. Intervals of fewer than two
 * seeds are gaps.
 *
 * Unless a study sets `task_seed`, every seed has tasks of its own, and rows of the same name are means
 * over tasks that are different.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { sampleResults } from "../testing/samples/sample_results.ts";
 * import { rowsOf } from "./table.ts";
 *
 * const results = sampleResults({ n_skills: [2, 4], n_splits: [1], seed: [0, 1] }, { whole: true });
 * const [first] = rowsOf(taskSummary(results));
 * assert.deepEqual([first!.task, first!.n_skills, first!.n], ["drop vowels", 2, 2]);
 * assert.ok((first!.loss_low as number) < (first!.loss as number));
 * ```
 */
export function taskSummary(results: readonly RunResult[]): ColumnTable {
  const all = rowsOf(taskTable(results)).filter(({ status }) => status === "done");
  const settings = Object.keys(groupBySettings(all)[0]?.settings ?? {});
  const measures = MEASURES.filter((measure) =>
    all.some((row) => typeof row[measure] === "number")
  );
  const groups = groupBySettings(all, ["phase", "task", ...settings]).map(
    ({ settings: { phase, task, ...rest }, rows }) => {
      const runs = groupBySettings(rows, ["id"]);
      const estimates = measures.flatMap((measure) => {
        const perRun = runs.flatMap(({ rows }) => {
          const values = rows.map((row) => row[measure]).filter((value) =>
            typeof value === "number"
          );
          return values.length === 0 ? [] : [estimateMean(values).mean!];
        });
        const { mean, low, high } = estimateMean(perRun);
        return [[measure, mean], [`${measure}_low`, low], [`${measure}_high`, high]];
      });
      return { phase, task, ...rest, n: runs.length, ...Object.fromEntries(estimates) } as Row;
    },
  );
  const first = ["phase", "task", ...settings, "n"];
  const order = (row: Row) => `${row.phase === "heldout" ? 0 : 1} ${row.task}`;
  return tableOf(
    groups.sort((a, b) => order(a) < order(b) ? -1 : order(a) > order(b) ? 1 : 0),
    first,
  );
}
