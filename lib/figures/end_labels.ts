/**
 * Labels lines at their right ends instead of in a legend. Labels move apart where lines end close
 * to each other.
 */
import type { RenderFunction } from "./figure.ts";
import { spreadPositions } from "./spread_positions.ts";

/** Name of a line, written beside the plot. */
export interface EndLabel {
  readonly text: string;
  readonly color: string;
  readonly dash: string;
  /**
   * Last point of the line, in data, and its shift to the right in pixels; the frame's edge when
   * absent.
   */
  readonly x?: unknown;
  readonly y: number;
  readonly dx?: number;
}

const LINE = 14;
/** Pixels from the frame to the label. */
const REACH = 26;

/** Width of the margin that labels in the bundled font need. */
export function labelMargin(labels: readonly string[]): number {
  return Math.ceil(Math.max(0, ...labels.map((text) => text.length)) * 6.6) + REACH + 8;
}

/**
 * A mark that names lines at their right ends, in the margin, each with a thin line to its point.
 * It replaces a legend of colours.
 */
export function endLabels(labels: readonly EndLabel[]): RenderFunction {
  return (_index, scales, _values, dimensions, context) => {
    const { marginLeft, marginTop, marginBottom, marginRight, width, height } = dimensions;
    const right = width - marginRight;
    const toX = scales.x as unknown as (value: unknown) => number;
    const toY = scales.y as unknown as (value: unknown) => number;
    const half = pointOffset(scales.x);
    const tops = labels.map(({ y }) => toY(y));
    const places = spreadPositions(tops, LINE, marginTop, height - marginBottom);
    const element = elementsOf(context.document);
    const group = element("g", { "aria-label": "label", "text-anchor": "start" });
    for (const [i, { text, color, dash, x, dx = 0 }] of labels.entries()) {
      const from = x === undefined ? right - 6 : Math.max(marginLeft, toX(x) + half + dx);
      group.append(
        element("path", {
          d: `M${from + 6},${tops[i]}L${right + 4},${tops[i]}L${right + REACH - 4},${places[i]}`,
          fill: "none",
          stroke: color,
          "stroke-dasharray": dash,
          "stroke-opacity": 0.6,
        }),
        element("text", { x: right + REACH, y: places[i]! + 4, fill: "#000" }, text),
      );
    }
    return group;
  };
}

/** Pixels below a plot that {@linkcode labelsBelow} needs. */
export function heightBelow(labels: readonly EndLabel[]): number {
  return LINE * labels.length + 6;
}

/** A mark that names lines in rows below the plot, each behind a piece of its line: where it is narrow. */
export function labelsBelow(labels: readonly EndLabel[]): RenderFunction {
  return (_index, _scales, _values, { marginLeft, height }, context) => {
    const element = elementsOf(context.document);
    const group = element("g", { "aria-label": "label", "text-anchor": "start" });
    const top = height - heightBelow(labels) + 8;
    for (const [i, { text, color, dash }] of labels.entries()) {
      const y = top + LINE * i;
      const line = { stroke: color, "stroke-dasharray": dash, "stroke-width": 2 };
      group.append(
        element("path", { d: `M${marginLeft},${y}h26`, ...line }),
        element("text", { x: marginLeft + 32, y: y + 4, fill: "#000" }, text),
      );
    }
    return group;
  };
}

function elementsOf(document: Parameters<RenderFunction>[4]["document"]) {
  return (name: string, attributes: Record<string, string | number>, text = "") => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
    if (text !== "") made.append(text);
    return made;
  };
}

/** Half the width of a band; 0 on a scale of points or numbers. */
function pointOffset(scale: unknown): number {
  const { bandwidth } = scale as { bandwidth?: () => number };
  return bandwidth === undefined ? 0 : bandwidth() / 2;
}
