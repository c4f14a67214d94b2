/** Reads figures back from their SVG, so that tests compare numbers and texts instead of images. */
import assert from "node:assert/strict";
import { parseHTML } from "linkedom";

/**
 * An element of a figure, with its position on the page and the attributes it inherits from groups.
 */
export interface SvgMark {
  readonly tag: string;
  /** Description of its group, such as `mean`, or the name that Plot gives to it, such as `dot`. */
  readonly group: string;
  readonly x: number;
  readonly y: number;
  readonly text: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Panel that it is in: the offsets of its facet. */
  readonly panel: string;
}

interface Node {
  readonly tagName?: string;
  readonly textContent: string;
  readonly children: readonly Node[];
  readonly attributes: Iterable<{ readonly name: string; readonly value: string }>;
}

/** Reads the drawn elements of a figure, in the order of drawing. */
export function readSvg(svg: string): SvgMark[] {
  const { document } = parseHTML(`<html><body>${svg}</body></html>`) as unknown as {
    document: { querySelector(selector: string): Node };
  };
  const marks: SvgMark[] = [];
  const visit = (node: Node, above: Omit<SvgMark, "tag" | "text">) => {
    const own = Object.fromEntries([...node.attributes].map(({ name, value }) => [name, value]));
    const moved = /^translate\(([-\d.]+),([-\d.]+)\)$/.exec(own.transform ?? "");
    const [dx, dy] = moved === null ? [0, 0] : [Number(moved[1]), Number(moved[2])];
    const group = own["aria-description"] ?? own["aria-label"] ?? above.group;
    const attributes = { ...above.attributes, ...own };
    const place = { x: above.x + dx, y: above.y + dy, group, attributes };
    const tag = node.tagName!.toLowerCase();
    if (tag === "clippath" || tag === "title" || tag === "desc") return;
    const children = [...node.children].filter(({ tagName }) => tagName?.toLowerCase() !== "title");
    if (children.length > 0 && tag !== "text") {
      // Inside the group of a mark, Plot makes a translated group for each facet.
      const isFacet = tag === "g" && moved !== null && own["aria-label"] === undefined &&
        own["aria-description"] === undefined;
      const panel = isFacet ? own.transform! : above.panel;
      for (const child of children) visit(child, { ...place, panel });
      return;
    }
    if (tag === "g") return;
    const at = (name: string) => /^-?[\d.]+$/.test(own[name] ?? "") ? Number(own[name]) : 0;
    marks.push({
      ...place,
      tag,
      x: place.x + at("cx") + at("x"),
      y: place.y + at("cy") + at("y"),
      text: tag === "text" ? node.textContent : "",
      panel: above.panel,
    });
  };
  const root = document.querySelector("svg");
  for (const child of root.children) {
    visit(child, { x: 0, y: 0, group: "", attributes: {}, panel: "" });
  }
  return marks;
}

/** All texts of a figure. */
export function textsOf(svg: string): string[] {
  return readSvg(svg).filter(({ tag }) => tag === "text").map(({ text }) => text);
}

/**
 * Makes a function from pixels to values, based on the labelled ticks of an axis.
 * @param log whether the axis is logarithmic
 */
export function axisOf(svg: string, axis: "x" | "y", log = false): (pixel: number) => number {
  const ticks = readSvg(svg).filter(({ group, text }) =>
    group === `${axis}-axis tick label` && text !== ""
  );
  const value = ({ text }: SvgMark) => {
    const [, digits, unit] = /^([\d.]+)(k?)$/.exec(text.replace("−", "")) ?? [];
    const size = Number(digits) * (unit === "k" ? 1000 : 1) * (text.startsWith("−") ? -1 : 1);
    return log ? Math.log(size) : size;
  };
  const [first, last] = [ticks[0]!, ticks.at(-1)!];
  const slope = (value(last) - value(first)) / (last[axis] - first[axis]);
  // Labels of the x axis are below their ticks, those of the y axis beside them.
  return (pixel) => {
    const number = value(first) + (pixel - first[axis]) * slope;
    return log ? Math.exp(number) : number;
  };
}

/** Throws unless numbers read from a figure equal the expected ones within a tolerance. */
export function assertNumbers(
  actual: readonly number[],
  expected: readonly number[],
  distance: number,
): void {
  assert.equal(actual.length, expected.length, `[${actual}] are not [${expected}]`);
  for (const [i, value] of actual.entries()) {
    assert.ok(
      Math.abs(value - expected[i]!) <= distance,
      `number ${i} is ${value}, not ${expected[i]} ± ${distance}`,
    );
  }
}
