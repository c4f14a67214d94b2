/** The work of `taskSummary` on plain rows, which the script of the report's page does too. */
import { type ScoreName, SCORES } from "../../run/metrics/metric.ts";
import { mean } from "../../util/vectors.ts";
import { estimateMetric } from "../estimate.ts";
import { groupBySettings, numbersOf, type Runs } from "../groups.ts";
import type { Row } from "../table.ts";

/** Scores of a task to summarise, in the order of columns; each suite has some of them. */
const MEASURES = Object.keys(SCORES) as ScoreName[];

/**
 * One row for each task and group of settings, as `taskSummary` has them, in the order of the rows.
 *
 * @param done one row for each run that is done, task and draw of examples
 * @param by columns that form groups, beside the task
 */
export function taskRows(done: Runs, by: readonly string[]): Row[] {
  const groups = groupBySettings(done, ["phase", "task", ...by]);
  const measures = MEASURES.filter((measure) =>
    groups.some(({ rows }) => numbersOf(rows, measure).length > 0)
  );
  return groups.map(({ settings, rows }) => {
    const runs = [...Map.groupBy(rows, ({ id }) => id).values()];
    const estimates = measures.flatMap((measure) => {
      const perRun = runs.map((rows) => numbersOf(rows, measure)).filter(({ length }) =>
        length > 0
      );
      const { estimate, low, high } = estimateMetric(measure, perRun.map(mean));
      return [[measure, estimate], [`${measure}_low`, low], [`${measure}_high`, high]];
    });
    return { ...settings, n: runs.length, ...Object.fromEntries(estimates) };
  });
}
