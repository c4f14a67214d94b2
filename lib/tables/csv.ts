import { printable } from "../util/printable.ts";
import { columnsIn, rowsIn, type Runs } from "./groups.ts";
import type { Cell } from "./table.ts";

/**
 * The table as comma-separated values: numbers in full, missing values empty.
 *
 * Text that a spreadsheet would take for a formula, as it begins with `=`, `+`, `-`, `@` or a tab, gets
 * an apostrophe before it; spreadsheets do not show that one. Text that is a number stays as it is, and
 * control characters become U+FFFD.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { tableOf } from "./table.ts";
 *
 * const table = tableOf([{ task: "=1+1", loss: -0.5 }, { task: 'a,"b"', loss: null }]);
 * assert.equal(toCsv(table), "task,loss\n'=1+1,-0.5\n\"a,\"\"b\"\"\",\n");
 * ```
 */
export function toCsv(table: Runs): string {
  const names = columnsIn(table);
  const lines = [names, ...rowsIn(table).map((row) => names.map((name) => row[name] ?? null))];
  return lines.map((cells) => `${cells.map(csvCell).join(",")}\n`).join("");
}

function csvCell(cell: Cell): string {
  if (cell === null) return "";
  if (typeof cell !== "string") return String(cell);
  const isNumber = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(cell);
  const text = (/^[=+\-@\t\r]/.test(cell) && !isNumber ? "'" : "") + printable(cell);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
