/**
 * Shows tables and figures in notebooks of the Deno kernel, in the formats that Jupyter and its
 * relatives display.
 */
import type { Figure } from "../figures/figure.ts";
import { renderSvg } from "../figures/render_svg.ts";
import { cellText, isNumericColumn, toMarkdown } from "../tables/markdown.ts";
import type { Cell, ColumnTable } from "../tables/table.ts";
import { escapeXml } from "../util/escape_xml.ts";
import { printable } from "../util/printable.ts";
import { imageOf } from "./image.ts";

/**
 * The kernel sends the end of a cell and the content that the cell shows in two separate loops, and
 * some readers lose content that arrives after the end. So a cell waits for this long.
 */
const SENDING_MS = 50;

/**
 * Shows a table or a figure below a notebook's cell. Await the result.
 *
 * @throws {Error} when called outside a notebook
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { tableOf } from "../tables/table.ts";
 *
 * await assert.rejects(show(tableOf([{ mean: 0.5 }])), /only in a notebook/);
 * ```
 */
export async function show(shown: ColumnTable | Figure): Promise<void> {
  const data = await displayOf(shown);
  await broadcast("display_data", { data, metadata: {}, transient: {} });
  await new Promise((resolve) => setTimeout(resolve, SENDING_MS));
}

/**
 * The formats of an output: a table as HTML, Markdown and plain text; a figure as an image in HTML,
 * at the size it is drawn and with its description for screen readers, and its title as plain text.
 *
 * The image is the figure's SVG, which takes a fifth of the bytes of a PNG. Jupyter hides outputs
 * of type `image/svg+xml` in notebooks that its reader has not run, and other readers put several
 * into one page, where their names collide; images inside HTML have neither problem.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { tableOf } from "../tables/table.ts";
 *
 * const data = await displayOf(tableOf([{ mean: 0.5 }]));
 * assert.equal(data["text/plain"], "| mean |\n| ---: |\n|  0.5 |\n");
 * assert.match(data["text/html"]!, /<td style="text-align: right;">0.5<\/td>/);
 * ```
 */
export async function displayOf(shown: ColumnTable | Figure): Promise<Record<string, string>> {
  if (!("draw" in shown)) {
    const text = toMarkdown(shown);
    return { "text/html": toHTML(shown), "text/markdown": text, "text/plain": text };
  }
  return {
    "text/html": imageOf(shown, await renderSvg(shown)),
    "text/plain": printable(`${shown.title}\n${shown.subtitle}`),
  };
}

/**
 * Cells with the strings that Markdown has, and escaped column names, which arquero does not
 * escape.
 */
function toHTML(table: ColumnTable): string {
  const escaped = table.rename(
    Object.fromEntries(table.columnNames().map((name) => [name, escapeXml(name)])),
  );
  const names = escaped.columnNames();
  const side = (name: string) => isNumericColumn([...escaped.array(name)] as Cell[]) ? "r" : "l";
  return escaped.toHTML({
    null: () => cellText(null),
    format: Object.fromEntries(names.map((name) => [name, cellText])),
    align: Object.fromEntries(names.map((name) => [name, side(name)])),
  });
}

/** Sends a message to the frontends of a notebook. */
async function broadcast(type: string, content: Record<string, unknown>): Promise<void> {
  let jupyter: typeof Deno.jupyter;
  try {
    jupyter = Deno.jupyter;
  } catch {
    throw new Error(
      "Cannot show this as it can be shown only in a notebook with the Deno kernel: print " +
        "toMarkdown(table), or write renderSvg(figure) to a file",
    );
  }
  await jupyter.broadcast(type, content);
}
