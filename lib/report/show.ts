import { type Figure, renderSvg } from "../figures/figure.ts";
import { renderPng } from "../figures/figure_png.ts";
import { toHTML } from "./html_table.ts";
import { toMarkdown } from "../tables/markdown_table.ts";
import type { ColumnTable } from "../tables/table.ts";

/** What a notebook is sent: one thing in several formats, of which its reader takes the richest. */
export interface Display {
  /** By media type; bytes in base64. */
  readonly data: Readonly<Record<string, string>>;
  /** By media type, how it is shown. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

/**
 * The kernel says that a cell has ended and sends what the cell shows in two loops of their own; what
 * comes later than the end is lost to some readers, so a cell stays a moment longer.
 */
const SENDING_MS = 50;

/**
 * Shows a table or a figure below the cell of a notebook. Await it.
 *
 * @throws {Error} outside a notebook
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
  const { data, metadata } = await displayOf(shown);
  await broadcast("display_data", { data, metadata, transient: {} });
  await new Promise((resolve) => setTimeout(resolve, SENDING_MS));
}

/**
 * A table as HTML, Markdown and plain text; a figure as a PNG of the size it is drawn in, with its
 * description for who does not see it. These are the formats that every reader of notebooks shows.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { tableOf } from "../tables/table.ts";
 *
 * const { data } = await displayOf(tableOf([{ mean: 0.5 }]));
 * assert.equal(data["text/plain"], "| mean |\n| ---: |\n|  0.5 |\n");
 * assert.match(data["text/html"]!, /<td style="text-align: right">0.5<\/td>/);
 * ```
 */
export async function displayOf(shown: ColumnTable | Figure): Promise<Display> {
  if (!("draw" in shown)) {
    const text = toMarkdown(shown);
    return {
      data: { "text/html": toHTML(shown), "text/markdown": text, "text/plain": text },
      metadata: {},
    };
  }
  const svg = await renderSvg(shown);
  const [width, height] = ["width", "height"].map((side) =>
    Number(new RegExp(`^<svg[^>]* ${side}="([\\d.]+)"`).exec(svg)![1])
  );
  const png = await renderPng(svg);
  return {
    data: { "image/png": png.toBase64(), "text/plain": `${shown.title}\n${shown.subtitle}` },
    metadata: { "image/png": { width, height, alt: shown.alt } },
  };
}

/** Sends a message to the readers of a notebook. */
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
