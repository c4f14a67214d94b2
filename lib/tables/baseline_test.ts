import assert from "node:assert/strict";
import { sampleResults } from "../testing/samples/sample_results.ts";
import { baselineDifferences, baselineLabel, pairingUnit } from "./baseline.ts";
import type { RunResult } from "../run/result.ts";
import { estimatePaired } from "../statistics/mean.ts";
import type { Manifest } from "../sweep/manifest.ts";
import { Study } from "./study.ts";
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
  const expected = estimatePaired(ours.map((value, seed) => value - theirs[seed]!));
  assert.deepEqual([rest.length, row!.n], [0, 3]);
  assert.deepEqual([pairingUnit(study), baselineLabel(study)], ["seed", "n_skills=1"]);
  assert.deepEqual([row!.difference, row!.low, row!.high], [
    expected.estimate,
    expected.low,
    expected.high,
  ]);
});

Deno.test("baselineDifferences() takes tasks that all seeds have for its units", () => {
  const study = withConfig({ task_seed: 7 });
  assert.equal(pairingUnit(study), "task and seed");
  assert.equal(rowsOf(baselineDifferences(study)!)[0]!.n, 4);
  assert.equal(pairingUnit(withConfig({ suite: "superni" })), "task and seed");
  // No task of this phase has the measure: what pairs is the run.
  const seen = withConfig({ task_seed: 7 }, { ...MANIFEST, metric: "seen_exact_match" });
  assert.equal(pairingUnit(seen), "seed");
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
