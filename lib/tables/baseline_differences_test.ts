import assert from "node:assert/strict";
import { sampleResults } from "../testing/samples/sample_results.ts";
import { baselineDifferences } from "./baseline_differences.ts";
import type { RunResult } from "../run/result.ts";
import { estimatePaired } from "../util/statistics.ts";
import type { Manifest } from "../sweep/store.ts";
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

const withTaskSeed = (task_seed: number | null): RunResult[] =>
  results.map((result) => ({ ...result, config: { ...result.config, task_seed } }));

Deno.test("baselineDifferences() takes a seed with tasks of its own for one value", () => {
  const { table, units, baseline } = baselineDifferences(MANIFEST, withTaskSeed(null))!;
  const [row, ...rest] = rowsOf(table!);
  const scores = (S: number) =>
    results.filter(({ config }) => config.n_skills === S)
      .map(({ metrics }) => metrics.heldout_exact_match!);
  const [ours, theirs] = [scores(2), scores(1)];
  const expected = estimatePaired(ours.map((value, seed) => value - theirs[seed]!));
  assert.deepEqual([rest.length, units, baseline, row!.n], [0, "seed", "n_skills=1", 3]);
  assert.deepEqual([row!.difference, row!.low, row!.high], [
    expected.mean,
    expected.low,
    expected.high,
  ]);
});

Deno.test("baselineDifferences() takes tasks that all seeds have for its units", () => {
  const { table, units } = baselineDifferences(MANIFEST, withTaskSeed(7))!;
  assert.deepEqual([units, rowsOf(table!)[0]!.n], ["task and seed", 4]);
  const real = results.map((result) => ({
    ...result,
    config: { ...result.config, suite: "superni" as const },
  }));
  assert.equal(baselineDifferences(MANIFEST, real)!.units, "task and seed");
});
