import { escapeXml } from "../util/escape_xml.ts";
import { cellText, isNumericColumn } from "../tables/markdown_table.ts";
import { type ColumnTable, rowsOf } from "../tables/table.ts";

/**
 * The table for reading in a page or a notebook, with the same texts as {@linkcode toMarkdown}:
 * numbers stand on the right, everything else on the left.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { tableOf } from "../tables/table.ts";
 *
 * const html = toHTML(tableOf([{ method: "a < b", mean: 2 / 3 }, { method: "c", mean: null }]));
 * assert.ok(html.includes('<td style="text-align: left">a &lt; b</td>'));
 * assert.ok(html.includes('<td style="text-align: right">0.6667</td>'));
 * assert.ok(html.includes('<td style="text-align: right">—</td>'));
 * ```
 */
export function toHTML(table: ColumnTable): string {
  const rows = rowsOf(table);
  const columns = table.columnNames().map((name) => {
    const cells = rows.map((row) => row[name] ?? null);
    return { name, cells, side: isNumericColumn(cells) ? "right" : "left" };
  });
  const cell = (tag: "th" | "td", side: string, text: string) =>
    `<${tag} style="text-align: ${side}">${escapeXml(text)}</${tag}>`;
  const line = (cells: readonly string[]) => `<tr>${cells.join("")}</tr>\n`;
  const head = line(columns.map(({ name, side }) => cell("th", side, name)));
  const body = rows.map((_, row) =>
    line(columns.map(({ cells, side }) => cell("td", side, cellText(cells[row]!))))
  );
  return `<table>\n<thead>\n${head}</thead>\n<tbody>\n${body.join("")}</tbody>\n</table>\n`;
}
