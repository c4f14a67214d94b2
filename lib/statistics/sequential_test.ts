import assert from "node:assert/strict";
import { assertAgrees, STATISTICS_CASES } from "../testing/cases/statistics_case.ts";
import { normalQuantile } from "./normal.ts";
import { obrienFleming } from "./sequential.ts";

Deno.test("obrienFleming() has the bounds of a quadrature by scipy", () => {
  for (const [looks, alpha, levels] of STATISTICS_CASES.looks) {
    assertAgrees(obrienFleming(looks as number[], alpha as number), levels as number[]);
  }
});

Deno.test("obrienFleming() has the published bounds of equal looks", () => {
  // C. Jennison and B. W. Turnbull, "Group sequential methods", 2000, table 2.3: the bound of the last look.
  const published: [looks: number, alpha: number, bound: number][] = [
    [2, 0.05, 1.977],
    [3, 0.05, 2.004],
    [4, 0.05, 2.024],
    [5, 0.05, 2.040],
    [5, 0.01, 2.621],
    [5, 0.1, 1.751],
  ];
  for (const [count, alpha, bound] of published) {
    const levels = obrienFleming(Array.from({ length: count }, (_, i) => 7 * (i + 1)), alpha);
    assert.equal(normalQuantile(1 - levels.at(-1)! / 2).toFixed(3), bound.toFixed(3));
  }
  assert.deepEqual(
    obrienFleming([1, 2, 3, 4, 5]).map((level) => normalQuantile(1 - level / 2).toFixed(2)),
    ["4.56", "3.23", "2.63", "2.28", "2.04"],
  );
});

Deno.test("obrienFleming() refuses looks that do not rise", () => {
  assert.throws(() => obrienFleming([12, 12]), {
    name: "RangeError",
    message: "Cannot plan looks as their numbers must be above 0 and rise: got 12, 12",
  });
  assert.throws(() => obrienFleming([12, 24], 1), /alpha must lie in \(0, 1\): got 1/);
});
