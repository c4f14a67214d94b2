/** Sections that need neither the metric nor a figure: answers, settings and tasks. */
import { taskRows } from "../../../tables/rows/task_rows.ts";
import { escapeXml } from "../../../util/escape_xml.ts";
import type { DataSetting, PageData } from "../data.ts";
import { columnOf, estimateColumns, settingColumn } from "../estimate_columns.ts";
import { type PageColumn, type PageTable, tableHtml } from "../table.ts";
import { constants, type Shown } from "../view.ts";
import type { Row } from "../../../tables/table.ts";
import { type Drawn, type Section, withoutTables } from "./section.ts";

/** What models answered; null where no run has kept answers. The page's script fills the table. */
export function answersSection({ data: { answers } }: Shown): Section | null {
  if (answers === null) return null;
  const left = answers.left_out === ""
    ? ""
    : ` Shown here: ${escapeXml(answers.left_out)}. <code>deno task predictions</code> shows all.`;
  const html =
    `<p>What ${escapeXml(answers.whose)} wrote to test examples. An answer is right where it is ` +
    `one of the right answers, letter for letter; two cells are compared on the same examples of the ` +
    `same seed.${left}</p>
<noscript><p>A script shows them here; without it, <code>deno task predictions</code> does.</p></noscript>
<div class="answers" hidden>
<div class="filter">
<label>Answers of A <select name="a"></select></label>
<label>against B <select name="b"></select></label>
<label>Task <select name="task"></select></label>
<label>Show <select name="show"></select></label>
</div>
<div class="counts"></div>
<p><output aria-live="polite"></output></p>
<div class="scroll" role="region" aria-label="answers" tabindex="0">
<table role="table"><thead role="rowgroup"></thead><tbody role="rowgroup"></tbody></table></div>
<p><button type="button" name="more" hidden></button></p>
</div>`;
  return {
    id: "predictions",
    short: "Predictions",
    question: "What do models answer?",
    follows: [],
    draw: () => withoutTables(html),
  };
}

/** Every setting with what it means. */
export function settingsSection({ data }: Shown): Section {
  const draw = () => withoutTables(settingsHtml(data));
  return { id: "settings", short: "Settings", question: "What was run?", follows: [], draw };
}

function settingsHtml({ settings, sources }: PageData): string {
  const list = (some: readonly DataSetting[]) =>
    `<div class="scroll"><table><thead><tr><th scope="col">setting</th><th scope="col">value</th>` +
    `<th scope="col">meaning</th></tr></thead><tbody>${
      some.map(({ key, value, meaning }) =>
        `<tr><th scope="row"><code>${escapeXml(key)}</code></th><td>${escapeXml(value)}</td><td>${
          escapeXml(meaning)
        }</td></tr>`
      ).join("\n")
    }</tbody></table></div>`;
  const of = (kind: DataSetting["kind"]) => settings.filter((setting) => setting.kind === kind);
  const [varied, fixed, rest] = [of("varied"), of("fixed"), of("default")];
  return `${varied.length === 0 ? "" : `<p>Varied:</p>\n${list(varied)}\n`}` +
    (fixed.length === 0 ? "" : `<p>Fixed by the sweep:</p>\n${list(fixed)}\n`) +
    `<details><summary>${rest.length} settings at their defaults</summary>\n${
      list(rest)
    }</details>\n` +
    sources.map(({ yaml, command }) =>
      `<details><summary>${escapeXml(command)}</summary><pre>${escapeXml(yaml)}</pre></details>\n`
    ).join("");
}

/** Columns of what a score is of, without settings that have one value, and of the scores with their intervals. */
function taskColumns(rows: readonly Row[], by: readonly string[]): PageColumn[] {
  const names = Object.keys(rows[0]!);
  const same = new Set(constants(rows, by).map(([name]) => name));
  const scores = names.filter((name) => names.includes(`${name}_low`));
  return [
    columnOf(rows, "phase"),
    columnOf(rows, "task"),
    ...by.filter((key) => !same.has(key)).map((key) => settingColumn(rows, key)),
    columnOf(rows, "n"),
    ...scores.flatMap((name) => estimateColumns(rows, name, [`${name}_low`, `${name}_high`])),
  ];
}

/** The scores of every task over seeds. */
export function tasksSection(shown: Shown): Section {
  const draw = () => drawnTasks(shown);
  return { id: "tasks", short: "Tasks", question: "How does each task go?", follows: ["by"], draw };
}

function drawnTasks({ data, tasks, view: { by } }: Shown): Drawn {
  const done = tasks.filter(({ status }) => status === "done");
  if (done.length === 0) return withoutTables("<p>No task has scores yet.</p>");
  const rows = taskRows(done, by).sort((a, b) =>
    Number(a.phase !== "heldout") - Number(b.phase !== "heldout") ||
    String(a.task).localeCompare(String(b.task), "en")
  );
  const table: PageTable = {
    name: "tasks",
    columns: taskColumns(rows, by),
    copied: rows,
  };
  const html =
    `<p>Means over the seeds of runs that are done, with 95 % intervals; <code>n</code> counts the ` +
    `seeds.${
      data.seeds_have_own_tasks
        ? " Every seed makes tasks of its own: under one name are different tasks."
        : ""
    }</p>\n<details><summary>${rows.length} rows</summary>\n${tableHtml(table)}</details>`;
  return { tables: [table], html };
}
