import assert from "node:assert/strict";
import { assertNumbers, axisOf, readSvg, textsOf } from "../testing/read_svg.ts";
import { sampleResults } from "../testing/samples/sample_results.ts";
import { runsTable } from "../tables/study.ts";
import { allocationFigure } from "./allocation_figure.ts";
import { renderSvg } from "./render_svg.ts";
import { recoveryFigure } from "./study_figures.ts";
import { taskTreeFigure } from "./task_tree_figure.ts";

const TASKS = ["sort", "swap", "trim"];

Deno.test("allocationFigure() shades each task's skills, the truth first", async () => {
  const layers = [
    { name: "block.0.q", weights: [[1, 0], [0, 1], [0.5, 0.5]] },
    { name: "block.0.v", weights: [[0.25, 0.75], [1, 0], [1, 0]] },
  ];
  const figure = allocationFigure(layers, TASKS, [[2, 0], [0, 1], [1, 1]]);
  const svg = await renderSvg(figure);
  const marks = readSvg(svg);
  const cells = marks.filter(({ group }) => group === "cell");
  const expected = [[[1, 0], [0, 1], [0.5, 0.5]], ...layers.map(({ weights }) => weights)];
  assert.deepEqual(
    cells.map(({ attributes }) => Number(attributes["fill-opacity"])),
    expected.flat(2),
  );
  // Panels are side by side, each with its own name; the part all names share is left out.
  assert.deepEqual(
    marks.filter(({ attributes }) => attributes["font-weight"] === "bold").map(({ text }) => text),
    ["Allocation of skills to tasks", "the truth", "q", "v"],
  );
  // Panels are as wide as their skills, side by side in one row.
  const panels = marks.filter(({ group }) => group === "panel");
  assert.deepEqual(panels.map(({ attributes }) => Number(attributes.width)), [31, 31, 31]);
  assert.ok(panels.every(({ x, y }, i) => i === 0 || (x > panels[i - 1]!.x && y === panels[0]!.y)));
  const [first, second] = cells;
  assert.ok(first!.y === second!.y && first!.x < second!.x, "skills go to the right");
  assert.ok(TASKS.every((task) => textsOf(svg).includes(task)));
});

Deno.test("allocationFigure() refuses no layer, and a layer with another number of tasks", () => {
  assert.throws(() => allocationFigure([], TASKS), /there must be at least one layer/);
  assert.throws(() => allocationFigure([{ name: "q", weights: [[1]] }], TASKS), {
    name: "RangeError",
    message:
      'Cannot draw the allocation of "q" as it must have one row for each task: got 1 rows for 3 tasks',
  });
});

Deno.test("taskTreeFigure() joins tasks at their distance, and neighbours stand together", async () => {
  const similarity = [[1, 0.2, 0.9], [0.2, 1, 0.4], [0.9, 0.4, 1]];
  const svg = await renderSvg(taskTreeFigure(similarity, TASKS));
  const marks = readSvg(svg);
  const toX = axisOf(svg, "x");
  const joints = marks.filter(({ group }) => group === "line").map(({ x, attributes }) =>
    Math.max(...[...attributes.d!.matchAll(/[ML]([-\d.]+),/g)].map(([, px]) => toX(x + Number(px))))
  );
  assertNumbers(joints, [0.1, (0.8 + 0.6) / 2], 0.005);
  const leaves = marks.filter(({ group }) => group === "y-axis tick label").sort((a, b) =>
    a.y - b.y
  );
  assert.deepEqual(leaves.map(({ text }) => text), ["sort", "trim", "swap"]);
});

Deno.test("taskTreeFigure() takes one task and tasks that are all alike; refuses a missing name", async () => {
  for (const T of [1, 3]) {
    const ones = Array.from({ length: T }, () => new Array<number>(T).fill(1));
    const svg = await renderSvg(taskTreeFigure(ones, TASKS.slice(0, T)));
    assert.ok(!/NaN|Infinity/.test(svg) && textsOf(svg).includes("sort"));
  }
  assert.throws(
    () => taskTreeFigure([[1]], TASKS),
    /each task must have one name: got 3 names for 1 tasks/,
  );
});

Deno.test("recoveryFigure() shows truth, chance, and which runs chance explains", async () => {
  const results = sampleResults({ n_splits: [1] }, { whole: true });
  const figure = recoveryFigure(runsTable(results), "n_skills");
  const svg = await renderSvg(figure);
  const marks = readSvg(svg);
  const rings = marks.filter(({ group, attributes }) =>
    group === "dot" && attributes.fill === "#fff"
  );
  const weak = results.filter(({ metrics }) => metrics.recovery_p! >= 0.05).length;
  assert.equal(rings.length, weak);
  assert.ok(weak > 0 && weak < results.length);
  assert.match(figure.notes.at(-1)!, new RegExp(`\\(${weak} of ${results.length} runs\\)`));
  const toY = axisOf(svg, "y");
  const rule = marks.find(({ group, attributes }) =>
    group === "rule" && attributes["stroke-dasharray"] === "1 3"
  )!;
  assertNumbers([toY(rule.y + Number(rule.attributes.y1))], [1], 0.01);
  const chance = marks.find(({ group, attributes }) =>
    group === "line" && attributes["stroke-dasharray"] === "1 3"
  )!;
  const [, y] = /M[\d.]+,([\d.]+)/.exec(chance.attributes.d!)!;
  assertNumbers([toY(chance.y + Number(y))], [0.3], 0.01);
  assert.ok(textsOf(svg).includes("the truth"));
});
