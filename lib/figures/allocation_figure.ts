import type { SplitAllocation } from "../routing/split_allocation.ts";
import type { Figure } from "./figure.ts";
import { panelGrid } from "./panel_grid.ts";
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
  const skills = skillsOf(panels);
  const longest = Math.max(0, ...tasks.map((task) => shortName(task).length));
  const marginLeft = 20 + 6.7 * longest;
  const titles = panels.map(({ name }) => inTwoLines(name));
  const widest = Math.max(
    ...titles.flatMap((title) => title.split("\n")).map(({ length }) => length),
  );
  const columns = Math.max(
    1,
    Math.floor((704 - marginLeft) / Math.max(widest * 6 + 8, 13 * skills)),
  );
  return {
    name: "allocation",
    title: "Allocation of skills to tasks",
    subtitle: `Mixing weights of ${tasks.length} tasks over ${skillsOf(allocations)} skills` +
      `${
        truth === undefined ? "" : `, and the truth over ${truth[0]?.length ?? 0}`
      }; white is 0, ` +
      `black is 1.`,
    notes: allocations.length === 1
      ? []
      : ["Skills of different layers and splits have nothing but their numbers in common."],
    alt: `Heat maps of tasks by skills. ${
      panels.map(({ name, weights }) => describe(name, weights, tasks)).join("; ")
    }.`,
    draw: (Plot) => {
      const grid = panelGrid(Plot, titles, {
        panelHeight: Math.max(60, 15 * tasks.length) + 24,
        columns,
        titleSize: 9,
      });
      const cells = panels.flatMap(({ weights }, i) => {
        const { fx, fy } = grid.channels(i);
        const [column, row] = [fx(), fy()];
        return weights.flatMap((of, task) =>
          of.map((weight, skill) => ({ task: tasks[task]!, skill, weight, column, row }))
        );
      });
      return {
        ...grid.options,
        marginLeft,
        x: {
          type: "band",
          domain: Array.from({ length: skills }, (_, skill) => skill),
          label: "skill",
          labelAnchor: "center",
          labelArrow: "none",
          padding: 0.08,
          tickSize: 0,
          tickFormat: (skill: number) => skills <= 12 || skill % 4 === 0 ? String(skill) : "",
        },
        y: {
          type: "band",
          domain: tasks,
          tickFormat: shortName,
          label: null,
          padding: 0.08,
          tickSize: 0,
        },
        marks: [
          ...grid.marks,
          Plot.cell(cells, {
            ...{ x: "skill", y: "task", fx: "column", fy: "row" },
            fill: ({ weight }) => grey(weight),
          }),
        ],
      };
    },
  };
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

function grey(weight: number): string {
  const level = Math.round(255 * (1 - Math.min(1, Math.max(0, weight))));
  return `rgb(${level},${level},${level})`;
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
