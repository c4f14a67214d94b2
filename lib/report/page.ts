import type { Figure } from "../figures/figure.ts";
import { parseRunConfig, RUN_CONFIG, RUN_CONFIG_KEYS, type RunConfig } from "../run/config.ts";
import { countByStatus, othersText } from "../run/result.ts";
import { baselineDifferences, differenceText } from "../tables/baseline.ts";
import { directionOf, orderText } from "../tables/direction.ts";
import { noneDone } from "../tables/files.ts";
import { valuesOf } from "../tables/groups.ts";
import { leaderboard } from "../tables/leaderboard.ts";
import { settingsRow, type Study } from "../tables/study.ts";
import { type Cell, type ColumnTable, type Row, rowsOf } from "../tables/table.ts";
import { taskSummary } from "../tables/task_summary.ts";
import { withoutModel } from "../tables/without_model.ts";
import { escapeXml } from "../util/escape_xml.ts";
import { firstLine } from "../util/words.ts";
import { ANSWERS_SCRIPT } from "./answers_script.ts";
import { imageOf } from "./image.ts";
import { type ReportCell, reportTable } from "./page_table.ts";
import { REPORT_SCRIPT } from "./script.ts";
import { REPORT_STYLE } from "./style.ts";

/** A figure with its picture. */
export interface DrawnFigure {
  readonly figure: Figure;
  readonly svg: string;
}

/**
 * Facts of a run's provenance that have a column of their own; all others are listed below them.
 */
const SHOWN_FACTS = ["seconds", "backend", "git_commit"];

/**
 * The report page of a study: its question, settings, cells, figures, and the provenance of every
 * run. It is one file that loads nothing from the network.
 *
 * @param changes files that are no longer what their runs have written
 * @param hasPng whether each figure is beside the page as PNG too
 * @param answers the section of answers, from `answersSection`; null for none
 * @throws {RangeError} when runs are done and none has the study's metric
 */
export function reportPage(
  study: Study,
  figures: readonly DrawnFigure[],
  changes: readonly string[] = [],
  hasPng = true,
  answers: string | null = null,
): string {
  const { name, question } = study;
  const title = escapeXml(question === "" ? name : question);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; \
style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>${escapeXml(name)}: ${title}</title>
<style>${REPORT_STYLE}</style>
</head>
<body>
<header>
<p class="muted">Sweep ${escapeXml(name)}</p>
<h1>${title}</h1>
<p>${escapeXml(summary(study))}</p>
<nav aria-label="Sections"><ul><li><a href="#cells">Leaderboard</a></li>\
<li><a href="#figures">Figures</a></li>${
    answers === null ? "" : `<li><a href="#predictions">Predictions</a></li>`
  }\
<li><a href="#settings">Settings</a></li>\
<li><a href="#runs">Runs</a></li><li><a href="#tasks">Tasks</a></li></ul></nav>
</header>
<main>
<h2 id="cells">Leaderboard</h2>
${cells(study)}
<h2 id="figures">Figures</h2>
${changed(changes)}${
    figures.map((figure) => drawn(figure, hasPng)).join("\n") ||
    "<p>There is nothing to draw yet.</p>"
  }
${answers === null ? "" : `<h2 id="predictions">Predictions</h2>\n${answers}\n`}\
<h2 id="settings">Settings</h2>
${settings(study)}
<h2 id="runs">Runs</h2>
${runs(study)}
<h2 id="tasks">Tasks</h2>
${tasks(study)}
</main>
<script>${REPORT_SCRIPT}${answers === null ? "" : ANSWERS_SCRIPT}</script>
</body>
</html>
`;
}

/** The number of runs, and how they ended. */
function summary({ runs }: Study): string {
  const count = countByStatus(rowsOf(runs));
  const seeds = valuesOf(runs, "seed").length;
  return `${runs.numRows()} runs with ${seeds} ${seeds === 1 ? "seed" : "seeds"}: ` +
    `${count.done} done${othersText(count)}.`;
}

/** A word on files that are not what their runs have written. */
function changed(changes: readonly string[]): string {
  if (changes.length === 0) return "";
  const lines = changes.map((line) => `<li>${escapeXml(line)}</li>`);
  return `<p><strong>Changed since the runs ended:</strong> curves, routing and answers below are made ` +
    `from files that are no longer what these runs have written.</p>\n<ul>${lines.join("")}</ul>\n`;
}

function cells(study: Study): string {
  if (!valuesOf(study.runs, "status").includes("done")) return `<p>${noneDone(study)}</p>`;
  const notes = study.identityNotes.map((note) => `<p><strong>${escapeXml(note)}</strong></p>\n`);
  const table = leaderboard(study);
  const order = orderText(
    directionOf(study.metric),
    rowsOf(table).map(({ n_done }) => Number(n_done)),
  );
  return `${notes.join("")}<p>Mean of <code>${
    escapeXml(study.metric)
  }</code> over the runs that are done, with its 95 % ` +
    `interval, ${order}. Runs that diverged, stalled or failed are in no mean; their numbers stand beside it.` +
    `</p>\n${whole("settings", table)}${besideTable(study)}${differences(study)}`;
}

/** What the leaderboard must be read beside; nothing where there is nothing to say. */
function besideTable(study: Study): string {
  const sentences = withoutModel(study);
  return sentences.length === 0 ? "" : `\n<p>${escapeXml(sentences.join(" "))}</p>`;
}

/** The differences to the baseline, as in the leaderboard's file; nothing where there are none. */
function differences(study: Study): string {
  const table = baselineDifferences(study);
  if (table === null || table.numRows() === 0) return "";
  return `\n<p>${escapeXml(differenceText(study, table).join(" "))}</p>\n${
    whole("differences", table)
  }`;
}

/** A table with all its columns and rows. */
function whole(name: string, table: ColumnTable): string {
  const columns = table.columnNames();
  const rows = rowsOf(table).map((row) => columns.map((column) => row[column] ?? null));
  return reportTable({ name, columns, rows });
}

function drawn({ figure, svg }: DrawnFigure, hasPng: boolean): string {
  const file = `figures/${encodeURIComponent(figure.name)}`;
  return `<figure><div class="scroll" role="region" aria-label="${escapeXml(figure.title)}" ` +
    `tabindex="0">${imageOf(figure, svg)}</div>` +
    `<figcaption>As a file: <a href="${file}.svg">SVG</a>${
      hasPng ? `, <a href="${file}.png">PNG</a>` : ""
    }</figcaption></figure>`;
}

function settings({ varying, runs, sources }: Study): string {
  const [first] = rowsOf(runs);
  const defaults = settingsRow(parseRunConfig({}));
  const fixed = RUN_CONFIG_KEYS.filter((key) => !varying.includes(key));
  const set = fixed.filter((key) => first?.[key] !== defaults[key]);
  const list = (keys: readonly (keyof RunConfig)[]) =>
    `<div class="scroll"><table><thead><tr><th scope="col">setting</th><th scope="col">value</th>` +
    `<th scope="col">meaning</th></tr></thead><tbody>${
      keys.map((key) =>
        `<tr><th scope="row"><code>${key}</code></th><td>${
          escapeXml(valuesOf(runs, key).map((value) => String(value ?? "—")).join(", "))
        }</td><td>${escapeXml(RUN_CONFIG.shape[key].description ?? "")}</td></tr>`
      ).join("\n")
    }</tbody></table></div>`;
  const rest = fixed.filter((key) => !set.includes(key));
  return `<p>Varied:</p>\n${list(varying)}\n` +
    (set.length === 0 ? "" : `<p>Fixed by the sweep:</p>\n${list(set)}\n`) +
    `<details><summary>${rest.length} settings at their defaults</summary>\n${
      list(rest)
    }</details>\n` +
    sources.map(({ yaml, command }) =>
      `<details><summary>${escapeXml(command)}</summary><pre>${escapeXml(yaml)}</pre></details>\n`
    ).join("");
}

function tasks(study: Study): string {
  const table = taskSummary(study);
  if (table.numRows() === 0) return "<p>No task has scores yet.</p>";
  return `<p>Means over the seeds of runs that are done, with 95 % intervals; <code>n</code> counts the ` +
    `seeds.${
      study.seedsHaveOwnTasks
        ? " Every seed makes tasks of its own: under one name are different tasks."
        : ""
    }` +
    `</p>\n<details><summary>${table.numRows()} rows</summary>\n` +
    `${whole("tasks", table)}</details>`;
}

function runs({ runs, provenance, varying, metric }: Study): string {
  const columns = ["status", ...varying, metric, ...SHOWN_FACTS, "remarks"];
  const facts = rowsOf(provenance);
  const rows = rowsOf(runs).map((run, i) => [
    run.status!,
    ...varying.map((key) => run[key]!),
    run[metric] ?? null,
    ...SHOWN_FACTS.map((fact) => factOf(facts[i]!, fact)),
    remarks(run, facts[i]!),
  ]);
  return reportTable({ name: "runs", columns, rows });
}

function factOf(facts: Row, fact: string): Cell {
  const value = facts[fact] ?? null;
  return fact === "git_commit" && value !== null
    ? String(value).slice(0, 9) + (facts.git_dirty === true ? " + changes" : "")
    : value;
}

/** The reason for a missing number, and all other facts about the run. */
function remarks(
  { id, status, error, diverged_at_step, stalled_at_step }: Row,
  facts: Row,
): ReportCell {
  const text = error === null ? "" : String(error);
  const line = status === "failed"
    ? firstLine(text)
    : status === "diverged"
    ? `diverged at step ${diverged_at_step ?? "unknown"}`
    : status === "stalled"
    ? `stalled from step ${stalled_at_step ?? "unknown"} on`
    : "";
  const known = Object.entries(facts).filter(([key, value]) => key !== "id" && value !== null)
    .map(([key, value]) => `<dt>${escapeXml(key)}</dt><dd>${escapeXml(String(value))}</dd>`);
  const trace = error === null ? "" : `<pre>${escapeXml(text.trimEnd())}</pre>`;
  return {
    html: `<details><summary>${escapeXml(line || "provenance")}</summary>${trace}<dl>` +
      `<dt>folder</dt><dd>runs/${escapeXml(String(id))}</dd>${known.join("")}</dl></details>`,
    value: line === "" ? null : line,
  };
}
