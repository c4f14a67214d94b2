/** What both ways to show answers share: the runs that are chosen, and how answers look. */
import type { KeptPrediction } from "../../run/predictions/file.ts";
import { valueKey } from "../../sweep/plan/setting.ts";
import { StoreError } from "../../sweep/store_error.ts";
import { valuesOf } from "../../tables/groups.ts";
import type { AnswerFilter } from "../../tables/predictions.ts";
import { cell } from "../../tables/rows/cell.ts";
import type { Study } from "../../tables/study.ts";
import { type Row, rowsOf } from "../../tables/table.ts";
import { printable } from "../../util/printable.ts";
import type { LastingOutput } from "../output.ts";
import { textTable, wrapped } from "../text_table.ts";
import type { ChosenSettings, PredictionsArguments } from "./arguments.ts";

/** What is shown, and where. */
export interface View {
  readonly study: Study;
  readonly asked: PredictionsArguments;
  readonly filter: AnswerFilter;
  readonly output: LastingOutput;
  readonly width: number;
}

/** The runs that have one of the values of every setting. */
export function runsWith(study: Study, settings: ChosenSettings): Row[] {
  const values = [...settings].map(([key, axis]) =>
    [key, new Set(axis.values.map(({ value }) => valueKey(cell(value))))] as const
  );
  return rowsOf(study.runs).filter((run) =>
    values.every(([key, wanted]) => wanted.has(valueKey(run[key])))
  );
}

/**
 * The same, where there is one.
 * @throws {StoreError} naming the values that runs have, where there is none
 */
export function someRunsWith(study: Study, settings: ChosenSettings): Row[] {
  const runs = runsWith(study, settings);
  if (runs.length > 0) return runs;
  const asked = [...settings].map(([key, { values }]) =>
    `${key}=${values.map(({ value }) => cell(value)).join(",")}`
  );
  const there = [...settings.keys()].map((key) =>
    `${key} ${valuesOf(study.runs, key).slice(0, 20).join(", ")}`
  );
  throw new StoreError(`no run has ${asked.join(" ")}: there are runs of ${there.join("; ")}`);
}

/** A column of a table: its heading, its texts, and whether they are numbers. */
export type Column<R> = readonly [name: string, text: (row: R) => string, isNumber?: boolean];

export function tableText<R>(
  columns: readonly Column<R>[],
  rows: readonly R[],
  width: number,
): string {
  const lines = [
    columns.map(([name]) => name),
    ...rows.map((row) => columns.map(([, text]) => text(row))),
  ];
  const right = columns.flatMap(([, , isNumber], i) => isNumber === true ? [i] : []);
  return textTable(lines, width, right).map((line) => `${line}\n`).join("");
}

/** The columns that say which example of a task it is, as far as there are several. */
export function placeColumns(
  rows: readonly KeptPrediction[],
  { phase }: AnswerFilter,
): Column<KeptPrediction>[] {
  return [
    ...phase === null ? [["phase", ({ phase }: KeptPrediction) => phase] as const] : [],
    ...rows.some(({ split }) => split > 0)
      ? [["draw", ({ split }: KeptPrediction) => String(split), true] as const]
      : [],
    ["no.", ({ example }) => String(example), true],
  ];
}

export function placeText({ task, phase, split, example }: KeptPrediction): string {
  return `${task}, ${phase}, draw ${split}, no. ${example}`;
}

/** Names and texts below each other, each text in lines of its own. */
export function block(entries: readonly (readonly [string, string])[], width: number): string {
  const indent = Math.max(...entries.map(([name]) => name.length)) + 4;
  return entries.map(([name, text]) =>
    `  ${name.padEnd(indent - 2)}${wrapped(printable(visible(text)), " ".repeat(indent), width)}\n`
  ).join("");
}

export function referenceText({ references: [first = "", ...others] }: KeptPrediction): string {
  return visible(first) + (others.length === 0 ? "" : ` (+${others.length})`);
}

export function referenceLines({ references }: KeptPrediction): [string, string][] {
  return references.map((text, i) => [i === 0 ? "right" : "or", text]);
}

/** A text that can be seen. */
export function visible(text: string): string {
  return text === "" ? "(empty)" : text;
}

/** The settings of a run, as words of a command line. */
export function settingsText(row: Row, keys: readonly string[]): string {
  return keys.map((key) => `${key}=${row[key]}`).join(" ");
}

export function cellText(cell: Row): string {
  return settingsText(cell, Object.keys(cell)) || "the same settings";
}

/** Whose answers are shown. */
export function whose({ phase }: AnswerFilter): string {
  return phase === null
    ? "at every task, by every model"
    : phase === "seen"
    ? "at the tasks trained on (seen)"
    : `at the tasks held out (${phase})`;
}

/** Says how many are left out, and how to see them. */
export function sayRest(found: number, { asked, output }: View, what: string): void {
  if (found <= asked.limit) return;
  output.say(
    `${found - asked.limit} more ${what} are not shown: --limit ${found} shows all, or choose by ` +
      `--task and key=value.`,
  );
}

/** The run of an answer, for JSON. */
export function runOf(run: Row, { varying }: Study) {
  return { run: run.id, settings: Object.fromEntries(varying.map((key) => [key, run[key]])) };
}

/** Writes a line of JSON, in which no character can lead a terminal astray, once the last is taken. */
export async function writeJson({ stdout }: LastingOutput, value: unknown): Promise<void> {
  const text = JSON.stringify(value).replace(
    /[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  await new Promise((resolve) => stdout.write(`${text}\n`, resolve));
}
