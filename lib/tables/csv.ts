import { printable } from "../util/printable.ts";
import { type Cell, type ColumnTable, fromCSV, type Row, rowsOf, tableOf } from "./table.ts";

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
export function toCsv(table: ColumnTable): string {
  const names = table.columnNames();
  const lines = [names, ...rowsOf(table).map((row) => names.map((name) => row[name] ?? null))];
  return lines.map((cells) => `${cells.map(csvCell).join(",")}\n`).join("");
}

function csvCell(cell: Cell): string {
  if (cell === null) return "";
  if (typeof cell !== "string") return String(cell);
  const text = (/^[=+\-@\t\r]/.test(cell) && !NUMBER.test(cell) ? "'" : "") + printable(cell);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/**
 * The table that {@linkcode toCsv} has written: an empty cell is a missing value, and text that is a number
 * or `true` or `false` is read as that.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { rowsOf, tableOf } from "./table.ts";
 *
 * const rows = [{ task: "-a,b", loss: -1e-5 }, { task: "b", loss: null }];
 * assert.deepEqual(rowsOf(fromCsv(toCsv(tableOf(rows)))), rows);
 * ```
 */
export function fromCsv(text: string): ColumnTable {
  const table = fromCSV(text, { autoType: false });
  const names = table.columnNames();
  const rows = (table.objects() as Record<string, string | null>[]).map((row): Row =>
    Object.fromEntries(names.map((name) => [name, cellOf(row[name] ?? "")]))
  );
  return tableOf(rows, names);
}

function cellOf(text: string): Cell {
  if (text === "") return null;
  if (text === "true" || text === "false") return text === "true";
  return NUMBER.test(text) ? Number(text) : text.replace(/^'(?=[=+\-@])/, "");
}
