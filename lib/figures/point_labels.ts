import type { RenderFunction } from "./figure.ts";

/** Label of a point. */
export interface PointLabel {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  /** Shift of the point to the right in pixels. */
  readonly dx?: number;
  /** Ends of the bar through the point, which labels leave free; null for none. */
  readonly low?: number | null;
  readonly high?: number | null;
}

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

const SIZE = 10;
const GLYPH = 6.1;

/**
 * A mark that writes labels beside points so that they hide neither points nor each other: to the
 * right if there is room, else to the left, above, below, or farther away with a thin line to the
 * point.
 */
export function pointLabels(labels: readonly PointLabel[]): RenderFunction {
  return (_index, scales, _values, dimensions, context) => {
    const toX = scales.x as unknown as (value: number) => number;
    const toY = scales.y as unknown as (value: number) => number;
    const points = labels.map(({ x, y, dx = 0 }) => ({ x: toX(x) + dx, y: toY(y) }));
    const taken: Box[] = points.map(({ x, y }) => boxAround(x, y, 5, 5));
    const bars = labels.flatMap(({ low, high }, i) =>
      low === undefined || low === null || high === undefined || high === null
        ? []
        : [{ left: points[i]!.x - 4, right: points[i]!.x + 14, top: toY(high), bottom: toY(low) }]
    );
    const frame = {
      left: dimensions.marginLeft,
      right: dimensions.width - 4,
      top: dimensions.marginTop,
      bottom: dimensions.height - dimensions.marginBottom,
    };
    const make = (name: string, attributes: Record<string, string | number>) => {
      const element = context.document.createElementNS("http://www.w3.org/2000/svg", name);
      for (const [key, value] of Object.entries(attributes)) {
        element.setAttribute(key, String(value));
      }
      return element;
    };
    const group = make("g", { "aria-label": "label", "font-size": SIZE });
    for (const [i, { text }] of labels.entries()) {
      const { x, y } = points[i]!;
      const own = taken[i]!;
      const half = text.length * GLYPH / 2;
      const places = candidates(x, y, half).filter((box) => inside(box, frame));
      const isFree = (box: Box, others: readonly Box[]) =>
        others.every((other) => other === own || !overlap(box, other));
      const box = places.find((box) => isFree(box, [...taken, ...bars])) ??
        places.find((box) => isFree(box, taken)) ?? places[0] ?? boxAround(x, y - 14, half, 6);
      taken.push(box);
      const [atX, atY] = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
      if (Math.abs(atY - y) > 14) {
        const edge = atY > y ? box.top : box.bottom;
        group.append(
          make("path", { d: `M${x},${y}L${atX},${edge}`, stroke: "#999", fill: "none" }),
        );
      }
      const halo = { stroke: "#fff", "stroke-width": 3, "paint-order": "stroke" };
      const label = make("text", { x: atX, y: atY + 3.5, fill: "#000", ...halo });
      label.append(text);
      group.append(label);
    }
    return group;
  };
}

/** Positions for a label, best first. */
function candidates(x: number, y: number, half: number): Box[] {
  const places = [boxAround(x + 17 + half, y, half, 6), boxAround(x - 8 - half, y, half, 6)];
  for (let away = 13; away <= 182; away += 13) {
    for (const aside of [0, half + 8, -half - 8]) {
      places.push(boxAround(x + aside, y - away, half, 6), boxAround(x + aside, y + away, half, 6));
    }
  }
  return places;
}

function boxAround(x: number, y: number, halfWidth: number, halfHeight: number): Box {
  return { left: x - halfWidth, right: x + halfWidth, top: y - halfHeight, bottom: y + halfHeight };
}

function inside(box: Box, frame: Box): boolean {
  return box.left >= frame.left && box.right <= frame.right && box.top >= frame.top &&
    box.bottom <= frame.bottom;
}

function overlap(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
