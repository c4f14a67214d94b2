import type { Figure } from "../figures/figure.ts";
import { escapeXml } from "../util/escape_xml.ts";

/**
 * A figure as an image in HTML, in the size it is drawn in: the whole SVG stands in its address, so that
 * neither scripts nor names in it reach the page.
 *
 * @param svg as `renderSvg` draws the figure
 */
export function imageOf({ alt, notes }: Figure, svg: string): string {
  const [width, height] = ["width", "height"].map((side) =>
    new RegExp(`^<svg[^>]* ${side}="([\\d.]+)"`).exec(svg)![1]
  );
  const source = `data:image/svg+xml;base64,${new TextEncoder().encode(svg).toBase64()}`;
  const words = escapeXml([alt, ...notes].join(" "));
  return `<img width="${width}" height="${height}" alt="${words}" src="${source}">`;
}
