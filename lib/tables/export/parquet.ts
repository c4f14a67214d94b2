import type { Cell, ColumnTable } from "../table.ts";

/**
 * A table as a Parquet file, which pandas, Polars, DuckDB, R and Spark read with its types: text, booleans,
 * numbers of 64 bits, and nulls for missing values. A column of numbers holds doubles, so that it has one type
 * in all studies; one of `integers` holds whole numbers.
 *
 * @param integers names of columns whose numbers are whole in every study, such as counts
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { tableOf } from "../table.ts";
 *
 * const bytes = await toParquet(tableOf([{ method: "poly", loss: 0.5 }, { method: null, loss: 2 }]));
 * assert.equal(new TextDecoder().decode(bytes.slice(0, 4)), "PAR1");
 * ```
 */
export async function toParquet(
  table: ColumnTable,
  integers: readonly string[] = [],
): Promise<Uint8Array<ArrayBuffer>> {
  const { parquetWriteBuffer } = await import("hyparquet-writer");
  const columnData = table.columnNames().map((name) =>
    columnOf(name, [...table.array(name)] as Cell[], integers.includes(name))
  );
  return new Uint8Array(parquetWriteBuffer({ columnData }));
}

/** A column with the narrowest type that all its values have; text where they have several. */
function columnOf(name: string, cells: readonly Cell[], isWhole: boolean) {
  const known = cells.filter((cell) => cell !== null);
  const are = (type: string) => known.length > 0 && known.every((cell) => typeof cell === type);
  if (are("boolean")) return { name, data: [...cells], type: "BOOLEAN" as const };
  if (!are("number")) {
    const data = cells.map((cell) => cell === null ? null : String(cell));
    return { name, data, type: "STRING" as const };
  }
  if (!isWhole || !known.every(Number.isSafeInteger)) {
    return { name, data: [...cells], type: "DOUBLE" as const };
  }
  const data = cells.map((cell) => cell === null ? null : BigInt(Number(cell)));
  return { name, data, type: "INT64" as const };
}
