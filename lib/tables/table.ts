/** Tables as arquero has them, made from rows and read back as rows. Null is a missing value. */
import { type ColumnTable, desc, escape, fromCSV, op, table } from "arquero";

export { type ColumnTable, desc, escape, fromCSV, op };

/** Value of one cell of a table; null is a missing value. */
export type Cell = number | string | boolean | null;

/** Row of a table: its cells by column. */
export type Row = Readonly<Record<string, Cell>>;

/**
 * Makes a table from rows, with the columns in order of first appearance. A row that lacks a column
 * has a missing value there.
 *
 * @param columns names of columns that come first, even when no row has them
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const rows = rowsOf(tableOf([{ a: 1 }, { a: 2, b: "x" }]));
 * assert.deepEqual(rows, [{ a: 1, b: null }, { a: 2, b: "x" }]);
 * ```
 */
export function tableOf(rows: readonly Row[], columns: readonly string[] = []): ColumnTable {
  // arquero itself takes the columns from the first row only.
  const names = [...new Set([...columns, ...rows.flatMap(Object.keys)])];
  return table(names.map((name) => [name, rows.map((row) => row[name] ?? null)]), names);
}

/** The rows of a table, in its order and after its filter. */
export function rowsOf(table: ColumnTable): Row[] {
  return table.objects() as Row[];
}
