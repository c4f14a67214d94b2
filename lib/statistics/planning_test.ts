import assert from "node:assert/strict";
import { assertAgrees, STATISTICS_CASES } from "../testing/cases/statistics_case.ts";
import { estimateMean } from "./mean.ts";
import {
  effectSize,
  equivalencePower,
  power,
  powerOf,
  runsToDecide,
  seedsToBeEquivalent,
  seedsToDecide,
} from "./planning.ts";

const planning = STATISTICS_CASES.planning;

Deno.test("power() is that of statsmodels, and equivalencePower() scipy's integral", () => {
  for (const { power: expected, ...plan } of planning.power) {
    assertAgrees([power(plan)], [expected], JSON.stringify(plan));
  }
  for (const { power: expected, ...plan } of planning.equivalence) {
    assertAgrees([equivalencePower(plan)], [expected], JSON.stringify(plan));
  }
});

Deno.test("seedsToDecide() is what statsmodels solves for, and one fewer is too few", () => {
  for (const { seeds, ...plan } of planning.seeds) {
    assert.equal(seedsToDecide(plan), seeds);
    assert.ok(seeds === 3 || power({ ...plan, n: seeds - 1 }) < plan.power);
  }
  assert.equal(seedsToDecide({ sd: 1, effect: 1e-6 }), null);
  const n = seedsToBeEquivalent({ sd: 0.05, margin: 0.025, effect: 0.01 })!;
  const at = (n: number) => equivalencePower({ sd: 0.05, margin: 0.025, effect: 0.01, n });
  assert.ok(at(n - 1) < 0.8 && 0.8 <= at(n));
  assert.equal(seedsToBeEquivalent({ sd: 0.05, margin: 0.025, effect: 0.025 }), null);
});

Deno.test("power() is alpha where there is no effect", () => {
  assertAgrees([power({ n: 6, sd: 2, effect: 0, alpha: 0.01 })], [0.01]);
});

Deno.test("runsToDecide() needs no more runs than a study without effects of tasks", () => {
  const none = { task_sd: 1e-9, run_sd: 0.1, residual_sd: 1e-9, n_tasks: 12, effect: 0.08 };
  assert.equal(runsToDecide(none), seedsToDecide({ sd: 0.1, effect: 0.08 }));
  assert.equal(runsToDecide({ ...none, task_sd: 0.2 }), null, "tasks alone leave too much error");
});

Deno.test("effectSize() is the mean in standard deviations", () => {
  for (const { values, effect_size } of STATISTICS_CASES.claims) {
    assertAgrees([effectSize(estimateMean(values))!], [effect_size]);
  }
  for (const values of [[], [1, 2], [2, 2, 2]]) {
    assert.equal(effectSize(estimateMean(values)), null);
  }
});

Deno.test("plans refuse what is out of range, by name", () => {
  const refused: [() => unknown, string][] = [
    [
      () => power({ n: 1, sd: 1, effect: 1 }),
      "Cannot plan a study as n must be an integer of at least 2: got 1",
    ],
    [
      () => power({ n: 3, sd: 0, effect: 1 }),
      "Cannot plan a study as sd must be above 0 and finite: got 0",
    ],
    [
      () => powerOf({ standard_error: 1, df: 2, effect: 1, alpha: 1 }),
      "Cannot plan a study as alpha must lie in (0, 1): got 1",
    ],
    [
      () => equivalencePower({ n: 3, sd: 1, margin: 0 }),
      "Cannot plan a study as margin must be above 0 and finite: got 0",
    ],
    [
      () => seedsToDecide({ sd: 1, effect: 1, power: 1 }),
      "Cannot plan a study as power must lie in (0, 1): got 1",
    ],
  ];
  for (const [run, message] of refused) assert.throws(run, { name: "RangeError", message });
});
