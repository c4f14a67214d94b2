import assert from "node:assert/strict";
import { assertAgrees, STATISTICS_CASES } from "../testing/cases/statistics_case.ts";
import { randomStream } from "../util/random.ts";
import { holm } from "./holm.ts";

function near(actual: number, expected: number, tolerance: number): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual}, ${expected}`);
}

Deno.test("holm() is that of statsmodels", () => {
  for (const [pValues, corrected] of STATISTICS_CASES.holm) {
    assertAgrees(holm(pValues!), corrected!);
  }
});

Deno.test("holm() multiplies the smallest by all tests, never falls, and ends at 1", () => {
  // Worked by hand: 4 · 0.005, 3 · 0.01, 2 · 0.03, 0.04 raised to what comes before.
  const corrected = holm([0.01, 0.04, 0.03, 0.005]);
  [0.03, 0.06, 0.06, 0.02].forEach((p, i) => near(corrected[i]!, p, 1e-15));
  assert.deepEqual(holm([0.6, 0.7]), [1, 1]);
  assert.deepEqual(holm([null, 0.5, null]), [null, 0.5, null]);
  assert.deepEqual(holm([]), []);
});

Deno.test("holm() keeps the chance of any false finding when nothing is there", () => {
  let found = 0;
  for (let study = 0; study < 2000; study++) {
    const stream = randomStream(study, "p");
    const pValues = Array.from({ length: 6 }, () => stream.uniform());
    if (holm(pValues).some((p) => p! < 0.05)) found++;
  }
  near(found / 2000, 0.05, 4 * Math.sqrt(0.05 * 0.95 / 2000));
});

Deno.test("holm() refuses what is no p-value, by its place", () => {
  assert.throws(() => holm([0.5, NaN]), {
    name: "RangeError",
    message: "Cannot correct p-values as number 1 must lie in [0, 1]: got NaN",
  });
});
