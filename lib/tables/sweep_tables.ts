import { baselineDifferences } from "./baseline_differences.ts";
import { leaderboard } from "./leaderboard.ts";
import { toMarkdown } from "./markdown_table.ts";
import type { RunResult } from "../run/result.ts";
import type { Manifest } from "../sweep/store.ts";
import { runsTable, taskTable, toArrow, toCSV } from "./table.ts";
import { taskSummary } from "./task_summary.ts";

/**
 * Files with every number of a sweep, by name: `results.csv` and `results.arrow` of the runs, `tasks.csv`
 * of the tasks in each of them, `task_summary.csv` of the tasks over seeds.
 */
export function dataFiles(results: readonly RunResult[]): Map<string, string | Uint8Array> {
  const runs = runsTable(results);
  return new Map<string, string | Uint8Array>([
    ["results.csv", toCSV(runs)],
    ["results.arrow", toArrow(runs)],
    ["tasks.csv", toCSV(taskTable(results))],
    ["task_summary.csv", toCSV(taskSummary(results))],
  ]);
}

/**
 * What a sweep found, as Markdown: its cells, best first, with means, intervals and numbers of runs,
 * and their differences to the baseline when it has one. The same results give the same text.
 *
 * @throws {RangeError} when runs are done and none has measured the sweep's metric
 */
export function sweepReport(manifest: Manifest, results: readonly RunResult[]): string {
  const { name, question, metric } = manifest;
  const title = [`# ${name}`, ...(question === "" ? [] : [question])];
  if (!results.some(({ status }) => status === "done")) {
    return paragraphs([...title, "No run is done."]);
  }
  return paragraphs([
    ...title,
    `Mean of \`${metric}\` over seeds with its 95 % interval, best first.`,
    toMarkdown(leaderboard(runsTable(results), { metric })),
    ...differences(manifest, results),
  ]);
}

function differences(manifest: Manifest, results: readonly RunResult[]): string[] {
  const found = baselineDifferences(manifest, results);
  if (found === null) return [];
  const { table, baseline, units } = found;
  if (table === null) return [`No run has the baseline's settings, ${baseline}.`];
  return [
    `Difference to the baseline, ${baseline}, paired on ${units}, with its 95 % interval.`,
    toMarkdown(table),
  ];
}

function paragraphs(parts: readonly string[]): string {
  return parts.map((part) => part.trimEnd()).join("\n\n") + "\n";
}
