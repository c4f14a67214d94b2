import assert from "node:assert/strict";
import { readSvg, textsOf } from "../../testing/read_svg.ts";
import { type Row, tableOf } from "../../tables/table.ts";
import { renderSvg } from "../render_svg.ts";
import { heatMapFigure } from "../study_figures.ts";

const OPTIONS = { metric: "score", x: "n_skills", y: "n_splits" };

const run = (
  n_skills: number,
  n_splits: number,
  seed: number,
  score: number | null,
  rest: Row = {},
) => ({ n_skills, n_splits, seed, score, status: score === null ? "failed" : "done", ...rest });

/** Score 0.1 · n_skills + n_splits over three by two cells. */
const RUNS = [2, 4, 8].flatMap((S) =>
  [1, 4].flatMap((H) => [0, 1].map((seed) => run(S, H, seed, 0.1 * S + H)))
);

function cells(svg: string) {
  return readSvg(svg).filter(({ group }) => group === "cell");
}

/** Luminance of `rgb(…)` as in WCAG, in [0, 1]. */
/** Luminance of a colour `#rrggbb` of some opacity on a ground. */
function luminance(color: string, opacity = 1, ground = "#ffffff"): number {
  const parts = (text: string) => [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));
  const under = parts(ground);
  const [r, g, b] = parts(color).map((part, i) => {
    const c = (opacity * part + (1 - opacity) * under[i]!) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

Deno.test("heatMapFigure() writes each mean where its two settings meet", async () => {
  const svg = await renderSvg(heatMapFigure(tableOf(RUNS), OPTIONS));
  const tick = (axis: "x" | "y", value: number) =>
    readSvg(svg).find(({ group, text }) =>
      group === `${axis}-axis tick label` && text === String(value)
    )![axis];
  for (const S of [2, 4, 8]) {
    for (const H of [1, 4]) {
      const mean = readSvg(svg).find(({ text }) => text === (0.1 * S + H).toPrecision(3))!;
      assert.ok(Math.abs(mean.x - tick("x", S)) < 1, `n_skills ${S}`);
      assert.ok(Math.abs(mean.y - tick("y", H)) < 10, `n_splits ${H}`);
    }
  }
});

Deno.test("heatMapFigure() names small values of a setting in full, each by its own", async () => {
  const rows = [0, 1e-5, 1e-4, 0.3].map((n_skills) => run(n_skills, 1, 0, 1));
  const svg = await renderSvg(heatMapFigure(tableOf(rows), OPTIONS));
  const ticks = readSvg(svg).filter(({ group }) => group === "x-axis tick label");
  assert.deepEqual(ticks.map(({ text }) => text), ["0", "1e-5", "0.0001", "0.3"]);
});

Deno.test("heatMapFigure() is stronger where the mean is higher, and its digits can be read, light and dark", async () => {
  const svg = await renderSvg(heatMapFigure(tableOf(RUNS), OPTIONS));
  const opacities = cells(svg).map(({ attributes }) => Number(attributes["fill-opacity"]));
  const means = [2, 4, 8].flatMap((S) => [1, 4].map((H) => 0.1 * S + H));
  const byMean = means.map((mean, i) => ({ mean, opacity: opacities[i]! }))
    .sort((a, b) => a.mean - b.mean);
  assert.ok(byMean.every(({ opacity }, i) => i === 0 || opacity > byMean[i - 1]!.opacity));
  // Blue, ground and ink of a file, and of the page where it is dark.
  for (
    const [blue, ground, ink] of [["#0072b2", "#ffffff", "#000000"], [
      "#6cc0f5",
      "#16181c",
      "#e9e7e2",
    ]]
  ) {
    for (const opacity of opacities) {
      const [a, b] = [luminance(blue!, opacity, ground), luminance(ink!)];
      const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      assert.ok(contrast >= 4.5, `contrast ${contrast} at ${opacity} on ${ground}`);
    }
  }
});

Deno.test("heatMapFigure() leaves cells without a value empty, and counts what is missing", async () => {
  const rows = [
    ...RUNS.filter(({ n_skills }) => n_skills !== 4),
    ...[run(4, 1, 0, 0.5), run(4, 1, 1, null)],
    ...[run(4, 4, 0, null, { status: "diverged" }), run(4, 4, 1, null, { status: "diverged" })],
  ];
  const figure = heatMapFigure(tableOf(rows), OPTIONS);
  assert.deepEqual(figure.notes, [
    "Missing: 3 of 12 runs have no score (2 diverged, 1 failed).",
    "5 of 5 means rest on fewer than 3 seeds and have no interval.",
  ]);
  const svg = await renderSvg(figure);
  const empty = cells(svg).filter(({ attributes }) => attributes["stroke-dasharray"] !== undefined);
  assert.equal(empty.length, 1);
  assert.ok(textsOf(svg).includes("0 of 2") && textsOf(svg).includes("1 of 2"));
});

Deno.test("heatMapFigure() gives each value of another setting a panel", async () => {
  const rows = [8, 16].flatMap((n_tasks) => RUNS.map((row) => ({ ...row, n_tasks })));
  const svg = await renderSvg(heatMapFigure(tableOf(rows), OPTIONS));
  assert.equal(cells(svg).length, 12);
  assert.ok(textsOf(svg).includes("n_tasks 8") && textsOf(svg).includes("n_tasks 16"));
});
