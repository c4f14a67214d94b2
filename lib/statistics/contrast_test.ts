import assert from "node:assert/strict";
import { assertAgrees, STATISTICS_CASES } from "../testing/cases/statistics_case.ts";
import { contrast, contrastValues, trendWeights } from "./contrast.ts";

const { cells, levels, interaction, slope, bend } = STATISTICS_CASES.contrast;

Deno.test("contrast() is scipy's t-test of interactions, and of slopes and bends of numpy's fits", () => {
  assertAgrees(contrast(cells, [1, -1, -1, 1]), interaction);
  assertAgrees(contrast(cells, trendWeights(levels)), slope);
  assertAgrees(contrast(cells, trendWeights(levels, 2)), bend);
});

Deno.test("contrasts refuse weights that compare nothing, and runs that lack a cell", () => {
  const refused: [() => unknown, string][] = [
    [
      () => contrastValues([[1, 2]], [1, 1]),
      "Cannot take a contrast as its weights must sum to 0 and not all be 0: got 1, 1",
    ],
    [
      () => contrastValues([[1, 2], [1]], [1, -1]),
      "Cannot take a contrast as run 1 must have 2 cells: got 1; leave out runs that are incomplete",
    ],
    [() => trendWeights([1, 2, 2]), "Cannot weigh a trend as levels must differ: got 1, 2, 2"],
    [
      () => trendWeights([1, 2], 2),
      "Cannot weigh a trend as its degree must be at least 1 and below the 2 levels: got 2",
    ],
  ];
  for (const [run, message] of refused) assert.throws(run, { name: "RangeError", message });
});
