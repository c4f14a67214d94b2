import assert from "node:assert/strict";
import fc from "fast-check";
import { randomStream } from "../util/random.ts";
import { plantedAllocation } from "./planted_allocation.ts";

const stream = (seed = 0) => randomStream(seed, "tasks");
const countOf = (row: readonly number[]) => row.reduce((sum, value) => sum + value, 0);

Deno.test("plantedAllocation() shows each skill alone first, and holds out new combinations", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 30 }),
      fc.integer({ min: 0, max: 9 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer(),
      (n_tasks, n_heldout_tasks, max_skills, seed) => {
        const rows = plantedAllocation({ n_tasks, n_heldout_tasks, max_skills }, 4, stream(seed));
        const [training, heldOut] = [rows.slice(0, n_tasks), rows.slice(n_tasks)];
        const S = Math.min(4, n_tasks);
        assert.equal(heldOut.length, n_heldout_tasks);
        assert.ok(rows.every((row) => row.length === S && row.every((v) => v === 0 || v === 1)));
        const singles = training.slice(0, S);
        assert.equal(new Set(singles.map(String)).size, S);
        assert.ok(singles.every((row) => countOf(row) === 1));
        assert.ok(training.every((row) => countOf(row) >= 1 && countOf(row) <= max_skills));
        const seen = new Set(training.map(String));
        assert.ok(heldOut.every((row) => countOf(row) >= 2 && !seen.has(String(row))));
      },
    ),
  );
});

Deno.test("plantedAllocation() uses all that is not held out, and is another for another seed", () => {
  const sizes = { n_tasks: 40, n_heldout_tasks: 3, max_skills: 2 };
  const rows = plantedAllocation(sizes, 4, stream());
  // 4 skills alone and 6 pairs, half of which are held out.
  assert.equal(new Set(rows.slice(0, 40).map(String)).size, 7);
  assert.equal(new Set(rows.slice(40).map(String)).size, 3);
  assert.deepEqual(plantedAllocation(sizes, 4, stream()), rows);
  assert.notDeepEqual(plantedAllocation(sizes, 4, stream(1)), rows);
});

Deno.test("plantedAllocation() refuses a number of skills out of range, and nothing to combine", () => {
  const sizes = { n_tasks: 1, n_heldout_tasks: 1, max_skills: 2 };
  assert.throws(() => plantedAllocation({ ...sizes, max_skills: 5 }, 4, stream()), {
    name: "RangeError",
    message: "Cannot plant skills as max_skills must be in [1, 4]: got 5",
  });
  assert.throws(() => plantedAllocation(sizes, 4, stream()), {
    name: "RangeError",
    message: "Cannot hold tasks out as one skill has no new combination: " +
      "raise n_tasks to 2, or set n_heldout_tasks to 0",
  });
  assert.deepEqual(plantedAllocation({ ...sizes, n_heldout_tasks: 0 }, 4, stream()), [[1]]);
});
