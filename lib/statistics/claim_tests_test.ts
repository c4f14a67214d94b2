import assert from "node:assert/strict";
import { assertAgrees, STATISTICS_CASES } from "../testing/cases/statistics_case.ts";
import { equivalence, nonInferiority, sideOf, superiority } from "./claim_tests.ts";
import { estimateMean } from "./mean.ts";

Deno.test("equivalence() and nonInferiority() have the p-values of statsmodels and scipy", () => {
  for (const { values, margin, alpha, low, high, ...p } of STATISTICS_CASES.claims) {
    const estimate = estimateMean(values);
    assertAgrees(equivalence(estimate, margin, alpha), { low, high, p: p.equivalence });
    assertAgrees(nonInferiority(estimate, margin), { p: p.non_inferiority });
  }
});

Deno.test("equivalence() has its interval inside the margin just when p is at most alpha", () => {
  const estimate = estimateMean([0.1, -0.05, 0.02, 0.06, -0.01]);
  for (const margin of [0.02, 0.05, 0.08, 0.09, 0.1, 0.3]) {
    const { of_lower, of_upper, p } = equivalence(estimate, margin);
    assert.equal(of_lower === "above" && of_upper === "below", p! < 0.05, `${margin}`);
  }
});

Deno.test("tests of claims say on which side of each bound the interval lies", () => {
  const estimate = estimateMean([0.2, 0.3, 0.25, 0.15]); // 0.12 to 0.33
  assert.deepEqual([0.1, 0.2, 0.4].map((bound) => sideOf(estimate, bound)), [
    "above",
    "across",
    "below",
  ]);
  assert.deepEqual(superiority(estimate, 0.1), {
    ...{ low: estimate.low, high: estimate.high, p: estimate.p },
    ...{ of_zero: "above", of_margin: "above" },
  });
  assert.equal(nonInferiority(estimateMean([-1, -2, -3]), 0.1).of_margin, "across");
  assert.equal(nonInferiority(estimateMean([-1, -1.1, -0.9]), 0.1).of_margin, "below");
  assert.equal(sideOf({ low: 0.5, high: Infinity }, 0), "above");
});

Deno.test("tests of claims have no side and no p where there is no interval", () => {
  for (const values of [[1, 2], [0, 0, 0]]) {
    const estimate = estimateMean(values);
    const none = { low: null, high: null, p: null };
    assert.deepEqual(superiority(estimate, 1), { ...none, of_zero: null, of_margin: null });
    assert.deepEqual(nonInferiority(estimate, 1), { ...none, of_margin: null });
    assert.deepEqual(equivalence(estimate, 1), { ...none, of_lower: null, of_upper: null });
  }
});

Deno.test("tests of claims refuse margins and levels that are none", () => {
  const estimate = estimateMean([1, 2, 3]);
  const message = "Cannot test by a margin as it must be above 0: got 0";
  assert.throws(() => superiority(estimate, 0), { name: "RangeError", message });
  assert.throws(() => equivalence(estimate, 1, 0.5), {
    name: "RangeError",
    message: "Cannot test equivalence as alpha must lie in (0, 0.5): got 0.5",
  });
});
