import assert from "node:assert/strict";
import type { Asks } from "./claims_file.ts";
import { verdictOf } from "./verdict.ts";

Deno.test("verdictOf() follows the table of rules, at every place that an interval can have", () => {
  // The margin is 1; each row is an interval and what it says.
  const rules: Record<Asks, [low: number, high: number, verdict: string][]> = {
    superiority: [
      [1.1, 2, "reproduced"],
      [0.1, 2, "reproduced"],
      [-0.1, 2, "undecided"],
      [-0.1, 0.9, "contradicted"],
      [-2, -0.1, "contradicted"],
      [-0.1, 1.1, "undecided"],
    ],
    non_inferiority: [
      [-0.9, 5, "reproduced"],
      [-1.1, 5, "undecided"],
      [-3, -1.1, "contradicted"],
    ],
    equivalence: [
      [-0.9, 0.9, "reproduced"],
      [0.5, 0.9, "reproduced"],
      [-0.9, 1.1, "undecided"],
      [1.1, 2, "contradicted"],
      [-2, -1.1, "contradicted"],
      [-2, 2, "undecided"],
    ],
  };
  for (const [asks, rows] of Object.entries(rules)) {
    for (const [low, high, verdict] of rows) {
      assert.equal(
        verdictOf(asks as Asks, { low, high }, 1).verdict,
        verdict,
        `${asks} of (${low}, ${high})`,
      );
    }
  }
});

Deno.test("verdictOf() says no more of a claim as its interval grows", () => {
  for (const asks of ["superiority", "non_inferiority", "equivalence"] as const) {
    for (const center of [-3, -1, -0.5, 0, 0.5, 1, 3]) {
      const verdicts = [0.01, 0.3, 0.7, 1.5, 4, 9].map((half) =>
        verdictOf(asks, { low: center - half, high: center + half }, 1).verdict
      );
      const first = verdicts.indexOf("undecided");
      assert.ok(first >= 0 && verdicts.slice(first).every((verdict) => verdict === "undecided"));
      assert.equal(new Set(verdicts.slice(0, first)).size <= 1, true, `${asks} at ${center}`);
    }
  }
});

Deno.test("verdictOf() decides nothing without an interval", () => {
  assert.equal(verdictOf("superiority", { low: null, high: null }, 1).verdict, "undecided");
});
