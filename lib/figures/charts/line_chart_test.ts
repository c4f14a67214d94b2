import assert from "node:assert/strict";
import { assertNumbers, axisOf, readSvg, textsOf } from "../../testing/read_svg.ts";
import { sampleResults } from "../../testing/samples/sample_results.ts";
import { type Row, rowsOf, tableOf } from "../../tables/table.ts";
import { runsTable } from "../../tables/study.ts";
import { drawingTools, renderSvg } from "../render_svg.ts";
import { inlineSvgOf } from "../svg.ts";
import { metricFigure } from "../study_figures.ts";

const run = (n_skills: number, seed: number, score: number | null, rest: Row = {}): Row => ({
  ...{ n_skills, seed, score, status: "done" },
  ...rest,
});

/** Two lines over three values of x: scores by (n_splits, n_skills). */
const RUNS = [1, 4].flatMap((n_splits) =>
  [2, 4, 8].flatMap((n_skills) =>
    [0, 1, 2].map((seed) =>
      run(n_skills, seed, 0.1 * n_splits + 0.05 * Math.log2(n_skills) + 0.01 * seed, { n_splits })
    )
  )
);

const sorted = (values: number[]) => values.toSorted((a, b) => a - b);

Deno.test("metricFigure() puts every seed where its value is", async () => {
  const svg = await renderSvg(metricFigure(tableOf(RUNS), { metric: "score", x: "n_skills" }));
  const [toX, toY] = [axisOf(svg, "x", true), axisOf(svg, "y")];
  const dots = readSvg(svg).filter(({ group }) => group === "dot");
  assert.equal(dots.length, 18);
  assertNumbers(
    sorted(dots.map(({ y }) => toY(y))),
    sorted(RUNS.map(({ score }) => score as number)),
    1e-3,
  );
  for (const { x } of dots) {
    // The seeds of two lines stand beside their bars, within two slots of 24 pixels.
    const nearest = [2, 4, 8].reduce((a, b) =>
      Math.abs(Math.log(b / toX(x))) < Math.abs(Math.log(a / toX(x))) ? b : a
    );
    assert.ok(Math.abs(Math.log(toX(x) / nearest)) < 0.1, `x is ${toX(x)}`);
  }
});

Deno.test("metricFigure() has room for every tick of powers of ten that begin with 0", async () => {
  const rows = [0, 1e-5, 1e-4, 1e-3].flatMap((
    n_skills,
  ) => [run(n_skills, 0, 1), run(n_skills, 1, 2)]);
  const svg = await renderSvg(metricFigure(tableOf(rows), { metric: "score", x: "n_skills" }));
  const ticks = readSvg(svg).filter(({ group }) => group === "x-axis tick label");
  assert.deepEqual(ticks.map(({ text }) => text), ["0", "0.00001", "0.0001", "0.001"]);
  const gaps = ticks.slice(1).map(({ x }, i) => x - ticks[i]!.x);
  assert.ok(gaps.every((gap) => gap > 60), gaps.join());
});

Deno.test("metricFigure() draws the mean line, and Student's intervals as bars wider than points", async () => {
  const rows = [run(2, 0, 1), run(2, 1, 2), run(2, 2, 3), run(4, 0, 4), run(4, 1, 5), run(4, 2, 6)];
  const svg = await renderSvg(metricFigure(tableOf(rows), { metric: "score", x: "n_skills" }));
  const toY = axisOf(svg, "y");
  const marks = readSvg(svg);
  const line = marks.find(({ group }) => group === "line")!;
  const means = [...line.attributes.d!.matchAll(/[ML][\d.]+,([\d.]+)/g)]
    .map(([, y]) => toY(line.y + Number(y)));
  assertNumbers(means, [2, 5], 0.01);
  // The interval of (1, 2, 3), from torch-free arithmetic: 2 ± 4.302653 / √3.
  const half = 4.302653 / Math.sqrt(3);
  const bars = marks.filter(({ group }) => group === "rule");
  const ends = (name: string) => bars.map(({ y, attributes }) => toY(y + Number(attributes[name])));
  assertNumbers(ends("y1"), [2 - half, 5 - half], 0.01);
  assertNumbers(ends("y2"), [2 + half, 5 + half], 0.01);
  const width = Number(bars[0]!.attributes["stroke-width"]);
  const [seed] = marks.filter(({ group }) => group === "dot");
  assert.ok(width > 2 * Number(seed!.attributes.r), `a bar of ${width}`);
});

Deno.test("metricFigure() puts seeds of one value beside each other and beside the bar, so that none is hidden", async () => {
  const rows = [0.5, 0.5, 0.5, 0.25].map((score, seed) => run(2, seed, score));
  const svg = await renderSvg(metricFigure(tableOf([...rows, run(4, 0, 1)]), {
    metric: "score",
    x: "n_skills",
  }));
  const marks = readSvg(svg);
  const dots = marks.filter(({ group }) => group === "dot").slice(0, 4);
  const r = Number(dots[0]!.attributes.r);
  for (const [i, a] of dots.entries()) {
    for (const b of dots.slice(0, i)) assert.ok(Math.hypot(a.x - b.x, a.y - b.y) >= 2 * r);
  }
  const bar = marks.find(({ group }) => group === "rule")!;
  const edge = bar.x + Number(bar.attributes.x1 ?? 0) + Number(bar.attributes["stroke-width"]) / 2;
  assert.ok(dots.every(({ x }) => x - r >= edge), `${edge}: ${dots.map(({ x }) => x)}`);
});

Deno.test("metricFigure() has rows, best first, for words, with every cell named where it is narrow too", async () => {
  const rows = ["a", "b"].flatMap((method, m) =>
    [1, 4].flatMap((n_splits) =>
      [0, 1, 2].map((seed) => run(2, seed, 0.1 * seed + m + n_splits, { method, n_splits }))
    )
  );
  const scored = tableOf(rows.map((row) => ({ ...row, seen_rouge_l: Number(row.score) / 10 })));
  const chart = metricFigure(scored, { metric: "seen_rouge_l", x: "method" });
  assert.equal(chart.title, "seen_rouge_l by method");
  for (const width of [720, 360]) {
    const tools = await drawingTools();
    const svg = inlineSvgOf(chart, tools, { width, hasLinks: true }, "p");
    assert.match(svg, new RegExp(`^<svg width="${width}"`));
    const texts = textsOf(svg).filter((text) => /n_splits/.test(text));
    assert.deepEqual(texts.map((text) => text.split(" · ")[0]), [
      "b, n_splits 4",
      "a, n_splits 4",
      "b, n_splits 1",
      "a, n_splits 1",
    ]);
    const dots = readSvg(svg).filter(({ group }) => group === "dot");
    assert.ok(dots.length === 12 && dots.every(({ x }) => x > 0 && x < width));
    assert.ok(!/(fill|stroke)="#/.test(svg), "colours are the page's own");
  }
});

Deno.test("losses have a logarithmic axis; without intervals an axis of shares begins at 0; a far truth is at the edge", async () => {
  const losses = [0.001, 0.1, 10].map((heldout_loss, i) => ({
    ...run(2 ** i, 0, 0),
    heldout_loss,
  }));
  const loss = await renderSvg(
    metricFigure(tableOf(losses), { metric: "heldout_loss", x: "n_skills" }),
  );
  const toLoss = axisOf(loss, "y", true);
  assertNumbers(
    readSvg(loss).filter(({ group }) => group === "mean").map(({ y }) => Math.log(toLoss(y))),
    [0.001, 0.1, 10].map(Math.log),
    0.02,
  );
  const few = [0.155, 0.22].map((score, i) => run(2 ** i, 0, score));
  const svg = await renderSvg(metricFigure(tableOf(few), {
    ...{ metric: "score", x: "n_skills" },
    references: [{ value: 5, text: "the truth" }],
  }));
  const frame = readSvg(svg).find(({ group }) => group === "frame")!;
  const bottom = frame.y + Number(frame.attributes.height);
  assert.ok(Math.abs(axisOf(svg, "y")(bottom)) < 1e-3);
  assert.ok(textsOf(svg).includes("the truth, 5 ↑"));
});

Deno.test("metricFigure() names axes by their columns and lines by their settings", async () => {
  const figure = metricFigure(tableOf(RUNS), { metric: "score", x: "n_skills" });
  const texts = textsOf(await renderSvg(figure));
  for (const text of ["n_skills", "↑ score", "n_splits 1", "n_splits 4", "2", "4", "8"]) {
    assert.ok(texts.includes(text), `no "${text}" among ${texts}`);
  }
  assert.match(figure.subtitle, /mean of 3 seeds/);
});

Deno.test("metricFigure() tells lines apart without colour: dashes and symbols", async () => {
  const svg = await renderSvg(metricFigure(tableOf(RUNS), { metric: "score", x: "n_skills" }));
  const marks = readSvg(svg);
  const dashes = marks.filter(({ group }) => group === "line")
    .map(({ attributes }) => attributes["stroke-dasharray"] ?? "none");
  assert.equal(new Set(dashes).size, 2);
  const shapes = marks.filter(({ group }) => group === "mean").map(({ tag, attributes }) =>
    tag === "circle" ? "circle" : attributes.d
  );
  assert.equal(new Set(shapes).size, 2);
});

Deno.test("metricFigure() shows missing values where they are, with counts and reasons", async () => {
  const rows = [
    ...[run(2, 0, 1), run(2, 1, 1.1), run(2, 2, null, { status: "diverged" })],
    ...[run(4, 0, null, { status: "failed" }), run(4, 1, null, { status: "planned" })],
    run(4, 2, null),
    ...[run(8, 0, 2), run(8, 1, null, { status: "diverged" })],
    run(8, 2, null, { status: "diverged" }),
  ];
  const figure = metricFigure(tableOf(rows), { metric: "score", x: "n_skills" });
  assert.equal(
    figure.notes[0],
    "Missing: 6 of 9 runs have no score (3 diverged, 1 failed, 1 not run yet, 1 done without it). " +
      "Crosses show where.",
  );
  assert.equal(figure.notes[1], "2 of 2 means rest on fewer than 3 seeds and have no interval.");
  assert.match(figure.alt, /1.05 at 2, no value at 4, 2.00 at 8/);
  assert.match(figure.subtitle, /1 to 2 seeds/);
  const svg = await renderSvg(figure);
  const toX = axisOf(svg, "x", true);
  const crosses = readSvg(svg).filter(({ text }) => text.startsWith("✕"));
  assert.deepEqual(crosses.map(({ text }) => text), ["✕1", "✕3", "✕2"]);
  assertNumbers(crosses.map(({ x }) => toX(x)), [2, 4, 8], 0.05);
  // The line is broken at 4: two pieces, or a move between them.
  const line = readSvg(svg).find(({ group }) => group === "line")!.attributes.d!;
  assert.equal(line.match(/M/g)?.length, 2);
  assert.ok(textsOf(svg).join(" ").includes("6 of 9 runs have no score"));
});

Deno.test("metricFigure() cuts an interval that would dwarf the values, and says so", async () => {
  const rows = [run(2, 0, 0.4), run(2, 1, 0.6), run(2, 2, 0.4), run(4, 0, 0.5), run(4, 1, 0.6)];
  const figure = metricFigure(tableOf(rows), { metric: "score", x: "n_skills" });
  assert.deepEqual(figure.notes, [
    "1 of 2 means rests on fewer than 3 seeds and has no interval.",
    "Intervals wider than the frame are cut: 1.",
  ]);
  const svg = await renderSvg(figure);
  const toY = axisOf(svg, "y");
  const frame = readSvg(svg).find(({ group }) => group === "frame")!;
  assert.ok(toY(frame.y) < 0.8 && toY(frame.y + Number(frame.attributes.height)) > 0.2);
});

Deno.test("metricFigure() gives each of many series a panel with its name", async () => {
  const svg = await renderSvg(
    metricFigure(runsTable(sampleResults({ n_tasks: [8, 16] })), {
      metric: "heldout_exact_match",
      x: "n_skills",
    }),
  );
  const marks = readSvg(svg);
  assert.equal(marks.filter(({ group }) => group === "frame").length, 6);
  assert.equal(marks.filter(({ text }) => /^n_tasks \d+, n_splits \d$/.test(text)).length, 6);
  assert.ok(new Set(marks.map(({ panel }) => panel)).size >= 6);
});

Deno.test("metricFigure() draws words side by side, without lines between them", async () => {
  const rows = ["poly", "shared"].flatMap((method) =>
    [0, 1, 2].map((seed) => run(2, seed, seed + method.length, { method }))
  );
  const svg = await renderSvg(metricFigure(tableOf(rows), { metric: "score", x: "method" }));
  const groups = readSvg(svg).map(({ group }) => group);
  assert.ok(!groups.includes("line") && !groups.includes("area"));
  assert.ok(textsOf(svg).includes("poly") && textsOf(svg).includes("shared"));
});

Deno.test("metricFigure() takes settings that move together as one axis", () => {
  const rows = [[2, 8], [4, 4], [8, 2]].flatMap(([n_skills, r]) =>
    [0, 1].map((seed) => run(n_skills!, seed, 1, { r: r! }))
  );
  const figure = metricFigure(tableOf(rows), { metric: "score", x: "n_skills" });
  assert.equal(figure.title, "score against n_skills with r");
  assert.match(figure.alt, /1.00 at 2, 1.00 at 4, 1.00 at 8/);
});

Deno.test("metricFigure() draws what there is of one value, of no value, of equal values", async () => {
  for (
    const rows of [
      [run(2, 0, 0.5)],
      [run(2, 0, null, { status: "planned" })],
      [run(2, 0, 0), run(2, 1, 0), run(4, 0, 0)],
      [run(2, 0, -1e9), run(4, 0, 1e9)],
    ]
  ) {
    const svg = await renderSvg(metricFigure(tableOf(rows), { metric: "score", x: "n_skills" }));
    assert.ok(!/NaN|Infinity|undefined/.test(svg), svg);
    assert.equal(
      readSvg(svg).filter(({ group }) => group === "dot").length,
      rows.filter(({ score }) => score !== null).length,
    );
  }
});

Deno.test("metricFigure() names a column that is not there", () => {
  const runs = tableOf(RUNS);
  assert.throws(() => metricFigure(runs, { metric: "skore", x: "n_skills" }), /"score"/);
  assert.throws(() => metricFigure(runs, { metric: "score", x: "n_skils" }), /"n_skills"/);
  assert.equal(rowsOf(runs).length, 18);
});
