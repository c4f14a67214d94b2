import assert from "node:assert/strict";
import { assertNumbers, axisOf, readSvg, type SvgMark } from "../../testing/read_svg.ts";
import { type Row, tableOf } from "../../tables/table.ts";
import { curveFigure } from "../study_figures.ts";
import { renderSvg } from "../render_svg.ts";

/** A run's rows: loss 10 / step + seed, for as many steps. */
const curve = (seed: number, steps: number, rest: Row = {}): Row[] =>
  Array.from({ length: steps }, (_, i) => ({
    ...{ id: `run ${seed} ${rest.n_skills ?? ""}`, status: "done", seed },
    ...{ step: i + 1, loss: 10 / (i + 1) + seed, ...rest },
  }));

function lines(marks: readonly SvgMark[], svg: string, isLog = true) {
  const [toX, toY] = [axisOf(svg, "x"), axisOf(svg, "y", isLog)];
  return marks.filter(({ group }) => group === "line").map(({ x, y, attributes }) =>
    [...attributes.d!.matchAll(/[ML]([-\d.]+),([-\d.]+)/g)]
      .map(([, px, py]) => [toX(x + Number(px)), toY(y + Number(py))] as const)
  );
}

Deno.test("curveFigure() draws each seed thin and their mean thick", async () => {
  const rows = [...curve(0, 5), ...curve(1, 5), ...curve(2, 5)];
  const figure = curveFigure(tableOf(rows), { y: "loss", phase: "multitask" });
  assert.equal(
    figure.subtitle,
    "Thin lines: 3 seeds; thick line: their mean. The axis is logarithmic.",
  );
  assert.deepEqual(figure.notes, []);
  const svg = await renderSvg(figure);
  const marks = readSvg(svg);
  const drawn = lines(marks, svg);
  assert.equal(drawn.length, 4);
  for (const [i, seed] of [0, 1, 2, 1].entries()) {
    assertNumbers(drawn[i]!.map(([x]) => x), [1, 2, 3, 4, 5], 0.05);
    assertNumbers(drawn[i]!.map(([, y]) => y), [10, 5, 10 / 3, 2.5, 2].map((y) => y + seed), 0.05);
  }
  const widths = marks.filter(({ group }) => group === "line")
    .map(({ attributes }) => Number(attributes["stroke-width"]));
  assert.ok(widths[3]! > 2 * widths[0]!);
});

Deno.test("curveFigure() ends the line of a run that diverged with a cross, inside the frame", async () => {
  const wild = curve(1, 3, { status: "diverged" }).map((row, i) => ({
    ...row,
    loss: 10 ** (i + 1),
  }));
  const rows = [...curve(0, 5), ...wild, { id: "run 2", status: "failed", seed: 2 }];
  const figure = curveFigure(tableOf(rows), { y: "loss", phase: "multitask" });
  assert.deepEqual(figure.notes, [
    "1 of 3 runs diverged: a cross ends their line.",
    "Missing: 1 of 3 runs have no loss of phase multitask.",
    "Runs that diverged leave the frame and are cut there.",
  ]);
  const svg = await renderSvg(figure);
  const marks = readSvg(svg);
  const [cross] = marks.filter(({ group }) => group === "dot");
  const frame = marks.find(({ group }) => group === "frame")!;
  assert.ok(Math.abs(cross!.y - frame.y) < 1, "the cross is not at the upper edge");
  assertNumbers([axisOf(svg, "x")(cross!.x)], [3], 0.05);
  // The axis is that of the run that went well, 2 to 10.
  assert.ok(axisOf(svg, "y")(frame.y) < 11);
});

Deno.test("curveFigure() has a panel for each setting, and counts runs in each", () => {
  const rows = [2, 4].flatMap((
    n_skills,
  ) => [...curve(0, 3, { n_skills }), ...curve(1, 3, { n_skills })]);
  const { alt, subtitle } = curveFigure(
    tableOf(rows.filter(({ n_skills, seed }) => n_skills === 2 || seed === 0)),
    { y: "loss", phase: "multitask" },
  );
  assert.match(subtitle, /1 to 2 seeds/);
  assert.match(
    alt,
    /n_skills 2: from 10.0 to 3.33, from 11.0 to 4.33; n_skills 4: from 10.0 to 3.33/,
  );
});

Deno.test("curveFigure() averages the points of long runs, and says how many", async () => {
  const rows = curve(0, 1000).map((row) => ({ ...row, loss: (row.step as number) % 2 }));
  const figure = curveFigure(tableOf(rows), { y: "loss", phase: "multitask" });
  assert.match(figure.subtitle, /each point is the mean of 9 steps/);
  const svg = await renderSvg(figure);
  const [line] = lines(readSvg(svg), svg, false);
  assert.ok(line!.length <= 120);
  for (const [, y] of line!.slice(0, -1)) assert.ok(Math.abs(y - 0.5) < 0.07, String(y));
});

Deno.test("curveFigure() shows a value to compare with, and nothing when there is nothing", async () => {
  const rows = curve(0, 3).map((row) => ({ ...row, weight_gradient_alignment: 0.25 }));
  const options = { y: "weight_gradient_alignment", phase: "alignment", reference: 0 };
  const svg = await renderSvg(curveFigure(tableOf(rows), options));
  const rule = readSvg(svg).find(({ group }) => group === "rule")!;
  assertNumbers([axisOf(svg, "y")(rule.y + Number(rule.attributes.y1))], [0], 0.01);
  const empty = curveFigure(tableOf([{ id: "a", status: "failed" }]), options);
  assert.deepEqual(empty.notes, [
    "Missing: 1 of 1 runs have no weight_gradient_alignment of phase alignment.",
  ]);
  assert.ok(!/NaN|Infinity/.test(await renderSvg(empty)));
});
