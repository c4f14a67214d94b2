import type { SplitAllocation } from "../routing/split_allocation.ts";
import { type Figure, FILE_PLACE, type Plot, type PlotOptions } from "./figure.ts";
import { shortName } from "./short_name.ts";

/**
 * Draws the allocation of skills to tasks, a panel for each layer and split: the darker a cell, the
 * larger the skill's share of the task's update.
 *
 * @param allocations at least one, all for the same tasks
 * @param tasks names of the tasks
 * @param truth amount of each true skill that each task takes, drawn first; shape `[T, P]`
 * @throws {RangeError} when there is no allocation, or one does not have a row for each task
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const figure = allocationFigure([{ name: "q", weights: [[1, 0], [0.5, 0.5]] }], ["sort", "swap"]);
 * assert.match(figure.alt, /q: sort takes most of skill 0 \(1.00\), swap of skill 0 \(0.50\)/);
 * ```
 */
export function allocationFigure(
  allocations: readonly SplitAllocation[],
  tasks: readonly string[],
  truth?: readonly (readonly number[])[],
): Figure {
  if (allocations.length === 0) {
    throw new RangeError("Cannot draw an allocation as there must be at least one layer");
  }
  const panels = [
    ...(truth === undefined ? [] : [{ name: "the truth", weights: truth.map(proportions) }]),
    ...withoutCommonStart(allocations),
  ];
  for (const { name, weights } of panels) {
    if (weights.length !== tasks.length) {
      throw new RangeError(
        `Cannot draw the allocation of "${name}" as it must have one row for each task: ` +
          `got ${weights.length} rows for ${tasks.length} tasks`,
      );
    }
  }
  return {
    name: "allocation",
    title: "Allocation of skills to tasks",
    subtitle: `Mixing weights of ${tasks.length} tasks over ${skillsOf(allocations)} skills` +
      `${
        truth === undefined ? "" : `, and the truth over ${truth[0]?.length ?? 0}`
      }; the stronger the ink, the larger ` +
      `the weight.`,
    notes: allocations.length === 1
      ? []
      : ["Skills of different layers and splits have nothing but their numbers in common."],
    alt: `Heat maps of tasks by skills. ${
      panels.map(({ name, weights }) => describe(name, weights, tasks)).join("; ")
    }.`,
    draw: (Plot, { width } = FILE_PLACE) => drawPanels(Plot, panels, tasks, width),
  };
}

/** Sides of a cell in pixels, and what stands around the cells of a panel. */
const CELL = 14;
const [TITLE, NUMBERS, GAP] = [30, 16, 18];
const LETTER = 6.4;

/** A panel with its place in the plot. */
interface Placed extends SplitAllocation {
  readonly left: number;
  readonly top: number;
}

/** Draws panels as wide as their skills, in rows that fit the width, with the names of tasks before each row. */
function drawPanels(
  Plot: Plot,
  panels: readonly SplitAllocation[],
  tasks: readonly string[],
  width: number,
): PlotOptions {
  const letters = width < NARROW ? SHORT_LETTERS : Infinity;
  const names = tasks.map((task) => cut(shortName(task), letters));
  const left = 12 + LETTER * Math.max(0, ...names.map(({ length }) => length));
  const panelHeight = CELL * tasks.length;
  const { placed, height, firsts } = place(panels, left, width, panelHeight);
  const cells = placed.flatMap(({ left, top, weights }) =>
    weights.flatMap((of, task) =>
      of.map((weight, skill) => ({
        ...{ x1: left + CELL * skill, x2: left + CELL * (skill + 1) - 1, weight },
        ...{ y1: top + CELL * task, y2: top + CELL * (task + 1) - 1 },
      }))
    )
  );
  const numbers = placed.flatMap(({ left, top, weights }) =>
    (weights[0] ?? []).map((_, skill) => ({
      x: left + CELL * (skill + 0.5),
      y: top + panelHeight + 9,
      text: skill < 100 ? String(skill) : "",
    }))
  );
  const labels = firsts.flatMap((top) =>
    names.map((text, task) => ({ x: left - 5, y: top + CELL * (task + 0.5), text }))
  );
  const scale = [0, 0.25, 0.5, 0.75, 1].map((weight, i) => ({
    ...{ weight, x1: left + 34 * i, x2: left + 34 * (i + 1) - 1, y1: height - 28, y2: height - 18 },
  }));
  return {
    ...{ width, height, margin: 0 },
    x: { type: "identity", axis: null },
    y: { type: "identity", axis: null },
    marks: [
      Plot.rect(placed, {
        x1: ({ left }: Placed) => left - 2,
        x2: ({ left, weights }: Placed) => left + CELL * (weights[0]?.length ?? 0) + 1,
        y1: ({ top }: Placed) => top - 2,
        y2: ({ top }: Placed) => top + panelHeight + 1,
        stroke: "#bbb",
        ariaDescription: "panel",
      }),
      Plot.rect(cells, {
        ...{ x1: "x1", x2: "x2", y1: "y1", y2: "y2", fill: "#000", ariaDescription: "cell" },
        fillOpacity: ({ weight }: { weight: number }) => round(weight),
        title: ({ weight }: { weight: number }) => weight.toFixed(2),
      }),
      Plot.text(placed, {
        x: ({ left }: Placed) => left - 2,
        y: ({ top }: Placed) => top - 6,
        text: ({ name }: Placed) => name,
        ...{ textAnchor: "start", lineAnchor: "bottom", lineHeight: 1.1, fontSize: 9 },
        ...{ fontWeight: "bold", ariaDescription: "title" },
      }),
      Plot.text(labels, {
        x: "x",
        y: "y",
        text: "text",
        textAnchor: "end",
        ariaDescription: "task",
      }),
      Plot.text(numbers, {
        ...{ x: "x", y: "y", text: "text", fontSize: 8.5, fill: "#555", ariaDescription: "skill" },
      }),
      Plot.rect(scale, {
        ...{ x1: "x1", x2: "x2", y1: "y1", y2: "y2", fill: "#000", stroke: "#bbb" },
        ...{ strokeWidth: 0.5, fillOpacity: "weight", ariaDescription: "scale" },
      }),
      Plot.text(scale, {
        x: ({ x1 }: { x1: number }) => x1 + 17,
        y: height - 9,
        text: ({ weight }: { weight: number }) => String(weight),
        ...{ fontSize: 8.5, fill: "#555" },
      }),
      Plot.text(["weight"], {
        ...{ x: left + 34 * 5 + 6, y: height - 23, textAnchor: "start", fontSize: 9, fill: "#555" },
      }),
    ],
    opacity: { type: "identity" },
  };
}

const NARROW = 520;
/** Letters of a task's name where there is little room. */
const SHORT_LETTERS = 16;

/** Panels in rows, each as far right as those before it need. */
function place(
  panels: readonly SplitAllocation[],
  left: number,
  width: number,
  panelHeight: number,
): { placed: Placed[]; height: number; firsts: number[] } {
  const placed: Placed[] = [];
  const firsts: number[] = [];
  let [x, top] = [left, TITLE];
  for (const { name, weights } of panels) {
    const title = inTwoLines(name);
    const longest = Math.max(...title.split("\n").map(({ length }) => length));
    const wide = Math.max(CELL * (weights[0]?.length ?? 0), 5.8 * longest);
    if (x > left && x + wide > width - 4) {
      [x, top] = [left, top + panelHeight + NUMBERS + TITLE + GAP];
    }
    if (x === left) firsts.push(top);
    placed.push({ name: title, weights, left: x, top });
    x += wide + GAP;
  }
  return { placed, firsts, height: top + panelHeight + NUMBERS + 44 };
}

function cut(name: string, letters: number): string {
  return name.length <= letters ? name : `${name.slice(0, letters - 1)}…`;
}

/** A share of ink, in hundredths. */
function round(weight: number): number {
  return Math.round(100 * Math.min(1, Math.max(0, weight))) / 100;
}

/** Largest number of letters in one line of a panel's title. */
const TITLE_LENGTH = 24;

/** Breaks a long dotted name into two lines before the word nearest to its middle. */
function inTwoLines(name: string): string {
  if (name.length <= TITLE_LENGTH) return name;
  const dots = [...name.matchAll(/\.(?!\d)/g)].map(({ index }) => index);
  const fromMiddle = (dot: number) => Math.abs(dot - name.length / 2);
  const [middle] = dots.sort((a, b) => fromMiddle(a) - fromMiddle(b));
  return middle === undefined ? name : `${name.slice(0, middle)}\n${name.slice(middle + 1)}`;
}

/** Layers named by the parts that distinguish their names. */
function withoutCommonStart(allocations: readonly SplitAllocation[]): SplitAllocation[] {
  if (allocations.length === 1) return [...allocations];
  const parts = allocations.map(({ name }) => name.split("."));
  let common = 0;
  while (
    parts.every((of) => of.length > common + 1 && of[common] === parts[0]![common])
  ) common++;
  return allocations.map(({ weights }, i) => ({
    name: parts[i]!.slice(common).join("."),
    weights,
  }));
}

function skillsOf(allocations: readonly SplitAllocation[]): number {
  return Math.max(...allocations.map(({ weights }) => weights[0]?.length ?? 0));
}

function proportions(row: readonly number[]): number[] {
  const total = row.reduce((sum, value) => sum + value, 0);
  return row.map((value) => total === 0 ? 0 : value / total);
}

function describe(
  name: string,
  weights: readonly (readonly number[])[],
  tasks: readonly string[],
): string {
  const most = weights.map((row, task) => {
    const weight = Math.max(...row);
    const verb = task === 0 ? " takes most" : "";
    return `${tasks[task]}${verb} of skill ${row.indexOf(weight)} (${weight.toFixed(2)})`;
  });
  return `${name}: ${most.join(", ")}`;
}
