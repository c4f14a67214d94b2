import { type ColumnTable, desc, escape, op, table } from "arquero";

export { type ColumnTable, desc, escape, op };

/** What stands in one place of a table; null is a missing value. */
export type Cell = number | string | boolean | null;

/** One row of a table, by column. */
export type Row = Readonly<Record<string, Cell>>;

/**
 * A table with the columns of all rows, in the order met; a row without one has a missing value there.
 *
 * @param columns names that come first, also where no row has them
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
  // arquero itself takes its columns from the first row alone.
  const names = [...new Set([...columns, ...rows.flatMap(Object.keys)])];
  return table(names.map((name) => [name, rows.map((row) => row[name] ?? null)]), names);
}

/** The rows of a table, in its order and as filtered. */
export function rowsOf(table: ColumnTable): Row[] {
  return table.objects() as Row[];
}
