/** Tables of the page: HTML for reading, and the values behind it for sorting and copying. */
import { formatOf, isNumbers } from "../../tables/rows/aligned.ts";
import { cellText } from "../../tables/markdown.ts";
import type { Cell, Row } from "../../tables/table.ts";
import { escapeXml } from "../../util/escape_xml.ts";

/** A column of a page's table. */
export interface PageColumn {
  /** Its name, as `column=value` in a filter has it. */
  readonly name: string;
  /** Heading; the name when absent. */
  readonly title?: string;
  /** Values to sort by, one for each row. */
  readonly values: readonly Cell[];
  /** Texts to read, where they are not the values; HTML where {@linkcode PageColumn.isHtml}. */
  readonly texts?: readonly string[];
  readonly isHtml?: boolean;
}

/** A table of a page. */
export interface PageTable {
  /** Name of the table, for its filter and for screen readers; the same table keeps its name. */
  readonly name: string;
  readonly columns: readonly PageColumn[];
  /** What copying gives: rows in the order of the table, with all digits. */
  readonly copied: readonly Row[];
  /** The best row, which LaTeX has in bold; −1 for none. */
  readonly best?: number;
}

/**
 * A table as HTML, which the page's script makes sortable and filterable and offers to copy. Numbers of a
 * column have three digits and stand below each other.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const columns = [{ name: "mean", values: [2 / 3, null] }];
 * const html = tableHtml({ name: "cells", columns, copied: [] });
 * assert.ok(html.includes('<td class="number" data-value="0.6666666666666666">0.667</td>'));
 * assert.ok(html.includes('<td class="number" data-value="">—</td>'));
 * ```
 */
export function tableHtml({ name, columns, best = -1 }: PageTable): string {
  const shown = columns.map((column) => {
    const isNumeric = isNumbers(column.values);
    const format = isNumeric
      ? formatOf(column.values.filter((value) => typeof value === "number"))
      : null;
    const text = (value: Cell) =>
      format !== null && typeof value === "number" ? format(value) : cellText(value);
    return {
      ...column,
      style: isNumeric ? ' class="number"' : column.isHtml === true ? ' class="wide"' : "",
      texts: column.texts ?? column.values.map(text),
    };
  });
  const head = shown.map(({ name, title, style }) =>
    // Where there is no room a heading breaks behind an underscore, unless one letter stands before it.
    `<th scope="col" data-name="${escapeXml(name)}"${style}>${
      escapeXml(title ?? name).replaceAll(/(?<=..)_/g, "_<wbr>")
    }</th>`
  );
  const n = columns[0]?.values.length ?? 0;
  const body = Array.from({ length: n }, (_, row) => {
    const cells = shown.map(({ values, texts, isHtml, style }) => {
      const text = isHtml === true ? texts[row]! : escapeXml(texts[row]!);
      return `<td${style} data-value="${escapeXml(String(values[row] ?? ""))}">${text}</td>`;
    });
    const mark = row === best ? ' class="best"' : "";
    return `<tr data-row="${row}"${mark}>${cells.join("")}</tr>\n`;
  });
  const label = escapeXml(name);
  return `<div data-table="${label}">
<div class="filter" hidden><label><span class="unseen">Filter ${label}</span>
<input type="search" placeholder="Filter: words, or column=value" autocomplete="off"></label>
<output aria-live="polite"></output>
<span class="copy" role="group" aria-label="Copy ${label} as"><span class="muted">Copy as</span>
<button type="button" value="csv">CSV</button><button type="button" value="markdown">Markdown</button>\
<button type="button" value="latex">LaTeX</button></span></div>
<div class="scroll" role="region" aria-label="${label}" tabindex="0">
<table><thead><tr>${head.join("")}</tr></thead>
<tbody>
${body.join("")}</tbody></table></div></div>`;
}
