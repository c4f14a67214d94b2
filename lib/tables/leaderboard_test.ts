import assert from "node:assert/strict";
import { runResult } from "../testing/samples/run_result.ts";
import { leaderboard } from "./leaderboard.ts";
import type { RunResult } from "../run/result.ts";
import { runsTable, Study } from "./study.ts";
import { rowsOf } from "./table.ts";

const done = (n_skills: number, seed: number, metrics: RunResult["metrics"]) =>
  runResult({ n_skills, seed }, { metrics });
const undone = (n_skills: number, seed: number, status: RunResult["status"]) =>
  runResult({ n_skills, seed }, { status });

const runs = runsTable([
  done(2, 0, { seen_loss: 0.5, parameters_multitask: 30 }),
  done(2, 1, { seen_loss: 0.25, parameters_multitask: 30 }),
  done(2, 2, { seen_loss: 0.75, parameters_multitask: 30 }),
  undone(2, 3, "diverged"),
  undone(4, 0, "planned"),
  undone(4, 1, "failed"),
  done(8, 0, { seen_loss: 0.125, parameters_multitask: 90 }),
  undone(8, 1, "planned"),
  undone(8, 2, "stalled"),
]);

Deno.test("leaderboard() shows means with intervals, best first, and every missing value", () => {
  const rows = rowsOf(leaderboard(runs, { metric: "seen_loss" }));
  // The t quantile of two degrees of freedom times the standard error of three values.
  const half = 4.302652729911275 * 0.25 / Math.sqrt(3);
  assert.ok(Math.abs(rows[1]!.low as number - (0.5 - half)) < 1e-8);
  assert.ok(Math.abs(rows[1]!.high as number - (0.5 + half)) < 1e-8);
  assert.deepEqual(
    rows.map((row) => ({ ...row, low: row.low === null, high: row.high === null })),
    [
      {
        n_skills: 8,
        mean: 0.125,
        low: true,
        high: true,
        n_done: 1,
        n_planned: 3,
        n_diverged: 0,
        n_stalled: 1,
        n_failed: 0,
        parameters_multitask: 90,
      },
      {
        n_skills: 2,
        mean: 0.5,
        low: false,
        high: false,
        n_done: 3,
        n_planned: 4,
        n_diverged: 1,
        n_stalled: 0,
        n_failed: 0,
        parameters_multitask: 30,
      },
      {
        n_skills: 4,
        mean: null,
        low: true,
        high: true,
        n_done: 0,
        n_planned: 2,
        n_diverged: 0,
        n_stalled: 0,
        n_failed: 1,
        parameters_multitask: null,
      },
    ],
  );
});

Deno.test("leaderboard() turns round where higher is better, missing values still last", () => {
  const order = rowsOf(leaderboard(runs, { metric: "seen_loss", higherIsBetter: true }));
  assert.deepEqual(order.map(({ n_skills }) => n_skills), [2, 8, 4]);
});

Deno.test("leaderboard() of runs that are all planned has only missing values", () => {
  const rows = rowsOf(leaderboard(runsTable([undone(2, 0, "planned"), undone(4, 0, "planned")]), {
    metric: "heldout_exact_match",
  }));
  assert.deepEqual(rows.map(({ n_skills, mean, n_planned }) => [n_skills, mean, n_planned]), [
    [2, null, 1],
    [4, null, 1],
  ]);
  assert.deepEqual(rowsOf(leaderboard(runsTable([]), { metric: "seen_loss" })), []);
});

Deno.test("1.2.2 leaderboard() is in the order of settings where a metric has no direction", () => {
  const runs = runsTable(
    [[2, 0.5], [4, 0.125], [8, 0.25]].map(([n_skills, density]) =>
      runResult({ n_skills: n_skills! }, { metrics: { density: density! } })
    ),
  );
  const order = rowsOf(leaderboard(runs, { metric: "density" }));
  assert.deepEqual(order.map(({ n_skills }) => n_skills), [2, 4, 8]);
});

Deno.test("leaderboard() of a study takes its metric, and of a table asks for one", () => {
  const about = {
    schema: 1,
    name: "x",
    question: "",
    baseline: null,
    varying: [],
    runs: [],
  } as const;
  const study = new Study("", { ...about, metric: "recovery" }, [
    runResult({ n_skills: 2 }, { metrics: { recovery: 0.5, seen_loss: 3 } }),
  ]);
  assert.equal(rowsOf(leaderboard(study))[0]!.mean, 0.5);
  assert.equal(rowsOf(leaderboard(study, { metric: "seen_loss" }))[0]!.mean, 3);
  assert.throws(() => leaderboard(study.runs), {
    name: "TypeError",
    message: /a metric must be named/,
  });
});
