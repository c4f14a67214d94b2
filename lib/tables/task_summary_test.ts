import assert from "node:assert/strict";
import { sampleResults } from "../testing/samples/sample_results.ts";
import type { RunResult, TaskScore } from "../run/result.ts";
import { estimateMean } from "../statistics/mean.ts";
import { taskTable } from "./study.ts";
import { rowsOf } from "./table.ts";
import { taskSummary } from "./task_summary.ts";

const [FIRST, SECOND] = sampleResults({ n_skills: [2], n_splits: [1], seed: [0, 1] }, {
  whole: true,
}) as [RunResult, RunResult];

const score = (
  task: string,
  rouge_l: number,
  split = 0,
  phase: TaskScore["phase"] = "heldout",
) => ({
  task,
  phase,
  split,
  metrics: { rouge_l, loss: 1 - rouge_l },
});

Deno.test("taskSummary() means over seeds, a seed's draws of examples first among themselves", () => {
  const rows = rowsOf(taskSummary(taskTable([
    { ...FIRST, tasks: [score("b", 0.2), score("b", 0.4, 1), score("a", 1, 0, "seen")] },
    { ...SECOND, tasks: [score("b", 0.7), score("a", 0.5, 0, "seen"), score("z", 0.1)] },
  ])));
  assert.deepEqual(rows.map(({ phase, task, n }) => [phase, task, n]), [
    ["heldout", "b", 2],
    ["heldout", "z", 1],
    ["seen", "a", 2],
  ]);
  const { estimate, low, high } = estimateMean([(0.2 + 0.4) / 2, 0.7]);
  assert.deepEqual([rows[0]!.rouge_l, rows[0]!.rouge_l_low, rows[0]!.rouge_l_high], [
    estimate,
    low,
    high,
  ]);
  assert.ok(Math.abs((rows[0]!.loss as number) - 0.5) < 1e-12);
  // One seed has no interval, and a measure that no task has is no column.
  assert.deepEqual([rows[1]!.rouge_l, rows[1]!.rouge_l_low], [0.1, null]);
  assert.ok(!Object.keys(rows[0]!).includes("exact_match"));
});

Deno.test("1.2.6 taskSummary() has intervals that do not leave the scales", () => {
  const results = sampleResults({ n_skills: [2], n_splits: [1], seed: [0, 1, 2] }, { whole: true });
  const [row] = rowsOf(taskSummary(taskTable(
    results.map((result, i) => ({ ...result, tasks: [score("b", [0, 0, 0.9][i]!)] })),
  )));
  const number = (column: string) => Number(row![column]);
  const plain = estimateMean([0, 0, 0.9]);
  assert.ok(plain.low! < 0 && plain.high! > 0.9, "Student's interval leaves it");
  assert.ok(0 < number("rouge_l_low") && number("rouge_l_high") < 1);
  assert.ok(0 < number("loss_low") && number("loss_low") < 0.7 && 0.7 < number("loss_high"));
});

Deno.test("taskSummary() has a row for each setting, and none for what diverged or failed", () => {
  const results = sampleResults({ n_skills: [1, 2, 4], n_splits: [1, 4] });
  const rows = rowsOf(taskSummary(taskTable(results)));
  const done = results.filter(({ status }) => status === "done");
  assert.equal(rows.length, 4 * 6);
  for (const row of rows) {
    const of = done.filter(({ config }) =>
      config.n_skills === row.n_skills && config.n_splits === row.n_splits
    );
    assert.equal(row.n, of.length);
  }
  assert.ok(done.length < results.length);
  assert.deepEqual(rowsOf(taskSummary(taskTable([]))), []);
});
