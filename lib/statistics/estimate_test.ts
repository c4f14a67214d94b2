import assert from "node:assert/strict";
import { assertAgrees, STATISTICS_CASES } from "../testing/cases/statistics_case.ts";
import { atLevel } from "./estimate.ts";
import { estimateMean } from "./mean.ts";

Deno.test("atLevel() gives the interval that the mean has at that level", () => {
  const [{ values, level, expected }] = STATISTICS_CASES.means.slice(1) as [
    typeof STATISTICS_CASES.means[number],
  ];
  assert.equal(level, 0.9);
  assertAgrees(atLevel(estimateMean(values), level), expected);
  const flat = estimateMean([2, 2, 2]);
  assert.deepEqual(atLevel(flat, 0.9), flat);
  assert.equal(atLevel(estimateMean([1, 2]), 0.9).low, null);
});
