import assert from "node:assert/strict";
import { assertAgrees, STATISTICS_CASES } from "../testing/cases/statistics_case.ts";
import { normalCdf, normalQuantile } from "./normal.ts";

const { cdf, quantile } = STATISTICS_CASES.normal;

Deno.test("normalCdf() and normalQuantile() are those of scipy, in the tails, too", () => {
  assertAgrees(cdf.map(([z]) => normalCdf(z!)), cdf.map(([, share]) => share!));
  assertAgrees(quantile.map(([p]) => normalQuantile(p!)), quantile.map(([, z]) => z!));
  const deep = normalCdf(-30) / 4.906713927148187e-198;
  assert.ok(Math.abs(deep - 1) < 1e-12, `${deep}`);
});

Deno.test("normalQuantile() refuses shares that no value lies above or below", () => {
  for (const p of [0, 1, NaN]) {
    assert.throws(() => normalQuantile(p), {
      name: "RangeError",
      message: `Cannot take a quantile as its share must lie in (0, 1): got ${p}`,
    });
  }
});
