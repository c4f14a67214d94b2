import assert from "node:assert/strict";
import { assertAgrees, STATISTICS_CASES } from "../testing/cases/statistics_case.ts";
import { meanOverSpread, studentCdf, studentQuantile } from "./student.ts";

const { cdf, quantile, noncentral } = STATISTICS_CASES.student;

Deno.test("studentCdf() is that of scipy, central and noncentral", () => {
  const all = [...cdf.map(([t, df, share]) => [t, df, 0, share]), ...noncentral] as number[][];
  for (const [t, df, shift, share] of all) {
    assertAgrees([studentCdf(t!, df!, shift)], [share], `t ${t}, df ${df}, shift ${shift}`);
  }
});

Deno.test("studentQuantile() is that of scipy", () => {
  for (const [p, df, t] of quantile) {
    assertAgrees([studentQuantile(p!, df!)], [t!], `p ${p}, df ${df}`);
  }
});

Deno.test("meanOverSpread() knows the moments of a sample's variance, whole and cut", () => {
  for (const df of [2, 7.5, 300]) {
    assertAgrees([meanOverSpread(df, Infinity, (s) => s * s)], [1], `${df}`);
    assertAgrees([meanOverSpread(df, Infinity, (s) => s ** 4)], [1 + 2 / df], `${df}`);
  }
  // χ² of 2 degrees of freedom is exponential: S² is below 1 with chance 1 − 1/e.
  assertAgrees([meanOverSpread(2, 1, () => 1)], [1 - Math.exp(-1)]);
  assert.equal(meanOverSpread(2, 0, () => 1), 0);
});
