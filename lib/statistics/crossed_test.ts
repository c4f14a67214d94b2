import assert from "node:assert/strict";
import { assertAgrees, STATISTICS_CASES } from "../testing/cases/statistics_case.ts";
import { CROSSED_STUDIES, simulatedTable } from "../testing/simulated_table.ts";
import { randomStream } from "../util/random.ts";
import { estimateCrossed } from "./crossed.ts";

Deno.test("estimateCrossed() has the mean squares of statsmodels' analysis of variance", () => {
  STATISTICS_CASES.crossed.forEach(({ table, expected }, i) => {
    assertAgrees(estimateCrossed(table), expected, `table ${i}`);
  });
});

Deno.test("estimateCrossed() takes tasks and runs alike", () => {
  const [{ table }] = STATISTICS_CASES.crossed as [typeof STATISTICS_CASES.crossed[number]];
  const turned = table[0]!.map((_, run) => table.map((row) => row[run]!));
  const [a, b] = [estimateCrossed(table), estimateCrossed(turned)];
  assertAgrees([b.low!, b.high!, b.p!], [a.low!, a.high!, a.p!]);
  assertAgrees([b.task_sd!, b.run_sd!, b.residual_sd!], [a.run_sd!, a.task_sd!, a.residual_sd!]);
});

Deno.test("estimateCrossed() covers the mean within two points of 95 %", () => {
  for (const study of CROSSED_STUDIES) {
    const size = `${study.tasks} × ${study.runs}`;
    const draws = 600;
    let covered = 0;
    for (let draw = 0; draw < draws; draw++) {
      const { p } = estimateCrossed(simulatedTable(randomStream(draw, size), study));
      if (p! > 0.05) covered++;
    }
    // Two points, and three standard errors of so few draws; a t-test over tasks covers 78 % of 40 × 5.
    const room = 0.02 + 3 * Math.sqrt(0.95 * 0.05 / draws);
    assert.ok(Math.abs(covered / draws - 0.95) < room, `${size}: ${covered}`);
  }
});

Deno.test("estimateCrossed() has no interval of two runs, of one task, or without spread", () => {
  const none = (table: number[][]) => {
    const { n, n_tasks, low, high, p } = estimateCrossed(table);
    assert.deepEqual([low, high, p], [null, null, null]);
    return [n, n_tasks];
  };
  assert.deepEqual(none([[1, 2], [3, 5], [4, 4]]), [2, 3]);
  assert.deepEqual(none([[1, 2, 3]]), [3, 1]);
  assert.deepEqual(none([[2, 2, 2], [2, 2, 2]]), [3, 2]);
  assert.equal(estimateCrossed([[2, 2, 2], [2, 2, 2]]).standard_error, 0);
  assert.deepEqual(none([]), [0, 0]);
  assert.deepEqual(none([[], []]), [0, 2]);
  assert.equal(estimateCrossed([[1, 2], [3, 5]]).estimate, 2.75);
});

Deno.test("estimateCrossed() refuses tables with holes, by task", () => {
  assert.throws(() => estimateCrossed([[1, 2, 3], [1, 2]]), {
    name: "RangeError",
    message: "Cannot estimate a crossed mean as every task must have a value of every run: " +
      "task 1 has 2 of 3 runs; leave out what is incomplete",
  });
  assert.throws(() => estimateCrossed([[1, NaN]]), /task 0 as values must be finite: number 1/);
});
