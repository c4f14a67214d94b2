import assert from "node:assert/strict";
import { assertAgrees, STATISTICS_CASES } from "../testing/cases/statistics_case.ts";
import { estimateBoundedRatio } from "./bounded_ratio.ts";
import { deviationRatio } from "./deviation_ratio.ts";
import { estimateMean } from "./mean.ts";
import { type ReachedAt, timeRatio } from "./time_ratio.ts";

const exact = (log: number) => ({ low: log, high: log });
const at = (step: number, reached = true): ReachedAt => ({ step, reached });

Deno.test("the sign test of bounded ratios is scipy's, and its interval that of the median", () => {
  for (const { logs, level, low, high, p } of STATISTICS_CASES.signs) {
    // The greatest is known to be at least what it is, which changes neither signs nor these ranks.
    const greatest = Math.max(...logs);
    const pairs = logs.map((log) => log === greatest ? { low: log, high: Infinity } : exact(log));
    const { method, log, n_open } = estimateBoundedRatio(pairs, level);
    assert.deepEqual([method, n_open], ["sign", 0]);
    assertAgrees(log, { low, p });
    if (high < greatest) assertAgrees(log, { high });
    else assert.equal(log.high, Infinity);
  }
});

Deno.test("timeRatio() is Student's on logarithms where every run reached the threshold", () => {
  const [a, b] = [[40, 61, 44, 30], [20, 25, 20, 21]];
  const { method, log, ratio, at_least } = timeRatio(a.map((t) => at(t)), b.map((t) => at(t)));
  assert.equal(method, "t");
  assert.deepEqual(log, estimateMean(a.map((time, i) => Math.log(time / b[i]!))));
  assertAgrees(ratio, { estimate: at_least!, low: Math.exp(log.low!), p: log.p! });
});

Deno.test("timeRatio() bounds the ratio from the side on which runs are censored", () => {
  const never = at(100, false);
  const slow = timeRatio([never, never, at(50)], [at(10), at(20), at(25)]);
  assert.deepEqual([slow.method, slow.ratio.estimate, slow.at_most], ["sign", null, null]);
  assertAgrees([slow.at_least!], [(10 * 5 * 2) ** (1 / 3)]);
  assert.deepEqual([slow.n_above, slow.n_below, slow.n_open, slow.log.p], [3, 0, 0, 0.25]);
  const fast = timeRatio([at(10), at(20), at(25)], [never, never, at(50)]);
  assert.deepEqual([fast.n_below, fast.at_least, fast.log.p], [3, null, 0.25]);
  assertAgrees([fast.at_most!], [1 / (10 * 5 * 2) ** (1 / 3)]);
  // Both censored says nothing, and a run that ends before the other's threshold says nothing either.
  const open = timeRatio([never, at(10, false), at(50)], [never, at(20), at(25)]);
  assert.deepEqual([open.n_above, open.n_open, open.log.p], [1, 2, 1]);
  assert.deepEqual([open.at_least, open.at_most], [null, null]);
});

Deno.test("the sign test finds at 5 % just what its interval leaves out", () => {
  for (let above = 0; above <= 9; above++) {
    const pairs = Array.from({ length: 9 }, (_, i) => exact(i < above ? 1 + i : -1 - i));
    const { log } = estimateBoundedRatio([...pairs, { low: 0.5, high: Infinity }]);
    assert.equal(log.p! <= 0.05, log.low! > 0 || log.high! < 0, `${above}: ${JSON.stringify(log)}`);
  }
});

Deno.test("deviationRatio() is scipy's t-test of log ratios of deviations", () => {
  const { values, baseline, log } = STATISTICS_CASES.deviations;
  assertAgrees(deviationRatio(values, baseline).log, log);
});

Deno.test("deviationRatio() keeps tasks that vary on one side, and leaves out those that vary on none", () => {
  const varying = [[1, 2], [3, 5], [4, 7]];
  const { method, ratio, n_above, n_flat, at_least } = deviationRatio(
    [...varying, [1, 2], [2, 2]],
    [[1, 1.5], [3, 4], [4, 5], [2, 2], [3, 3]],
  );
  assert.deepEqual([method, ratio.estimate, n_above, n_flat], ["sign", null, 4, 1]);
  assert.equal(at_least, null);
});

Deno.test("deviationRatio() refuses sides that do not match, by task", () => {
  assert.throws(() => deviationRatio([[1, 2]], []), /the same tasks: got 1 and 0/);
  assert.throws(() => deviationRatio([[1, 2], [1]], [[1, 2], [1]]), {
    name: "RangeError",
    message: "Cannot compare deviations as both sides of a task must have the same splits, at " +
      "least 2: task 1 has 1 and 1",
  });
});

Deno.test("bounded ratios of fewer than three pairs have neither interval nor p", () => {
  const { log, at_least } = estimateBoundedRatio([{ low: 1, high: Infinity }, exact(2)]);
  assert.deepEqual([log.n, log.low, log.high, log.p], [2, null, null, null]);
  assertAgrees([at_least!], [Math.exp(1.5)]);
  assert.equal(estimateBoundedRatio([]).at_least, null);
});
