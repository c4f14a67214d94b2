import assert from "node:assert/strict";
import { assertNumbers, axisOf, readSvg } from "../../testing/read_svg.ts";
import { sampleResults } from "../../testing/samples/sample_results.ts";
import { runsTable } from "../../tables/study.ts";
import { tableOf } from "../../tables/table.ts";
import { efficiencyFigure } from "../study_figures.ts";
import { renderSvg } from "../render_svg.ts";

const RUNS = [[2, 100, 0.25], [4, 1000, 0.5], [8, 10_000, 0.75]].flatMap((
  [n_skills, size, score],
) =>
  [-0.01, 0.01].map((noise, seed) => ({
    ...{ n_skills: n_skills!, seed, status: "done" },
    ...{ score: score! + noise, parameters_adaptation: size! },
  }))
);

Deno.test("efficiencyFigure() puts means at their parameters, powers of ten evenly apart", async () => {
  const svg = await renderSvg(efficiencyFigure(tableOf(RUNS), { metric: "score" }));
  const points = readSvg(svg).filter(({ group }) => group === "mean");
  assertNumbers(points.map(({ y }) => axisOf(svg, "y")(y)), [0.25, 0.5, 0.75], 0.005);
  const toX = axisOf(svg, "x", true);
  assertNumbers(points.map(({ x }) => toX(x) / 1000), [0.1, 1, 10], 0.1);
  const [a, b, c] = points.map(({ x }) => x);
  assert.ok(Math.abs((b! - a!) - (c! - b!)) < 1);
});

Deno.test("efficiencyFigure() names every point, and no name hides another or a point", async () => {
  const results = sampleResults({ method: ["poly", "shared", "private"], n_skills: [2, 4, 8] });
  const svg = await renderSvg(
    efficiencyFigure(runsTable(results), { metric: "heldout_exact_match" }),
  );
  const labels = readSvg(svg).filter(({ group, tag }) => group === "label" && tag === "text");
  assert.equal(labels.length, 27);
  const overlaps = labels.flatMap((a, i) =>
    labels.slice(i + 1).filter((b) =>
      Math.abs(a.y - b.y) < 10 && Math.abs(a.x - b.x) < (a.text.length + b.text.length) * 6 / 2
    )
  );
  assert.equal(overlaps.length, 0);
});

Deno.test("efficiencyFigure() counts runs without a value and settings without parameters", () => {
  const rows = RUNS.map((run, i) => ({
    ...run,
    score: i === 0 ? null : run.score,
    status: i === 0 ? "diverged" : "done",
    parameters_adaptation: i >= 4 ? null : run.parameters_adaptation,
  }));
  const { notes, alt } = efficiencyFigure(tableOf(rows), { metric: "score" });
  assert.deepEqual(notes.slice(0, 3), [
    "Missing: 1 of 6 runs has no score (1 diverged).",
    "3 of 3 means rest on fewer than 3 seeds and have no interval.",
    "Missing: 1 settings have no parameters_adaptation.",
  ]);
  assert.ok(!alt.includes("n_skills 8"));
});
