import { escapeXml } from "../util/escape_xml.ts";
import { cellText, isNumericColumn } from "../tables/markdown.ts";
import type { Cell } from "../tables/table.ts";

/** A cell of a table in the report: a value, or HTML with the value to sort by. */
export type ReportCell = Cell | Markup;

interface Markup {
  readonly html: string;
  readonly value: Cell;
}

/** A table in the report. */
export interface ReportTable {
  /** Name of the table, for its filter and for screen readers. */
  readonly name: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly ReportCell[])[];
}

/**
 * Formats a table as HTML that the report's script makes sortable and filterable. Numbers are shown
 * with four digits and sorted by all of theirs; missing values are dashes.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const html = reportTable({ name: "cells", columns: ["mean"], rows: [[2 / 3], [null]] });
 * assert.ok(html.includes('<td class="number" data-value="0.6666666666666666">0.6667</td>'));
 * assert.ok(html.includes('<td class="number" data-value="">—</td>'));
 * ```
 */
export function reportTable({ name, columns, rows }: ReportTable): string {
  const isNumber = columns.map((_, column) =>
    isNumericColumn(rows.map((row) => valueOf(row[column] ?? null)))
  );
  const style = (column: number) => isNumber[column] ? ' class="number"' : "";
  const head = columns.map((title, column) =>
    `<th scope="col"${style(column)}>${escapeXml(title)}</th>`
  );
  const body = rows.map((row) => {
    const cells = columns.map((_, column) => {
      const cell = row[column] ?? null;
      const value = escapeXml(String(valueOf(cell) ?? ""));
      if (isMarkup(cell)) return `<td class="wide" data-value="${value}">${cell.html}</td>`;
      return `<td${style(column)} data-value="${value}">${escapeXml(cellText(cell))}</td>`;
    });
    return `<tr>${cells.join("")}</tr>\n`;
  });
  return `<div data-table>
<div class="filter" hidden><label>Filter ${escapeXml(name)}
<input type="search" placeholder="words, or column=value" autocomplete="off"></label>
<output aria-live="polite"></output></div>
<div class="scroll" role="region" aria-label="${escapeXml(name)}" tabindex="0">
<table><thead><tr>${head.join("")}</tr></thead>
<tbody>
${body.join("")}</tbody></table></div></div>`;
}

function isMarkup(cell: ReportCell): cell is Markup {
  return typeof cell === "object" && cell !== null;
}

function valueOf(cell: ReportCell): Cell {
  return isMarkup(cell) ? cell.value : cell;
}
