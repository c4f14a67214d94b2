import assert from "node:assert/strict";
import { parseRunConfig } from "../run/config.ts";
import type { RunResult } from "../run/result.ts";
import { capacityOf } from "./capacity.ts";
import { elementsOf } from "./elements.ts";

/** A run of a cell, done in some seconds or planned. */
function run(n_skills: number, seed: number, seconds?: number): RunResult {
  const status = seconds === undefined ? "planned" : "done";
  const provenance = seconds === undefined ? {} : { seconds };
  const config = parseRunConfig({ n_skills, seed });
  return { id: `${n_skills},${seed}`, config, status, metrics: {}, tasks: [], provenance };
}

const SETTINGS = { target_minutes: 10, runs_per_element: null, time: null };

Deno.test("capacityOf() sizes elements by the runs of the same cell, and of all where it has none", () => {
  const results = [run(2, 0, 60), run(4, 0, 240), run(2, 1), run(4, 1), run(8, 0)];
  const { costOf, capacity, reason } = capacityOf(results, 3, 1, SETTINGS);
  assert.deepEqual(results.slice(2).map(costOf), [60, 240, 150]);
  assert.equal(capacity, 600);
  assert.equal(reason, "about 10 minutes in each, as a run takes 150 s");
  assert.equal(capacityOf(results, 3, 4, SETTINGS).capacity, 2400);
});

Deno.test("capacityOf() stays well below the time limit", () => {
  const { capacity } = capacityOf([run(2, 0, 60)], 3, 1, { ...SETTINGS, time: "5" });
  assert.equal(capacity, 240);
});

Deno.test("elementsOf() gives 100 measured runs of 50 s to elements of 10 minutes", () => {
  const runs = Array.from({ length: 100 }, (_, seed) => run(2, seed));
  const rules = capacityOf([run(2, 1000, 50), ...runs], 100, 1, SETTINGS);
  const { first, then } = elementsOf(runs, {
    ...rules,
    groupOf: ({ id }) => id,
    isMade: () => false,
  });
  assert.deepEqual(first.map((element) => element.length), [...Array(8).fill(12), 4]);
  assert.deepEqual(then, []);
});

Deno.test("elementsOf() sends none ahead of a group whose shared phase is there", () => {
  const rules = { costOf: () => 1, capacity: 2, groupOf: () => "a" };
  assert.deepEqual(elementsOf([1, 2, 3, 4, 5], { ...rules, isMade: () => true }), {
    first: [[1, 2], [3, 4], [5]],
    then: [],
  });
  assert.deepEqual(elementsOf([1, 2, 3, 4, 5], { ...rules, isMade: () => false }), {
    first: [[1]],
    then: [[2, 3], [4, 5]],
  });
});
