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
  ...[2, 2.5, 3].map((loss, seed) =>
    done(16, seed, { seen_loss: loss, parameters_multitask: 200 })
  ),
  ...[0.5, 0.25, 0.75].map((loss, seed) =>
    done(2, seed, { seen_loss: loss, parameters_multitask: 30 })
  ),
  undone(2, 3, "diverged"),
  undone(4, 0, "planned"),
  undone(4, 1, "failed"),
  done(8, 0, { seen_loss: 0.12345, parameters_multitask: 90 }),
  undone(8, 1, "planned"),
  undone(8, 2, "stalled"),
]);

Deno.test("leaderboard() shows means with intervals, best first, and every missing value", () => {
  const rows = rowsOf(leaderboard(runs, { metric: "seen_loss" }));
  const none = { low: null, high: null };
  const counts = { n_planned: 3, n_diverged: 0, n_stalled: 0, n_failed: 0 };
  assert.deepEqual(rows.map(({ n_skills, n_done, mean }) => [n_skills, n_done, mean]), [
    [2, 3, 0.5],
    [16, 3, 2.5],
    // One run ranks nothing: it follows, with two digits.
    [8, 1, 0.12],
    [4, 0, null],
  ]);
  assert.deepEqual(rows.slice(2), [
    {
      ...{ n_skills: 8, mean: 0.12, ...none, n_done: 1, ...counts, n_stalled: 1 },
      parameters_multitask: 90,
    },
    {
      ...{ n_skills: 4, mean: null, ...none, n_done: 0, ...counts, n_planned: 2, n_failed: 1 },
      parameters_multitask: null,
    },
  ]);
  const { n_planned, n_diverged, parameters_multitask } = rows[0]!;
  assert.deepEqual([n_planned, n_diverged, parameters_multitask], [4, 1, 30]);
});

Deno.test("1.2.6 leaderboard() has intervals that do not leave the metric's scale", () => {
  // The t quantile of two degrees of freedom times the standard error, as a share of the mean.
  const half = 4.302652729911275 * 0.25 / Math.sqrt(3) / 0.5;
  const [loss] = rowsOf(leaderboard(runs, { metric: "seen_loss" }));
  assert.ok(Math.abs(loss!.low as number - 0.5 * Math.exp(-half)) < 1e-8);
  assert.ok(Math.abs(loss!.high as number - 0.5 * Math.exp(half)) < 1e-8);
  const shares = runsTable(
    [0, 0.125, 0.0625].map((share, seed) => done(2, seed, { heldout_exact_match: share })),
  );
  const [share] = rowsOf(leaderboard(shares, { metric: "heldout_exact_match" }));
  const [low, high] = [Number(share!.low), Number(share!.high)];
  assert.ok(0 < low && low < 0.0625 && 0.0625 < high && high < 0.5);
});

Deno.test("1.2.7 leaderboard() ranks nothing by two seeds, and gives them no interval", () => {
  const two = runsTable(
    [[2, 0.1234], [4, 0.3456], [8, 0.2345]].flatMap(([n_skills, score]) =>
      [0, 0.01].map((more, seed) => done(n_skills!, seed, { seen_exact_match: score! + more }))
    ),
  );
  const rows = rowsOf(leaderboard(two, { metric: "seen_exact_match" }));
  assert.deepEqual(rows.map(({ n_skills, mean, low, high }) => [n_skills, mean, low, high]), [
    [2, 0.13, null, null],
    [4, 0.35, null, null],
    [8, 0.24, null, null],
  ]);
});

Deno.test("leaderboard() turns round where higher is better, missing values still last", () => {
  const order = rowsOf(leaderboard(runs, { metric: "seen_loss", higherIsBetter: true }));
  assert.deepEqual(order.map(({ n_skills }) => n_skills), [16, 2, 8, 4]);
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
