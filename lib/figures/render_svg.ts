/** Draws figures outside a browser, in a document that acts like one. */
import type { Figure, Plot } from "./figure.ts";
import { svgOf } from "./svg.ts";

/**
 * Draws a figure as an SVG string: title, subtitle and notes around the plot, black on white. The
 * same figure gives the same string.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const svg = await renderSvg({
 *   name: "two",
 *   title: "Two points & a title",
 *   subtitle: "",
 *   notes: ["1 of 3 points is missing"],
 *   alt: "Two points",
 *   draw: (Plot) => ({ marks: [Plot.dot([[1, 2], [2, 3]])] }),
 * });
 * assert.ok(svg.startsWith("<svg xmlns=") && svg.includes("Two points &amp; a title"));
 * assert.equal(svg.match(/<circle/g)?.length, 2);
 * ```
 */
export async function renderSvg(figure: Figure): Promise<string> {
  return svgOf(figure, await drawingTools());
}

/** What figures are drawn with outside a browser. */
export async function drawingTools(): Promise<{ readonly Plot: Plot; readonly document: unknown }> {
  const [Plot, { parseHTML }] = await Promise.all([
    import("@observablehq/plot"),
    import("linkedom"),
  ]);
  const { document } = parseHTML("<html></html>") as unknown as { document: unknown };
  return { Plot, document };
}
