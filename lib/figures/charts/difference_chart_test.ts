import assert from "node:assert/strict";
import { assertNumbers, axisOf, readSvg, textsOf } from "../../testing/read_svg.ts";
import { sampleResults } from "../../testing/samples/sample_results.ts";
import { pairedDifferences } from "../../tables/paired.ts";
import { rowsOf, tableOf } from "../../tables/table.ts";
import { openStudy, runsTable } from "../../tables/study.ts";
import { differenceChart } from "./difference_chart.ts";
import { renderSvg } from "../render_svg.ts";
import { differenceFigure } from "../study_figures.ts";

const WORDS = { metric: "heldout_exact_match", baseline: "n_skills=1", units: "seed" };

Deno.test("differenceChart() draws differences and intervals where they are, best first", async () => {
  const differences = pairedDifferences(
    runsTable(sampleResults({ n_splits: [1] }, { whole: true })),
    { metric: "heldout_exact_match", baseline: { n_skills: 1 } },
  );
  const rows = rowsOf(differences);
  const svg = await renderSvg(differenceChart(rowsOf(differences), WORDS));
  const toX = axisOf(svg, "x");
  const dots = readSvg(svg).filter(({ group }) => group === "mean");
  assertNumbers(dots.map(({ x }) => toX(x)), rows.map((row) => row.difference as number), 2e-3);
  assert.ok(dots.every(({ y }, i) => i === 0 || y > dots[i - 1]!.y));
  const [zero, ...intervals] = readSvg(svg).filter(({ group }) => group === "rule");
  assertNumbers([toX(zero!.x + Number(zero!.attributes.x1))], [0], 2e-3);
  for (const end of ["low", "high"] as const) {
    const attribute = end === "low" ? "x1" : "x2";
    assertNumbers(
      intervals.map(({ x, attributes }) => toX(x + Number(attributes[attribute]))),
      rows.map((row) => row[end] as number),
      2e-3,
    );
  }
  const texts = textsOf(svg);
  assert.ok(
    ["n_skills 2", "n_skills 16", "p", "win/tie/loss"].every((text) => texts.includes(text)),
  );
  assert.match(texts.join(" "), /filled below 0.05/);
});

Deno.test("differenceChart() says which settings have no complete pair", async () => {
  const row = { difference: null, low: null, high: null, wins: 0, ties: 0, losses: 0, n: 0 };
  const differences = tableOf([{ n_skills: 4, ...row, n_missing: 3, p: null, p_holm: null }]);
  const figure = differenceChart(rowsOf(differences), WORDS);
  assert.deepEqual(figure.notes, ["Missing: pairs without both values, left out: 3."]);
  const svg = await renderSvg(figure);
  assert.ok(textsOf(svg).includes("no complete pair") && !/NaN/.test(svg));
  assert.equal(readSvg(svg).filter(({ group }) => group === "mean").length, 0);
});

Deno.test("1.2.6, 1.2.8 differenceChart() draws ratios on a scale of logarithms, and brackets exploratory p", async () => {
  const row = { wins: 5, ties: 0, losses: 0, n: 5, n_missing: 0 };
  const differences = tableOf([
    {
      n_skills: 2,
      tier: "primary",
      ratio: 0.25,
      low: 0.125,
      high: 0.5,
      p: 0.01,
      p_holm: 0.02,
      ...row,
    },
    {
      n_skills: 4,
      tier: "exploratory",
      ratio: 0.5,
      low: 0.25,
      high: 1,
      p: 0.01,
      p_holm: null,
      ...row,
    },
  ]);
  const figure = differenceChart(rowsOf(differences), { ...WORDS, metric: "seen_loss" });
  assert.equal(figure.title, "Ratio of seen_loss to n_skills=1");
  assert.match(figure.alt, /n_skills 2: 0.250 \(0.125 to 0.500\), 5 wins/);
  const svg = await renderSvg(figure);
  const toX = axisOf(svg, "x", true);
  const dots = readSvg(svg).filter(({ group }) => group === "mean");
  assertNumbers(dots.map(({ x }) => toX(x)), [0.25, 0.5], 0.01);
  assert.deepEqual(dots.map(({ attributes }) => attributes.fill), ["#000", "#fff"]);
  const texts = textsOf(svg);
  assert.ok(texts.includes("0.020") && texts.includes("(0.010)") && texts.includes("n_skills 2"));
});

Deno.test("differenceFigure() of a study names its metric, its baseline and what the pairs are", async () => {
  const figure = differenceFigure(await openStudy("steps"))!;
  assert.equal(figure.title, "Difference in heldout_exact_match to method=shared");
  assert.match(figure.subtitle, /^Mean of differences paired on seed,/);
  assert.match(figure.alt, /expert, steps 400: 0.181/);
});
