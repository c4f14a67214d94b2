import { escapeXml } from "../util/escape_xml.ts";
import { printable } from "../util/printable.ts";

export type { Markish, RenderFunction, ScaleOptions, SymbolType } from "@observablehq/plot";

/** The drawing library, passed to figures when they are drawn; making a figure does not load it. */
export type Plot = typeof import("@observablehq/plot");

/** Options of one plot: marks, scales and sizes. */
export type PlotOptions = NonNullable<Parameters<Plot["plot"]>[0]>;

/** A picture of a table, before it is drawn. */
export interface Figure {
  /** Stem of the names of its files. */
  readonly name: string;
  /** Title, in a line above the plot. */
  readonly title: string;
  /** Meaning of points, bands and lines, and the number of seeds behind them. */
  readonly subtitle: string;
  /** Notes below the plot: what is missing from it, with counts, and other remarks. */
  readonly notes: readonly string[];
  /** Description in words, for readers who cannot see it. */
  readonly alt: string;
  /** Returns the options of the plot. */
  readonly draw: (plot: Plot) => PlotOptions;
}

/** Fonts of the figures, the bundled one first. */
export const FONT_FAMILY = "'DejaVu Sans', Verdana, sans-serif";

const WIDTH = 720;
const PADDING = 16;
const TITLE = { size: 16, line: 21, fill: "#000", weight: "bold" };
const SUBTITLE = { size: 12, line: 17, fill: "#333", weight: "normal" };
const NOTE = { size: 11, line: 15, fill: "#333", weight: "normal" };

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
  const [Plot, { parseHTML }] = await Promise.all([
    import("@observablehq/plot"),
    import("linkedom"),
  ]);
  const { document } = parseHTML("<html></html>") as unknown as { document: never };
  const drawn = Plot.plot({
    width: WIDTH,
    document,
    ...figure.draw(Plot),
  }) as unknown as { readonly outerHTML: string };
  const [, attributes, content] = /^<svg([^>]*)>(?:<style>[^]*?<\/style>)?([^]*)<\/svg>$/.exec(
    drawn.outerHTML,
  ) ?? [];
  if (content === undefined) {
    throw new TypeError(`Cannot draw figure "${figure.name}" as its plot is more than one SVG`);
  }
  const [width, height] = ["width", "height"].map((name) =>
    Number(new RegExp(` ${name}="([\\d.]+)"`).exec(attributes!)![1])
  ) as [number, number];

  const parts: string[] = [];
  let y = PADDING;
  const write = (text: string, style: typeof TITLE) => {
    for (const line of wrap(text, width - 2 * PADDING, style)) {
      y += style.line;
      parts.push(
        `<text x="${PADDING}" y="${y - 5}" font-size="${style.size}" fill="${style.fill}" ` +
          `font-weight="${style.weight}">${escapeXml(line)}</text>`,
      );
    }
  };
  write(figure.title, TITLE);
  write(figure.subtitle, SUBTITLE);
  y += 6;
  parts.push(
    `<g transform="translate(0,${y})" fill="#000" color="#000" text-anchor="middle" ` +
      `font-size="11">${renumberClips(roundNumbers(printable(content)))}</g>`,
  );
  y += height + 4;
  for (const note of figure.notes) write(note, NOTE);
  y += PADDING;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${y}" ` +
    `viewBox="0 0 ${width} ${y}" font-family="${FONT_FAMILY}" role="img">` +
    `<title>${escapeXml(figure.title)}</title><desc>${escapeXml(figure.alt)}</desc>` +
    `<rect width="100%" height="100%" fill="#fff"/>${parts.join("")}</svg>\n`;
}

/** Rounds attributes to two decimals: a hundredth of a pixel. */
function roundNumbers(svg: string): string {
  return svg.replace(
    /="[^"]*"/g,
    (attribute) =>
      attribute.replace(
        /-?\d+\.\d{3,}(e-?\d+)?/g,
        (number) => String(Number(Number(number).toFixed(2))),
      ),
  );
}

/** Numbers clip paths from 1, since Plot counts them over all plots of a process. */
function renumberClips(svg: string): string {
  const numbers = new Map<string, number>();
  return svg.replace(/plot-clip-\d+/g, (id) => {
    if (!numbers.has(id)) numbers.set(id, numbers.size + 1);
    return `clip-${numbers.get(id)}`;
  });
}

/** Breaks text into lines that fit a width, by the average width of letters in the bundled font. */
function wrap(text: string, width: number, { size, weight }: typeof TITLE): string[] {
  const fits = Math.floor(width / (size * (weight === "bold" ? 0.7 : 0.6)));
  const lines: string[] = [];
  for (const word of text.split(" ").filter((word) => word !== "")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= fits) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else {
      lines.push(word);
    }
  }
  return lines;
}
