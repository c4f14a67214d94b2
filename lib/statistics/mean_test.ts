import assert from "node:assert/strict";
import { studentEstimate } from "./estimate.ts";
import fc from "fast-check";
import { assertAgrees, STATISTICS_CASES } from "../testing/cases/statistics_case.ts";
import { randomStream } from "../util/random.ts";
import { estimateMean, estimatePaired, standardDeviation } from "./mean.ts";

Deno.test("estimateMean() is scipy's one-sample t-test", () => {
  for (const { values, level, expected } of STATISTICS_CASES.means) {
    assertAgrees(estimateMean(values, level), expected);
  }
});

Deno.test("estimateMean() covers the true mean as often as it says", () => {
  for (const [n, level] of [[3, 0.95], [5, 0.8]] as const) {
    let covered = 0;
    for (let study = 0; study < 300; study++) {
      const stream = randomStream(study, `study of ${n}`);
      const { low, high } = estimateMean(
        Array.from({ length: n }, () => 1 + 3 * stream.normal()),
        level,
      );
      if (low! <= 1 && 1 <= high!) covered++;
    }
    const error = Math.sqrt(level * (1 - level) / 300);
    assert.ok(Math.abs(covered / 300 - level) <= 4 * error, `${covered} of 300`);
  }
});

Deno.test("standardDeviation() has n − 1 below it, and none for one value", () => {
  assert.ok(Math.abs(standardDeviation([2, 4, 4, 4, 5, 5, 7, 9])! - Math.sqrt(32 / 7)) < 1e-15);
  assert.equal(standardDeviation([3]), null);
  assert.equal(standardDeviation([]), null);
  assert.equal(standardDeviation([3, 3]), 0);
});

Deno.test("estimateMean() has neither interval nor p below three values", () => {
  const nothing = { standard_error: null, df: null, low: null, high: null, p: null };
  assert.deepEqual(estimateMean([]), { n: 0, estimate: null, ...nothing });
  assert.deepEqual(estimateMean([3]), { n: 1, estimate: 3, ...nothing });
  assert.deepEqual(estimateMean([1, 3]), { n: 2, estimate: 2, ...nothing });
});

Deno.test("estimateMean() has neither interval nor p when all values are equal, to rounding", () => {
  for (const values of [[0, 0, 0], [1, 1, 1], [0.3 - 0.2, 0.4 - 0.3, 0.1]]) {
    const { standard_error, df, low, high, p } = estimateMean(values);
    assert.deepEqual([standard_error, df, low, high, p], [0, 2, null, null, null]);
  }
});

Deno.test("estimatePaired() counts signs", () => {
  const { estimate, n_above, n_equal, n_below } = estimatePaired([0.5, -0.25, 1, 0, 0.75]);
  assert.deepEqual([estimate, n_above, n_equal, n_below], [0.4, 3, 1, 1]);
});

Deno.test("estimateMean() finds its p below 5 % just when the interval leaves out 0", () => {
  const value = fc.double({ min: -10, max: 10, noNaN: true });
  fc.assert(
    fc.property(fc.array(value, { minLength: 3, maxLength: 9 }), (values) => {
      const { low, high, p } = estimateMean(values);
      if (p === null) return assert.deepEqual([low, high], [null, null]);
      if (Math.min(Math.abs(low!), Math.abs(high!)) < 1e-6 * (high! - low!)) return; // at the border
      assert.equal(p < 0.05, low! > 0 || high! < 0, `${low} ${high} ${p}`);
    }),
    { numRuns: 50 },
  );
});

Deno.test("means refuse numbers that are not finite and levels that are none, by name", () => {
  const refused: [() => unknown, string][] = [
    [
      () => standardDeviation([Infinity]),
      "Cannot take a standard deviation as values must be finite: number 0 is Infinity",
    ],
    [() => estimateMean([NaN]), "Cannot estimate a mean as values must be finite: number 0 is NaN"],
    [
      () => estimatePaired([0, NaN]),
      "Cannot estimate a mean as values must be finite: number 1 is NaN",
    ],
    [
      () => estimateMean([1], 95),
      "Cannot make an interval as its level must lie in (0, 1): got 95",
    ],
  ];
  for (const [run, message] of refused) assert.throws(run, { name: "RangeError", message });
});

Deno.test("the p of a difference of exactly nothing is not above 1", () => {
  for (let df = 1; df <= 40; df++) {
    const { p } = studentEstimate({ n: 3, estimate: 0, standard_error: 1, df });
    assert.ok(p! <= 1 && p! > 1 - 1e-12, `${df}: ${p}`);
  }
});
