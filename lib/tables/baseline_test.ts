import assert from "node:assert/strict";
import { sampleResults } from "../testing/samples/sample_results.ts";
import { baselineDifferences, baselineLabel, differenceText, pairingUnit } from "./baseline.ts";
import type { RunResult } from "../run/result.ts";
import { estimateCrossed } from "../statistics/crossed.ts";
import { holm } from "../statistics/holm.ts";
import { estimateMean } from "../statistics/mean.ts";
import type { Manifest } from "../sweep/manifest.ts";
import { openStudy, Study } from "./study.ts";
import { rowsOf } from "./table.ts";

const results = sampleResults({ n_skills: [1, 2], n_splits: [1], seed: [0, 1, 2] }, {
  whole: true,
});
const MANIFEST: Manifest = {
  schema: 1,
  name: "x",
  question: "",
  metric: "heldout_exact_match",
  baseline: { n_skills: 1 },
  varying: ["n_skills", "seed"],
  runs: results,
};

const withConfig = (config: Partial<RunResult["config"]>, manifest = MANIFEST): Study =>
  new Study(
    "",
    manifest,
    results.map((result) => ({ ...result, config: { ...result.config, ...config } })),
  );

Deno.test("baselineDifferences() takes a seed with tasks of its own for one value", () => {
  const study = withConfig({ task_seed: null });
  const [row, ...rest] = rowsOf(baselineDifferences(study)!);
  const scores = (S: number) =>
    results.filter(({ config }) => config.n_skills === S)
      .map(({ metrics }) => metrics.heldout_exact_match!);
  const [ours, theirs] = [scores(2), scores(1)];
  const expected = estimateMean(ours.map((value, seed) => value - theirs[seed]!));
  assert.deepEqual([rest.length, row!.n, row!.n_paired_tasks], [0, 3, undefined]);
  assert.equal(baselineLabel(study), "n_skills=1");
  assert.deepEqual([row!.difference, row!.low, row!.high, row!.p], [
    expected.estimate,
    expected.low,
    expected.high,
    expected.p,
  ]);
});

Deno.test("1.2.3 baselineDifferences() crosses tasks that all seeds have with the seeds", () => {
  const study = withConfig({ task_seed: 7 });
  const table = baselineDifferences(study)!;
  const [row] = rowsOf(table);
  const scores = (S: number) =>
    results.filter(({ config }) => config.n_skills === S).map(({ tasks }) =>
      tasks.map(({ metrics }) => metrics.exact_match!)
    );
  const [ours, theirs] = [scores(2), scores(1)];
  const expected = estimateCrossed(
    ours[0]!.map((_, task) => ours.map((tasks, seed) => tasks[task]! - theirs[seed]![task]!)),
  );
  assert.deepEqual([row!.low, row!.high, row!.p], [expected.low, expected.high, expected.p]);
  assert.deepEqual([row!.n, row!.n_paired_tasks], [3, 4]);
  const unit = (study: Study) => pairingUnit(baselineDifferences(study)!);
  assert.equal(unit(study), "task and seed");
  assert.equal(unit(withConfig({ suite: "superni" })), "task and seed");
  // No task of this phase has the measure: what pairs is the run.
  const seen = withConfig({ task_seed: 7 }, { ...MANIFEST, metric: "seen_exact_match" });
  assert.equal(unit(seen), "seed");
});

Deno.test("1.2.3 baselineDifferences() takes a seed for one value where seeds draw different tasks from files", () => {
  const drawn = results.map((result) => ({
    ...result,
    config: { ...result.config, suite: "superni" as const },
    tasks: result.tasks.map((task, i) =>
      i === 0 ? { ...task, task: `of seed ${result.config.seed}` } : task
    ),
  }));
  const [row] = rowsOf(baselineDifferences(new Study("", MANIFEST, drawn))!);
  assert.deepEqual([row!.n, row!.n_paired_tasks], [3, undefined]);
});

Deno.test("the number of paired tasks does not stand for the setting n_tasks", async () => {
  const table = baselineDifferences(await openStudy("results/reference/superni"))!;
  assert.ok(!table.columnNames().includes("n_tasks"));
  assert.deepEqual(new Set(table.array("n_paired_tasks")), new Set([10]));
  const tasks = baselineDifferences(await openStudy("results/reference/n_tasks"))!;
  assert.equal(pairingUnit(tasks), "seed");
});

Deno.test("1.2.8 primary comparisons are corrected among themselves, and all others are exploratory", () => {
  const wide = sampleResults({ n_skills: [1, 2, 4, 8], n_splits: [1], seed: [0, 1, 2, 3] }, {
    whole: true,
  });
  const of = (more: Partial<Manifest>) => {
    const study = new Study("", { ...MANIFEST, ...more }, wide);
    const table = baselineDifferences(study)!;
    return { rows: rowsOf(table), text: differenceText(study, table).join(" ") };
  };
  const { rows, text } = of({ primary: [{ n_skills: 4 }, { n_skills: 2 }], margin: 0.05 });
  const tiers = Object.fromEntries(rows.map(({ n_skills, tier }) => [n_skills, tier]));
  assert.deepEqual(tiers, { 2: "primary", 4: "primary", 8: "exploratory" });
  const family = rows.filter(({ tier }) => tier === "primary");
  assert.deepEqual(family.map(({ p_holm }) => p_holm), holm(family.map(({ p }) => Number(p))));
  const other = rows.find(({ tier }) => tier === "exploratory")!;
  assert.ok(typeof other.p === "number" && other.p_holm === null);
  assert.ok(
    rows.every(({ power, dz, seeds_to_decide }) =>
      Number(power) > 0.05 && Number(power) <= 1 && dz !== null && Number(seeds_to_decide) >= 3
    ),
  );
  assert.match(
    text,
    /correction over the 2 comparisons declared primary; all others are exploratory/,
  );
  assert.match(text, /so many seeds find a difference of 0.05, the smallest of interest/);

  const none = of({});
  assert.ok(none.rows.every((row) => !("tier" in row) && !("power" in row)));
  assert.deepEqual(
    none.rows.map(({ p_holm }) => p_holm),
    holm(none.rows.map(({ p }) => Number(p))),
  );
  assert.match(none.text, /No comparison was declared primary: .* over all 3 rows/);
});

Deno.test("baselineDifferences() is nothing without a baseline, or without runs that have its settings", () => {
  const with_ = (baseline: Manifest["baseline"]) => withConfig({}, { ...MANIFEST, baseline });
  assert.equal(baselineDifferences(with_(null)), null);
  assert.equal(baselineLabel(with_(null)), "");
  assert.equal(baselineDifferences(with_({ n_skills: 3 })), null);
  assert.equal(
    baselineLabel(with_({ n_skills: 3, target_modules: ["q"] })),
    'n_skills=3, target_modules=["q"]',
  );
});
