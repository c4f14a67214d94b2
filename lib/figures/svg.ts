/** Draws figures as SVG, in a browser and outside of one. */
import { escapeXml } from "../util/escape_xml.ts";
import { printable } from "../util/printable.ts";
import { type DrawPlace, type Figure, FILE_PLACE, type Plot } from "./figure.ts";

/** Fonts of the figures, the bundled one first. */
const FONT_FAMILY = "'DejaVu Sans', Verdana, sans-serif";

/** What a figure is drawn with. */
export interface DrawingTools {
  readonly Plot: Plot;
  /** The document that makes elements: a browser's, or one that acts like it. */
  readonly document: unknown;
}

const PADDING = 16;
const TITLE = { size: 16, line: 21, fill: "#000", weight: "bold" };
const SUBTITLE = { size: 12, line: 17, fill: "#333", weight: "normal" };
const NOTE = { size: 11, line: 15, fill: "#333", weight: "normal" };

/** The figure as a file of its own: title, subtitle and notes around the plot, black on white. */
export function svgOf(figure: Figure, tools: DrawingTools): string {
  const { width, height, content } = plotOf(figure, tools, FILE_PLACE);
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
      `font-size="11">${content}</g>`,
  );
  y += height + 4;
  for (const note of figure.notes) write(note, NOTE);
  y += PADDING;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${y}" ` +
    `viewBox="0 0 ${width} ${y}" font-family="${FONT_FAMILY}" role="img">` +
    `<title>${escapeXml(figure.title)}</title><desc>${escapeXml(figure.alt)}</desc>` +
    `<rect width="100%" height="100%" fill="#fff"/>${parts.join("")}</svg>\n`;
}

/**
 * The plot of a figure alone, to stand inside a page that writes title and notes itself. Its colours are
 * variables of the page, so it is dark where the page is.
 *
 * @param prefix begins the names of elements, so that they are no other figure's
 */
export function inlineSvgOf(
  figure: Figure,
  tools: DrawingTools,
  place: DrawPlace,
  prefix: string,
): string {
  const { width, height, content } = plotOf(figure, tools, place);
  const own = content.replace(/\bclip-\d+/g, (id) => `${prefix}-${id}`)
    .replace(
      /(fill|stroke|color)="(#[0-9a-fA-F]{3,6})"/g,
      (_, name, color) => `${name}="${INLINE_COLORS[color] ?? color}"`,
    );
  return `<svg width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ` +
    `fill="currentColor" text-anchor="middle" font-size="11" role="group" ` +
    `aria-label="${escapeXml(figure.alt)}">${own}</svg>`;
}

/** What colours of files are in a page: its text, its ground, and variables of its style sheet. */
const INLINE_COLORS: Readonly<Record<string, string>> = {
  "#000": "currentColor",
  "#000000": "currentColor",
  "#fff": "var(--ground)",
  "#555": "var(--muted)",
  "#bbb": "var(--line)",
  "#999": "var(--line)",
  "#D55E00": "var(--vermilion)",
  "#0072B2": "var(--blue)",
  "#009E73": "var(--green)",
  "#CC79A7": "var(--purple)",
};

function plotOf(figure: Figure, { Plot, document }: DrawingTools, place: DrawPlace) {
  const drawn = Plot.plot({
    width: place.width,
    document: document as never,
    ...figure.draw(Plot, place),
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
  return { width, height, content: renumberClips(roundNumbers(withoutSpecks(printable(content)))) };
}

/**
 * Leaves out lines of a single point, which are nothing to see: the library that draws PNG ends the process on
 * one inside a clip path.
 */
function withoutSpecks(svg: string): string {
  return svg.replace(/<path\b[^>]*\bd="M[^A-Za-z"]*Z"[^>]*?(?:\/>|><\/path>)/g, "");
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
