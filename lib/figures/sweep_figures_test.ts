import assert from "node:assert/strict";
import { type SampleGrid, sampleResults } from "../testing/samples/sample_results.ts";
import { writeSampleSweep } from "../testing/samples/sample_sweep.ts";
import { withFolder } from "../testing/with_folder.ts";
import { Study } from "../tables/study.ts";
import { renderSvg } from "./render_svg.ts";
import type { RunResult } from "../run/result.ts";
import { RUN_CONFIG_KEYS } from "../run/config.ts";
import type { Manifest } from "../sweep/manifest.ts";
import { sweepFigures } from "./sweep_figures.ts";

const figuresOf = (results: readonly RunResult[], baseline: Manifest["baseline"] = null) =>
  withFolder(async (dir) => {
    const varying = RUN_CONFIG_KEYS.filter((key) =>
      key === "seed" || new Set(results.map(({ config }) => JSON.stringify(config[key]))).size > 1
    );
    await writeSampleSweep(dir, { baseline, varying }, results);
    return sweepFigures(await Study.read(dir));
  });

const names = async (grid: SampleGrid, baseline?: Manifest["baseline"]) =>
  (await figuresOf(sampleResults(grid), baseline)).map(({ name }) => name);

Deno.test("sweepFigures() draws the metric against every setting that varies, and two together", async () => {
  const found = await names({ n_tasks: [8, 16], n_skills: [2, 8], n_splits: [1, 4] }, {
    n_skills: 2,
  });
  assert.deepEqual(found.slice(0, 6), [
    "heldout_exact_match_by_n_tasks",
    "heldout_exact_match_by_n_skills",
    "heldout_exact_match_by_n_splits",
    "heldout_exact_match_by_n_skills_and_n_splits",
    "heldout_exact_match_by_parameters_adaptation",
    "heldout_exact_match_differences",
  ]);
  assert.equal(new Set(found).size, found.length);
});

Deno.test("sweepFigures() leaves out a setting that changes in one line alone", async () => {
  const methods = sampleResults({
    ...{ method: ["shared", "private", "poly"], n_skills: [8], n_splits: [1] },
  });
  const finer = sampleResults({ method: ["poly"], n_skills: [8], n_splits: [4] });
  const found = (await figuresOf([...methods, ...finer])).map(({ name }) => name);
  assert.ok(found.includes("heldout_exact_match_by_method"));
  assert.ok(!found.includes("heldout_exact_match_by_n_splits"), String(found));
});

Deno.test("sweepFigures() draws recovery of the runs that learn routing, by what varies among them", async () => {
  const methods = sampleResults({ method: ["shared", "poly"], n_skills: [8], n_splits: [1] });
  const finer = sampleResults({ method: ["poly"], n_skills: [8], n_splits: [4] });
  const figures = await figuresOf([...methods, ...finer]);
  const recovery = figures.filter(({ name }) => name.startsWith("recovery"));
  assert.deepEqual(recovery.map(({ name }) => name), ["recovery_by_n_splits"]);
  assert.equal(recovery[0]!.notes.at(-1), "Left out: 4 runs whose methods learn no routing.");
  assert.ok(!recovery[0]!.alt.includes("shared"));
});

Deno.test("sweepFigures() takes settings that move together as one", async () => {
  const results = [[2, 8], [4, 4], [8, 2]].flatMap(([S, H]) =>
    sampleResults({ n_skills: [S!], n_splits: [H!] })
  );
  const found = await figuresOf(results);
  const axes = found.filter(({ name }) => /_by_n_s/.test(name) && !name.includes("_and_"))
    .filter(({ name }) => name.startsWith("heldout"));
  assert.deepEqual(axes.map(({ title }) => title), [
    "heldout_exact_match against n_skills with n_splits",
  ]);
});

Deno.test("sweepFigures() draws one cell, one run, and runs of which none is done", async () => {
  for (
    const results of [
      sampleResults({ n_skills: [4], n_splits: [1] }, { whole: true }),
      sampleResults({ n_skills: [4], n_splits: [1], seed: [0] }, { whole: true }),
      sampleResults({}).filter(({ status }) => status === "diverged"),
    ]
  ) {
    const figures = await figuresOf(results);
    assert.ok(figures.length >= 3);
    for (const figure of figures) {
      assert.ok(!/NaN|Infinity|undefined/.test(await renderSvg(figure)), figure.name);
    }
  }
  const failed = sampleResults({}).filter(({ status }) => status === "failed");
  assert.deepEqual(await figuresOf(failed), []);
});

Deno.test("sweepFigures() names a metric that no run has measured", () =>
  withFolder(async (dir) => {
    await writeSampleSweep(dir, { metric: "heldout_exact_mach" });
    const study = await Study.read(dir);
    assert.throws(() => sweepFigures(study), /did you mean "heldout_exact_match"/);
  }));
