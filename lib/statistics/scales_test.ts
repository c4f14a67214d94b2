import assert from "node:assert/strict";
import fc from "fast-check";
import { assertAgrees, STATISTICS_CASES } from "../testing/cases/statistics_case.ts";
import { estimateMean } from "./mean.ts";
import { asPositive, asRatio, estimateRatio, estimateShare, logRatios } from "./scales.ts";

Deno.test("estimateShare() of one run is Wilson's, as in statsmodels", () => {
  for (const [successes, n, level, low, high] of STATISTICS_CASES.shares.wilson) {
    const estimate = estimateShare([successes! / n!], { level: level!, n_trials: n! });
    assertAgrees(estimate, { n, estimate: successes! / n!, low, high }, `${successes} of ${n}`);
    assert.equal(estimate.p, null);
  }
});

Deno.test("estimateShare() and asPositive() are Student's on scales of log odds and logarithms", () => {
  for (const [values, low, high] of STATISTICS_CASES.shares.across) {
    assertAgrees(estimateShare(values as number[]), { low, high });
  }
  for (const [values, low, high] of STATISTICS_CASES.shares.positive) {
    assertAgrees(asPositive(estimateMean(values as number[])), { low, high });
  }
});

Deno.test("intervals of shares and of losses stay on their scale, whatever the values", () => {
  const share = fc.integer({ min: 0, max: 16 }).map((n) => n / 16);
  fc.assert(
    fc.property(fc.array(share, { minLength: 3, maxLength: 8 }), (shares) => {
      const { estimate, low, high, p } = estimateShare(shares);
      assert.equal(p, null);
      if (new Set(shares).size === 1) return assert.deepEqual([low, high], [null, null]);
      assert.ok(0 <= low! && low! < estimate! && estimate! < high! && high! <= 1);
      const loss = asPositive(estimateMean(shares));
      assert.ok(0 <= loss.low! && loss.low! < loss.estimate! && loss.estimate! < loss.high!);
    }),
    { numRuns: 60 },
  );
});

Deno.test("estimateRatio() is the one-sample t-test of scipy on logarithms", () => {
  const { values, baseline, log } = STATISTICS_CASES.ratio;
  const estimate = estimateRatio(values, baseline);
  const expected = { estimate: Math.exp(log.estimate), low: Math.exp(log.low), p: log.p };
  assertAgrees(estimate, { ...expected, high: Math.exp(log.high), df: log.df });
  assert.deepEqual(asRatio(estimateMean([])), estimateMean([]));
});

Deno.test("shares and ratios refuse values off their scale", () => {
  const refused: [() => unknown, string][] = [
    [
      () => estimateShare([0.5, 1.25]),
      "Cannot estimate a share as shares must lie in [0, 1]: got 1.25",
    ],
    [
      () => estimateShare([0.5], { n_trials: 0 }),
      "Cannot estimate a share as n_trials must be an integer of at least 1: got 0",
    ],
    [
      () => logRatios([1, 2], [1]),
      "Cannot take logarithms of ratios as every value must have a partner: got 2 and 1",
    ],
    [
      () => logRatios([1, 0], [1, 1]),
      "Cannot take logarithms of ratios as value 1 must be above 0 and finite: got 0",
    ],
  ];
  for (const [run, message] of refused) assert.throws(run, { name: "RangeError", message });
});
