import assert from "node:assert/strict";
import { sampleResults } from "../testing/samples/sample_results.ts";
import type { RunResult } from "../run/result.ts";
import { shownRun } from "./shown_run.ts";

const results = sampleResults(
  { n_skills: [2, 4], n_splits: [1], method: ["shared", "poly"], seed: [0, 1, 2] },
  { whole: true },
);
const withScores = (scores: readonly number[]): RunResult[] =>
  results.map((result, i) => ({ ...result, metrics: { score: scores[i]!, a_loss: scores[i]! } }));

Deno.test("shownRun() takes the typical run of the best settings that learn routing", () => {
  // shared 2, shared 4, poly 2, poly 4
  const scored = withScores([9, 9, 9, 9, 9, 9, 1, 2, 3, 5, 1, 4]);
  const run = (index: number) => scored[index]!;
  assert.equal(shownRun(scored, "score"), run(11));
  assert.equal(shownRun(scored, "a_loss"), run(7));
});

Deno.test("shownRun() passes over what is not done, and finds nothing among nothing", () => {
  const scored = withScores([9, 9, 9, 9, 9, 9, 1, 2, 3, 5, 1, 4]);
  const broken = scored.map((result, i) =>
    i < 9 ? result : { ...result, status: "diverged" as const }
  );
  assert.equal(shownRun(broken, "score"), broken[7]);
  assert.equal(shownRun(scored.slice(0, 6), "score"), null);
  assert.equal(shownRun([], "score"), null);
});
