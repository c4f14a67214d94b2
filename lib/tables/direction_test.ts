import assert from "node:assert/strict";
import { parseRunConfig } from "../run/config.ts";
import { metricNamed } from "../run/metrics/metric.ts";
import { metricNames } from "../run/metrics/metric_names.ts";
import { runResult } from "../testing/samples/run_result.ts";
import { baselineDifferences } from "./baseline.ts";
import { bestFirst, directionOf } from "./direction.ts";
import { leaderboard } from "./leaderboard.ts";
import { answerPlan } from "./shown_answers.ts";
import { runsTable, Study, typicalRun } from "./study.ts";
import { rowsOf } from "./table.ts";

/** A study of planted tasks whose methods differ by the same in every seed. */
function planted(metric: string, values: Readonly<Record<"shared" | "poly" | "expert", number>>) {
  const results = Object.entries(values).flatMap(([method, value]) =>
    [0, 1, 2].map((seed) =>
      runResult({ method: method as "poly", suite: "planted", seed }, {
        metrics: { [metric]: value * (1 + 0.1 * seed) },
      })
    )
  );
  return new Study("", {
    schema: 1,
    name: "planted",
    question: "",
    metric,
    baseline: { method: "shared" },
    varying: ["method", "seed"],
    runs: results,
  }, results);
}

Deno.test("1.2.2 the lowest gap to the teacher is best, wins and is shown", () => {
  // The means that the order was seen turned round with.
  const study = planted("heldout_teacher_gap", { expert: 0.477, shared: 0.337, poly: 0.268 });
  assert.deepEqual(rowsOf(leaderboard(study)).map(({ method }) => method), [
    "poly",
    "shared",
    "expert",
  ]);
  const rows = rowsOf(baselineDifferences(study)!);
  assert.deepEqual(rows.map(({ method, wins, losses }) => [method, wins, losses]), [
    ["poly", 3, 0],
    ["expert", 0, 3],
  ]);
  assert.equal(answerPlan(study).cells[0], "poly");
  const splits = runsTable(
    [[1, 0.4], [2, 0.2], [4, 0.3]].map(([n_splits, heldout_teacher_gap]) =>
      runResult({ n_splits: n_splits! }, { metrics: { heldout_teacher_gap: heldout_teacher_gap! } })
    ),
  );
  assert.equal(typicalRun(splits, "heldout_teacher_gap"), splits.array("id")[1]);
});

Deno.test("1.2.2 tasks whose gradients are in conflict less often win", () => {
  const study = planted("weight_gradient_conflict", { expert: 0.4, shared: 0.3, poly: 0.2 });
  const [row] = rowsOf(baselineDifferences(study)!);
  assert.deepEqual([row!.method, row!.wins, row!.losses], ["poly", 3, 0]);
});

Deno.test("1.2.2 nothing wins, and nothing is best, by a metric without a direction", () => {
  const study = planted("best_step", { expert: 40, shared: 60, poly: 50 });
  assert.deepEqual(rowsOf(leaderboard(study)).map(({ method }) => method), [
    "expert",
    "shared",
    "poly",
  ]);
  const rows = rowsOf(baselineDifferences(study)!);
  assert.deepEqual(rows.map(({ method, wins, ties, losses }) => [method, wins, ties, losses]), [
    ["expert", null, 0, null],
    ["poly", null, 0, null],
  ]);
  assert.equal(answerPlan(study).cells[0], "expert");
});

Deno.test("1.2.2 every metric that a run may have is declared, with its direction", () => {
  const direction = (name: string) => directionOf(name);
  const none = [
    ...[
      "best_step",
      "diverged_at_step",
      "stalled_at_step",
      "weight_gradient_reliability",
      "weight_gradient_validation_loss",
      "usage",
    ],
    ...["active_skills", "effective_skills", "entropy", "density", "recovery_null"],
  ];
  const low = /loss$|teacher_gap$|^parameters|^recovery_p$|^weight_gradient_conflict$/;
  for (const suite of ["skills", "planted"] as const) {
    const all = metricNames(parseRunConfig({ suite, monitor_gradient_alignment: true }));
    for (const name of all) {
      assert.notEqual(metricNamed(name), undefined, name);
      assert.equal(direction(name), none.includes(name) ? null : low.test(name) ? -1 : 1, name);
    }
  }
});

Deno.test("bestFirst() keeps the order of equal rows, of missing values and of what is not ranked", () => {
  const rows =
    ([[1, null, 0], [2, 0, 3], [3, 5, 3], [4, null, 0], [5, 0, 3], [6, 9, 2], [7, -9, 1]] as const)
      .map(([id, x, n]) => ({ id, x, n }));
  const order = (direction: 1 | -1 | null) =>
    bestFirst(rows, ({ x, n }) => [x, n], direction).map(({ id }) => id);
  assert.deepEqual(order(1), [3, 2, 5, 6, 7, 1, 4]);
  assert.deepEqual(order(-1), [2, 5, 3, 6, 7, 1, 4]);
  assert.deepEqual(order(null), [1, 2, 3, 4, 5, 6, 7]);
});
