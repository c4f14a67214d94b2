/** Figures of the page as HTML: the plot as SVG in the page's colours, title and notes as its text. */
import type { DrawPlace, Figure } from "../../figures/figure.ts";
import { type DrawingTools, inlineSvgOf } from "../../figures/svg.ts";
import { escapeXml } from "../../util/escape_xml.ts";

/** What the page's figures are drawn with. */
export interface PageTools extends DrawingTools {
  /** Width of a figure in pixels. */
  readonly width: number;
}

/**
 * A figure with its title, what its marks mean, and notes.
 *
 * @param files names of the files in `figures/` beside the page
 */
export function figureHtml(
  figure: Figure,
  tools: PageTools,
  files: readonly string[] = [],
): string {
  const place: DrawPlace = { width: tools.width, hasLinks: true };
  const stem = fileStem(figure.name);
  const svg = inlineSvgOf(figure, tools, place, stem);
  const links = ["svg", "png"].filter((kind) => files.includes(`${stem}.${kind}`)).map((kind) =>
    `<a href="figures/${encodeURIComponent(stem)}.${kind}">${kind.toUpperCase()}</a>`
  );
  const notes = figure.notes.map((note) => `<br>${escapeXml(note)}`).join("");
  return `<figure><h3>${escapeXml(figure.title)}</h3>
<div class="plot">${svg}</div>
<figcaption>${escapeXml(figure.subtitle)}${notes}${
    links.length === 0 ? "" : ` <span class="files">As a file: ${links.join(", ")}</span>`
  }</figcaption></figure>`;
}

/** The name of a figure's files: a figure is named after a metric, which may be called anything. */
export function fileStem(name: string): string {
  return name.replace(/[^\w+-]/g, "_").slice(0, 200);
}
