import { leaderboard } from "./leaderboard.ts";
import { toMarkdown } from "./markdown_table.ts";
import { pairedDifferences } from "./paired_differences.ts";
import type { RunResult } from "./result.ts";
import type { Manifest } from "./store.ts";
import { type ColumnTable, runsTable, settingCell, taskTable, toArrow, toCSV } from "./table.ts";

/** Files with every number of a sweep, by name: `results.csv`, `results.arrow` and `tasks.csv`. */
export function dataFiles(results: readonly RunResult[]): Map<string, string | Uint8Array> {
  const runs = runsTable(results);
  return new Map<string, string | Uint8Array>([
    ["results.csv", toCSV(runs)],
    ["results.arrow", toArrow(runs)],
    ["tasks.csv", toCSV(taskTable(results))],
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

function differences({ metric, baseline }: Manifest, results: readonly RunResult[]): string[] {
  if (baseline === null) return [];
  const settings = Object.entries(baseline);
  const text = settings.map(([key, value]) => `${key}=${settingCell(value)}`).join(", ");
  const isThere = results.some(({ config }) =>
    settings.every(([key, value]) =>
      JSON.stringify(config[key as keyof typeof config]) === JSON.stringify(value)
    )
  );
  if (!isThere) return [`No run has the baseline's settings, ${text}.`];
  const [table, column, units] = pairedTable(metric, results);
  return [
    `Difference to the baseline, ${text}, paired on ${units}, with its 95 % interval.`,
    toMarkdown(pairedDifferences(table, { metric: column, baseline })),
  ];
}

/** The table to pair runs in: scores of tasks where the metric is a mean over tasks, else of runs. */
function pairedTable(
  metric: string,
  results: readonly RunResult[],
): [table: ColumnTable, column: string, units: string] {
  const [, phase, column] = /^(seen|heldout)_(.+)$/.exec(metric) ?? [];
  if (phase === "seen" || phase === "heldout") {
    const tasks = taskTable(results, phase);
    if (tasks.columnNames().includes(column!)) return [tasks, column!, "task and seed"];
  }
  return [runsTable(results), metric, "seed"];
}

function paragraphs(parts: readonly string[]): string {
  return parts.map((part) => part.trimEnd()).join("\n\n") + "\n";
}
