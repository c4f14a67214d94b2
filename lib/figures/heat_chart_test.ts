import assert from "node:assert/strict";
import { readSvg, textsOf } from "../testing/read_svg.ts";
import { type Row, tableOf } from "../tables/table.ts";
import { renderSvg } from "./figure.ts";
import { heatMapFigure } from "./study_figures.ts";

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
function luminance(color: string): number {
  const [r, g, b] = color.match(/\d+/g)!.map((part) => {
    const c = Number(part) / 255;
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

Deno.test("heatMapFigure() is darker where the mean is higher, in grey too, and its digits can be read", async () => {
  const svg = await renderSvg(heatMapFigure(tableOf(RUNS), OPTIONS));
  const shades = cells(svg).map(({ attributes }) => luminance(attributes.fill!));
  const means = [2, 4, 8].flatMap((S) => [1, 4].map((H) => 0.1 * S + H));
  const byMean = means.map((mean, i) => ({ mean, shade: shades[i]! }))
    .sort((a, b) => a.mean - b.mean);
  for (const [i, { shade }] of byMean.entries()) {
    if (i > 0) assert.ok(shade < byMean[i - 1]!.shade);
  }
  const digits = readSvg(svg).filter(({ group, text }) =>
    group === "text" && /^\d\.\d+$/.test(text)
  );
  assert.equal(digits.length, 6);
  for (const [i, { attributes }] of digits.entries()) {
    const ink = attributes.fill === "#fff" ? 1 : 0;
    const contrast = (Math.max(ink, shades[i]!) + 0.05) / (Math.min(ink, shades[i]!) + 0.05);
    assert.ok(contrast >= 4.5, `contrast ${contrast}`);
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
