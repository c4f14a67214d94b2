import type { Figure } from "../figures/figure.ts";
import { escapeXml } from "../util/escape_xml.ts";
import { valuesOf } from "../tables/measured_groups.ts";
import { leaderboard } from "../tables/leaderboard.ts";
import { haveOwnTasks } from "../tables/own_tasks.ts";
import { firstLine } from "../util/words.ts";
import { REPORT_SCRIPT } from "./script.ts";
import { REPORT_STYLE } from "./style.ts";
import { type ReportCell, reportTable } from "./page_table.ts";
import { countByStatus, type RunResult } from "../run/result.ts";
import { parseRunConfig, RUN_CONFIG, RUN_CONFIG_KEYS, type RunConfig } from "../run/config.ts";
import type { Manifest } from "../sweep/store.ts";
import { type Cell, type ColumnTable, rowsOf, runsTable, settingCell } from "../tables/table.ts";
import { taskSummary } from "../tables/task_summary.ts";

/** A figure with its picture. */
export interface DrawnFigure {
  readonly figure: Figure;
  readonly svg: string;
}

/** Facts of a run's provenance that have a column; all others are below them. */
const SHOWN_FACTS = ["seconds", "backend", "git_commit"];

/**
 * The page of a sweep: its question, settings, cells, figures, and where every run came from. It is
 * one file that asks the network for nothing.
 *
 * @param results every planned run, as its store gives it
 * @throws {RangeError} when runs are done and none has measured the sweep's metric
 */
export function reportPage(
  manifest: Manifest,
  results: readonly RunResult[],
  figures: readonly DrawnFigure[],
): string {
  const { name, question, metric } = manifest;
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
<p>${escapeXml(summary(results))}</p>
<nav aria-label="Sections"><ul><li><a href="#cells">Leaderboard</a></li>\
<li><a href="#figures">Figures</a></li><li><a href="#settings">Settings</a></li>\
<li><a href="#runs">Runs</a></li><li><a href="#tasks">Tasks</a></li></ul></nav>
</header>
<main>
<h2 id="cells">Leaderboard</h2>
${cells(results, metric)}
<h2 id="figures">Figures</h2>
${figures.map(drawn).join("\n") || "<p>There is nothing to draw yet.</p>"}
<h2 id="settings">Settings</h2>
${settings(manifest)}
<h2 id="runs">Runs</h2>
${runs(manifest, results)}
<h2 id="tasks">Tasks</h2>
${tasks(results)}
</main>
<script>${REPORT_SCRIPT}</script>
</body>
</html>
`;
}

/** How many runs there are, and how they ended. */
function summary(results: readonly RunResult[]): string {
  const count = countByStatus(results);
  const seeds = new Set(results.map(({ config }) => config.seed)).size;
  const rest = [
    [count.diverged, "diverged"],
    [count.failed, "failed"],
    [count.planned, "not run yet"],
  ].filter(([n]) => n !== 0).map(([n, what]) => `, ${n} ${what}`);
  return `${results.length} runs with ${seeds} ${seeds === 1 ? "seed" : "seeds"}: ` +
    `${count.done} done${rest.join("")}.`;
}

function cells(results: readonly RunResult[], metric: string): string {
  if (!results.some(({ status }) => status === "done")) return "<p>No run is done.</p>";
  const table = leaderboard(runsTable(results), { metric });
  return `<p>Mean of <code>${
    escapeXml(metric)
  }</code> over the runs that are done, with its 95 % ` +
    `interval, best first. Runs that diverged or failed are in no mean; their numbers stand beside it.` +
    `</p>\n${whole("settings", table)}`;
}

/** A table with all its columns and rows. */
function whole(name: string, table: ColumnTable): string {
  const columns = table.columnNames();
  const rows = rowsOf(table).map((row) => columns.map((column) => row[column] ?? null));
  return reportTable({ name, columns, rows });
}

function drawn({ figure, svg }: DrawnFigure): string {
  const source = `data:image/svg+xml;base64,${new TextEncoder().encode(svg).toBase64()}`;
  const [width, height] = ["width", "height"].map((side) =>
    new RegExp(`^<svg[^>]* ${side}="([\\d.]+)"`).exec(svg)![1]
  );
  const file = `figures/${encodeURIComponent(figure.name)}`;
  const alt = escapeXml([figure.alt, ...figure.notes].join(" "));
  return `<figure><div class="scroll" role="region" aria-label="${escapeXml(figure.title)}" ` +
    `tabindex="0"><img width="${width}" height="${height}" alt="${alt}" src="${source}"></div>` +
    `<figcaption>As a file: <a href="${file}.svg">SVG</a>, <a href="${file}.png">PNG</a>` +
    `</figcaption></figure>`;
}

function settings({ varying, runs }: Manifest): string {
  const configs = runs.map(({ config }) => settingRow(config));
  const defaults = settingRow(parseRunConfig({}));
  const fixed = RUN_CONFIG_KEYS.filter((key) => !varying.includes(key));
  const set = fixed.filter((key) => configs[0]?.[key] !== defaults[key]);
  const list = (keys: readonly (keyof RunConfig)[]) =>
    `<div class="scroll"><table><thead><tr><th scope="col">setting</th><th scope="col">value</th>` +
    `<th scope="col">meaning</th></tr></thead><tbody>${
      keys.map((key) =>
        `<tr><th scope="row"><code>${key}</code></th><td>${
          escapeXml(valuesOf(configs, key).map((value) => String(value ?? "—")).join(", "))
        }</td><td>${escapeXml(RUN_CONFIG.shape[key].description ?? "")}</td></tr>`
      ).join("\n")
    }</tbody></table></div>`;
  const rest = fixed.filter((key) => !set.includes(key));
  return `<p>Varied:</p>\n${list(varying)}\n` +
    (set.length === 0 ? "" : `<p>Fixed by the sweep:</p>\n${list(set)}\n`) +
    `<details><summary>${rest.length} settings at their defaults</summary>\n${
      list(rest)
    }</details>`;
}

function settingRow(config: RunConfig): Record<string, Cell> {
  return Object.fromEntries(RUN_CONFIG_KEYS.map((key) => [key, settingCell(config[key])]));
}

function tasks(results: readonly RunResult[]): string {
  const table = taskSummary(results);
  if (table.numRows() === 0) return "<p>No task has scores yet.</p>";
  return `<p>Means over the seeds of runs that are done, with 95 % intervals; <code>n</code> counts the ` +
    `seeds.${
      haveOwnTasks(results)
        ? " Every seed makes tasks of its own: under one name are different tasks."
        : ""
    }` +
    `</p>\n<details><summary>${table.numRows()} rows</summary>\n` +
    `${whole("tasks", table)}</details>`;
}

function runs({ varying, metric }: Manifest, results: readonly RunResult[]): string {
  const columns = ["status", ...varying, metric, ...SHOWN_FACTS, "remarks"];
  const rows = results.map((result) => [
    result.status,
    ...varying.map((key) => settingCell(result.config[key])),
    result.metrics[metric] ?? null,
    ...SHOWN_FACTS.map((fact) => factOf(result, fact)),
    remarks(result),
  ]);
  return reportTable({ name: "runs", columns, rows });
}

function factOf({ provenance }: RunResult, fact: string): Cell {
  const value = provenance[fact];
  if (fact === "git_commit" && typeof value === "string") {
    return value.slice(0, 9) + (provenance.git_dirty === true ? " + changes" : "");
  }
  return typeof value === "string" || typeof value === "number" ? value : null;
}

/** Why there is no number, and everything else that is known of the run. */
function remarks({ id, status, metrics, provenance, error }: RunResult): ReportCell {
  const line = status === "failed"
    ? firstLine(error)
    : status === "diverged"
    ? `diverged at step ${metrics.diverged_at_step ?? "unknown"}`
    : "";
  const facts = Object.entries(provenance).map(([key, value]) =>
    `<dt>${escapeXml(key)}</dt><dd>${escapeXml(text(value))}</dd>`
  );
  const trace = error === undefined ? "" : `<pre>${escapeXml(error.trimEnd())}</pre>`;
  return {
    html: `<details><summary>${escapeXml(line || "provenance")}</summary>${trace}<dl>` +
      `<dt>folder</dt><dd>runs/${escapeXml(id)}</dd>${facts.join("")}</dl></details>`,
    value: line === "" ? null : line,
  };
}

function text(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value) ?? String(value);
}
