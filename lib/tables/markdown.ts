/** Formats tables for people: few digits, and dashes for missing values. */
import { printable, printableLine } from "../util/printable.ts";
import { columnsIn, rowsIn, type Runs } from "./groups.ts";
import type { Cell } from "./table.ts";

/**
 * Formats a table as Markdown whose columns line up in plain text too. Numbers have at most four
 * digits, integers all of theirs; missing values are dashes.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { tableOf } from "./table.ts";
 *
 * assert.equal(
 *   toMarkdown(tableOf([{ method: "poly", mean: 2 / 3 }, { method: "shared", mean: null }])),
 *   "| method |   mean |\n| ------ | -----: |\n| poly   | 0.6667 |\n| shared |      — |\n",
 * );
 * ```
 */
export function toMarkdown(table: Runs): string {
  const rows = rowsIn(table);
  const columns = columnsIn(table).map((name) => {
    const cells = rows.map((row) => row[name] ?? null);
    const texts = [name, ...cells.map(cellText)].map(escape);
    const width = Math.max(3, ...texts.map((text) => [...text].length));
    const isNumeric = isNumericColumn(cells);
    const pad = (text: string) => {
      const room = " ".repeat(width - [...text].length);
      return isNumeric ? room + text : text + room;
    };
    const rule = isNumeric ? `${"-".repeat(width - 1)}:` : "-".repeat(width);
    const [head, ...body] = texts.map(pad);
    return [head!, rule, ...body];
  });
  const lines = Array.from(
    { length: rows.length + 2 },
    (_, line) => `| ${columns.map((column) => column[line]!).join(" | ")} |\n`,
  );
  return columns.length === 0 ? "" : lines.join("");
}

/**
 * Formats a cell for people: numbers with at most four digits, integers with all, missing values as
 * dashes.
 */
export function cellText(cell: Cell): string {
  if (cell === null) return "—";
  if (typeof cell !== "number") return printable(String(cell));
  if (Number.isInteger(cell)) return String(cell);
  if (Math.abs(cell) >= 1000) return String(Math.round(cell));
  return String(Number(cell.toPrecision(4)));
}

/** Whether the cells of a column are numbers, which are aligned right. */
export function isNumericColumn(cells: readonly Cell[]): boolean {
  return cells.some((cell) => typeof cell === "number") || cells.every((cell) => cell === null);
}

function escape(text: string): string {
  return inline(printableLine(text)).replaceAll("|", "\\|");
}

/**
 * Text of others as paragraphs of Markdown: neither HTML, nor a link or an image that its reader would
 * load, nor a heading, a list or a block of code comes of it.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(markdownText("Do n_skills matter?"), "Do n_skills matter?");
 * assert.equal(markdownText("<img src=x> ![](//x)"), "\\<img src=x> ![\\](//x)");
 * assert.equal(markdownText("# Why?\n1. So"), "\\# Why?\n1\\. So");
 * ```
 */
export function markdownText(text: string): string {
  return inline(printable(text))
    .replace(/^[ \t]+/gm, "")
    .replace(/^(?=[#>~`=*+-])|^\d+(?=[.)])/gm, (digits) => `${digits}\\`);
}

/** A name of others as code inside Markdown, which nothing in it can end. */
export function markdownCode(text: string): string {
  return `\`${printableLine(text).replaceAll("`", "'")}\``;
}

/** Takes their meaning from the characters that begin HTML, links and images. */
function inline(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("<", "\\<").replace(/\](?=[([:])/g, "\\]");
}
