import { baselineDifferences, baselineLabel, differenceText, toldApartText } from "./baseline.ts";
import { countByStatus, othersText } from "../run/result.ts";
import { directionOf, orderText } from "./direction.ts";
import { leaderboard } from "./leaderboard.ts";
import { toCsv } from "./csv.ts";
import { markdownCode, markdownText, toMarkdown } from "./markdown.ts";
import type { Study } from "./study.ts";
import { rowsOf } from "./table.ts";
import { taskSummary } from "./task_summary.ts";
import { withoutModel } from "./without_model.ts";

/**
 * Files with every number of a study, by name: `results.csv` and `results.arrow` of the runs,
 * `tasks.csv` of the tasks in each of them, `task_summary.csv` of the tasks over seeds. The CSV has
 * numbers in full and missing values as empty fields; the Arrow file opens in notebooks, Python and
 * DuckDB.
 */
export function dataFiles(study: Study): Map<string, string | Uint8Array> {
  return new Map<string, string | Uint8Array>([
    ["results.csv", toCsv(study.runs)],
    ["results.arrow", study.runs.toArrowIPC({ format: "file" })],
    ["tasks.csv", toCsv(study.tasks)],
    ["task_summary.csv", toCsv(taskSummary(study))],
  ]);
}

/**
 * The findings of a study as Markdown: its cells, best first, with means, intervals and numbers of
 * runs, and their differences to the baseline if it has one. The same results give the same text.
 *
 * @throws {RangeError} when some runs are done and none of them has the study's metric
 */
export function sweepReport(study: Study): string {
  const { name, question, metric } = study;
  const title = [`# ${markdownText(name)}`, ...(question === "" ? [] : [markdownText(question)])];
  if (study.runs.filter("d => d.status === 'done'").numRows() === 0) {
    return paragraphs([...title, noneDone(study)]);
  }
  const cells = leaderboard(study);
  return paragraphs([
    ...title,
    ...study.notes.map(markdownText),
    `Mean of ${markdownCode(metric)} over seeds with its 95 % interval, ${
      orderText(directionOf(metric), rowsOf(cells).map(({ n_done }) => Number(n_done)))
    }.`,
    toMarkdown(cells),
    ...withoutModel(study).map(markdownText),
    ...differences(study),
  ]);
}

/** What became of the runs of a study of which none is done. */
export function noneDone({ runs }: Study): string {
  const others = othersText(countByStatus(rowsOf(runs)));
  return `No run is done${others.replace(/^,/, ":")}.`;
}

function differences(study: Study): string[] {
  if (study.baseline === null) return [];
  const table = baselineDifferences(study);
  if (table === null) {
    return [`No run has the baseline's settings, ${markdownText(baselineLabel(study))}.`];
  }
  return [
    markdownText(differenceText(study, table).join(" ")),
    toMarkdown(table),
    markdownText(toldApartText(study, table)),
  ].filter((part) => part !== "");
}

function paragraphs(parts: readonly string[]): string {
  return parts.map((part) => part.trimEnd()).join("\n\n") + "\n";
}
