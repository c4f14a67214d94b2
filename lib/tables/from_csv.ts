import { NUMBER } from "./csv.ts";
import { type Cell, type ColumnTable, fromCSV, type Row, tableOf } from "./table.ts";

/**
 * The table that `toCsv` has written: an empty cell is a missing value, and text that is a number
 * or `true` or `false` is read as that.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { toCsv } from "./csv.ts";
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
