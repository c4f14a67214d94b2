import { alignedNumbers } from "../../tables/rows/aligned.ts";
import type { Row } from "../../tables/table.ts";
import { cellText } from "../../tables/markdown.ts";
import type { PageColumn } from "./table.ts";

/** A column of a table's rows, under its own name or another. */
export function columnOf(rows: readonly Row[], name: string, title = name): PageColumn {
  return { name, title, values: rows.map((row) => row[name] ?? null) };
}

/** A column of a setting, whose values are read as they were set and not as numbers that were measured. */
export function settingColumn(rows: readonly Row[], name: string): PageColumn {
  const column = columnOf(rows, name);
  return { ...column, texts: column.values.map(cellText) };
}

/**
 * An estimate in two columns: itself, and the ends of its interval in brackets, all with the same decimals.
 *
 * @param ends names of the columns of the ends
 */
export function estimateColumns(
  rows: readonly Row[],
  name: string,
  [low, high]: readonly [string, string],
): [PageColumn, PageColumn] {
  const numbers = rows.flatMap((row) => [row[name], row[low], row[high]] as (number | null)[]);
  const texts = alignedNumbers(numbers);
  return [
    { ...columnOf(rows, name), texts: rows.map((_, i) => texts[3 * i]!) },
    {
      ...columnOf(rows, low, "95 % interval"),
      texts: rows.map((row, i) =>
        (row[low] ?? null) === null ? "—" : `[${texts[3 * i + 1]}, ${texts[3 * i + 2]}]`
      ),
    },
  ];
}
