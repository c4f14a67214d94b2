import type { Figure } from "../figures/figure.ts";
import { escapeXml } from "../util/escape_xml.ts";

/**
 * A figure as an image in HTML, at the size it is drawn. The whole SVG is in the image's address,
 * so neither scripts nor names in it affect the page.
 *
 * @param svg the figure as drawn by `renderSvg`
 */
export function imageOf({ alt, notes }: Figure, svg: string): string {
  const [width, height] = ["width", "height"].map((side) =>
    new RegExp(`^<svg[^>]* ${side}="([\\d.]+)"`).exec(svg)![1]
  );
  const source = `data:image/svg+xml;base64,${new TextEncoder().encode(svg).toBase64()}`;
  const words = escapeXml([alt, ...notes].join(" "));
  return `<img width="${width}" height="${height}" alt="${words}" src="${source}">`;
}
