/** What became of every run, and one run or two side by side. */
import { runCurvesChart } from "../../../figures/charts/run_curves_chart.ts";
import { scaleOf } from "../../../tables/estimate.ts";
import { formatOf } from "../../../tables/rows/aligned.ts";
import type { Cell, Row } from "../../../tables/table.ts";
import { escapeXml } from "../../../util/escape_xml.ts";
import { firstLine } from "../../../util/words.ts";
import { figureHtml, type PageTools } from "../drawing.ts";
import { settingColumn } from "../estimate_columns.ts";
import { type PageTable, tableHtml } from "../table.ts";
import { constants, runTitle, type Shown } from "../view.ts";
import type { Drawn, Section } from "./section.ts";

/** Facts of a run's provenance that have a column of their own; all others are listed below them. */
const SHOWN_FACTS = ["seconds", "backend", "git_commit"];

/** The table of runs, below what the reader has chosen to look at. */
export function runsSection(shown: Shown, tools: PageTools): Section {
  return {
    id: "runs",
    short: "Runs",
    question: "What became of each run?",
    follows: ["metric", "runs"],
    draw: () => drawnRuns(shown, tools),
  };
}

function drawnRuns(shown: Shown, tools: PageTools): Drawn {
  const { data, runs, facts, view: { metric, runs: chosen } } = shown;
  const varying = [...data.grouping, "seed"];
  const values = (name: string) => runs.map((run) => run[name] ?? null);
  const same = sameInAll(facts);
  const differing = facts.map((row) =>
    Object.fromEntries(Object.entries(row).filter(([name]) => !same.has(name)))
  );
  const remarks = runs.map((run, i) => remark(run, differing[i] ?? {}));
  const shownFacts = SHOWN_FACTS.filter((name) =>
    differing.some((row) => (row[name] ?? null) !== null)
  );
  const table: PageTable = {
    name: "runs",
    columns: [
      { name: "status", values: values("status") },
      ...varying.map((name) => settingColumn(runs, name)),
      { name: metric, values: values(metric) },
      ...shownFacts.map((name) => ({ name, values: facts.map((row) => factOf(row, name)) })),
      {
        name: "remarks",
        values: remarks.map(({ line }) => line),
        texts: remarks.map(({ html }) => html),
        isHtml: true,
      },
    ],
    copied: runs,
  };
  return {
    html: `<div id="run-panel">${runPanel(shown, chosen, tools)}</div>\n${tableHtml(table)}` +
      (same.size === 0
        ? ""
        : `\n<details><summary>The same in all runs</summary><dl>${
          factList([...same])
        }</dl></details>`),
    tables: [table],
  };
}

function factOf(facts: Row, fact: string): Cell {
  const value = facts[fact] ?? null;
  return fact === "git_commit" && value !== null
    ? String(value).slice(0, 9) + (facts.git_dirty === true ? " + changes" : "")
    : value;
}

/** Facts that have one value in all runs that have any, which are said once. */
function sameInAll(facts: readonly Row[]): Map<string, Cell> {
  const known = facts.filter((row) => Object.values(row).some((value) => value !== null));
  return new Map(
    constants(known, Object.keys(known[0] ?? {})).filter(([, value]) => value !== null),
  );
}

function factList(facts: readonly (readonly [name: string, value: Cell])[]): string {
  return facts.filter(([, value]) => value !== null)
    .map(([name, value]) => `<dt>${escapeXml(name)}</dt><dd>${escapeXml(String(value))}</dd>`)
    .join("");
}

/** The reason for a missing number, and all other facts about the run. */
function remark(run: Row, facts: Row): { line: Cell; html: string } {
  const { id, status, error, diverged_at_step, stalled_at_step, stopped_early_at_step } = run;
  const text = (error ?? null) === null ? "" : String(error);
  const line = status === "failed"
    ? firstLine(text)
    : status === "diverged"
    ? `diverged at step ${diverged_at_step ?? "unknown"}`
    : status === "stalled"
    ? `stalled from step ${stalled_at_step ?? "unknown"} on`
    : status === "stopped_early"
    ? `stopped early at step ${stopped_early_at_step ?? "unknown"}`
    : "";
  const trace = text === "" ? "" : `<pre>${escapeXml(text.trimEnd())}</pre>`;
  const html = `<details><summary>${escapeXml(line || "provenance")}</summary>${trace}<dl>` +
    `<dt>folder</dt><dd>runs/${escapeXml(String(id))}</dd>${
      factList(Object.entries(facts))
    }</dl></details>`;
  return { line: line === "" ? null : line, html };
}

/** One run, or two side by side; nothing where none is chosen. */
export function runPanel(shown: Shown, ids: readonly string[], tools: PageTools): string {
  const found = ids.flatMap((id) => shown.runs.filter((run) => run.id === id));
  if (found.length === 0) return "";
  const titles = found.map((run) => escapeXml(runTitle(shown, run)));
  const curves = shown.data.curves.flatMap(({ phase, y, points }) => {
    const lines = found.flatMap((run) => {
      const of = points[String(run.id)];
      return of === undefined ? [] : [{ label: runTitle(shown, run), ...of }];
    });
    return lines.length === 0 ? [] : [
      figureHtml(runCurvesChart(lines, { y, phase }), {
        ...tools,
        width: Math.min(tools.width, 420),
      }),
    ];
  });
  return `<h3>${titles.join(' <span class="muted">beside</span> ')}</h3>
<p>${
    found.map((run, i) => linksOf(shown, run, found.length === 1 ? "" : "AB"[i]!)).join("<br>")
  }</p>
${settingsTable(shown, found)}
<div class="curves">${curves.join("\n")}</div>
${scoresTable(shown, found)}
${
    found.length === 2
      ? tasksTable(shown, found[0]!, found[1]!) + answersTable(shown, found[0]!, found[1]!)
      : ""
  }`;
}

/** Where the files of a run are, and what else the page has of it. */
function linksOf({ data }: Shown, { id, status, error }: Row, letter: string): string {
  const folder = `runs/${String(id).split("/").map(encodeURIComponent).join("/")}/`;
  const files = data.files.length === 0 || String(id).includes("/")
    ? []
    : [`<a href="${folder}">its folder</a>`];
  const links = [
    ...data.routing?.id === id ? [`<a href="#routing">its routing</a>`] : [],
    ...data.answers?.runs.some((run) => run.id === id)
      ? [`<a href="#predictions" data-answers-of="${escapeXml(String(id))}">its answers</a>`]
      : [],
    ...files,
  ];
  const failure = (error ?? null) === null ? "" : `: ${escapeXml(firstLine(String(error)))}`;
  return `${letter === "" ? "" : `<b>${letter}</b> `}${escapeXml(String(status))}${failure}${
    links.length === 0 ? "" : ` · ${links.join(" · ")}`
  }`;
}

/** Settings and facts in which the runs differ, or all that tell one run apart. */
function settingsTable({ data, runs, facts }: Shown, found: readonly Row[]): string {
  const factsOf = found.map((run) => facts[runs.indexOf(run)] ?? {});
  const settings = [...data.grouping, "seed"].map((name) =>
    [name, found.map((run) => run[name] ?? null)] as const
  );
  const others = Object.keys(factsOf[0] ?? {}).map((name) =>
    [name, factsOf.map((row) => row[name] ?? null)] as const
  ).filter(([name]) => !EXPLAINS_NOTHING.test(name));
  const differs = ([, values]: readonly [string, readonly Cell[]]) => values[0] !== values[1];
  const rows = found.length === 1 ? settings : [...settings, ...others].filter(differs);
  if (rows.length === 0) return "<p>The two runs have the same settings.</p>";
  const caption = found.length === 1 ? "Settings" : "In what they differ";
  return sideBySide(
    caption,
    found.length,
    rows.map(([name, values]) => ({ name, cells: values.map(textOf) })),
  );
}

/** Facts that differ between any two runs and explain nothing: when they ran, how long, and in what room. */
const EXPLAINS_NOTHING = /^(started|ended)|seconds|memory|^stages$/;

function textOf(cell: Cell): string {
  return cell === null ? "—" : String(cell);
}

/** All metrics, with the difference of two runs, or their ratio where ratios count. */
function scoresTable({ data }: Shown, found: readonly Row[]): string {
  const rows = data.metrics.flatMap((name) => {
    const values = found.map((run) => run[name]).map((value) =>
      typeof value === "number" ? value : null
    );
    if (values.every((value) => value === null)) return [];
    return [{ name, cells: numbersOf(name, values) }];
  });
  if (rows.length === 0) return "";
  return `<details${found.length === 2 ? " open" : ""}><summary>${rows.length} metrics</summary>${
    sideBySide("Metrics", found.length, rows, ["B to A"])
  }</details>`;
}

/** Numbers of both runs, and how the second is to the first. */
function numbersOf(metric: string, values: readonly (number | null)[]): string[] {
  const format = formatOf(values.filter((value) => value !== null));
  const texts = values.map((value) => value === null ? "—" : format(value));
  if (values.length === 1) return texts;
  const [a, b] = values;
  if (a == null || b == null) return [...texts, "—"];
  if (scaleOf(metric) === "log" && a > 0) return [...texts, `× ${(b / a).toPrecision(3)}`];
  const difference = b - a;
  return [...texts, `${difference > 0 ? "+" : ""}${formatOf([difference])(difference)}`];
}

function sideBySide(
  caption: string,
  n: number,
  rows: readonly { readonly name: string; readonly cells: readonly string[] }[],
  more: readonly string[] = [],
): string {
  const heads = n === 1 ? ["value"] : ["A", "B", ...more];
  const head = heads.map((text) => `<th scope="col" class="number">${text}</th>`).join("");
  const body = rows.map(({ name, cells }) =>
    `<tr><th scope="row"><code>${escapeXml(name)}</code></th>${
      cells.map((text) => `<td class="number">${escapeXml(text)}</td>`).join("")
    }</tr>`
  );
  return `<div class="scroll"><table class="sides"><caption>${caption}</caption><thead><tr><th scope="col"></th>${head}` +
    `</tr></thead><tbody>${body.join("")}</tbody></table></div>`;
}

/** Scores of the tasks that both runs have, those first in which they differ most. */
function tasksTable({ tasks }: Shown, a: Row, b: Row): string {
  const keyOf = (row: Row) => JSON.stringify([row.phase, row.task, row.shot_split]);
  const theirs = new Map(tasks.filter(({ id }) => id === b.id).map((row) => [keyOf(row), row]));
  const measure = ["exact_match", "rouge_l", "rank_accuracy", "loss"].find((name) =>
    tasks.some((row) => typeof row[name] === "number")
  );
  if (measure === undefined) return "";
  const pairs = tasks.filter(({ id }) => id === a.id).flatMap((row) => {
    const other = theirs.get(keyOf(row));
    const [x, y] = [row[measure], other?.[measure]];
    return typeof x === "number" && typeof y === "number" ? [{ row, x, y }] : [];
  }).sort((p, q) => Math.abs(q.y - q.x) - Math.abs(p.y - p.x));
  if (pairs.length === 0) return "<p>The two runs have no task in common.</p>";
  return `<details open><summary>${measure} of ${pairs.length} tasks, those first in which they differ most</summary>${
    sideBySide(
      "Tasks",
      2,
      pairs.slice(0, MOST_TASKS).map(({ row, x, y }) => ({
        name: `${row.phase}: ${row.task}${
          Number(row.shot_split) > 0 ? `, draw ${row.shot_split}` : ""
        }`,
        cells: numbersOf(measure, [x, y]),
      })),
      ["B to A"],
    )
  }</details>`;
}

const MOST_TASKS = 16;
const MOST_ANSWERS = 12;

/** Examples that one of two runs answers rightly and the other does not. */
function answersTable({ data: { answers } }: Shown, a: Row, b: Row): string {
  if (answers === null) return "";
  const cellOf = (run: Row) => answers.runs.find(({ id }) => id === run.id);
  const [of, to] = [cellOf(a), cellOf(b)];
  if (of === undefined || to === undefined || of.seed !== to.seed) {
    return `<p>Answers are compared of runs of one seed whose answers the page has.</p>`;
  }
  const both = answers.rows.flatMap((row) => {
    const [x, y] = [row[6][of.cell], row[6][to.cell]];
    return row[1] === of.seed && x != null && y != null ? [{ row, x, y }] : [];
  });
  const differ = both.filter(({ x, y }) => x[1] !== y[1]);
  const right = (which: "x" | "y") => both.filter((pair) => pair[which][1] === 1).length;
  const rows = differ.slice(0, MOST_ANSWERS).map(({ row, x, y }) =>
    `<tr><td>${escapeXml(row[0])}</td><td>${escapeXml(row[4])}</td><td>${
      escapeXml(row[5].join(" or "))
    }</td><td class="${x[1] === 1 ? "right" : "wrong"}">${escapeXml(x[0])}</td><td class="${
      y[1] === 1 ? "right" : "wrong"
    }">${escapeXml(y[0])}</td></tr>`
  );
  return `<details open><summary>Answers: of ${both.length} examples A has ${
    right("x")
  } right and B ${right("y")}; ${differ.length} only one of them</summary>${
    rows.length === 0
      ? ""
      : `<div class="scroll answers"><table><thead><tr><th scope="col">Task</th>` +
        `<th scope="col">Input</th><th scope="col">Right answer</th><th scope="col">A</th><th scope="col">B` +
        `</th></tr></thead><tbody>${rows.join("")}</tbody></table></div>`
  }</details>`;
}
