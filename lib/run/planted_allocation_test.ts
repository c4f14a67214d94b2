import assert from "node:assert/strict";
import fc from "fast-check";
import { randomStream } from "../util/random.ts";
import { plantedAllocation, type PlantedSizes } from "./planted_allocation.ts";

const stream = (seed = 0) => randomStream(seed, "tasks");
const countOf = (row: readonly number[]) => row.reduce((sum, value) => sum + value, 0);
const SIZES: PlantedSizes = {
  n_tasks: 13,
  n_heldout_tasks: 8,
  teacher_n_skills: 6,
  min_skills: 1,
  max_skills: 2,
};

Deno.test("plantedAllocation() has a combination of its own for every task, and shows every skill", () => {
  let refused = 0;
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 30 }),
      fc.integer({ min: 0, max: 9 }),
      fc.integer({ min: 2, max: 7 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 0, max: 3 }),
      fc.integer(),
      (n_tasks, n_heldout_tasks, teacher_n_skills, min_skills, more, seed) => {
        const max_skills = Math.min(min_skills + more, teacher_n_skills);
        const sizes = { n_tasks, n_heldout_tasks, teacher_n_skills, min_skills, max_skills };
        let rows: number[][] = [];
        try {
          rows = plantedAllocation(sizes, stream(seed));
        } catch (error) {
          assert.match((error as Error).message, /must be (at most|in)/);
          refused++;
          return;
        }
        const [training, heldOut] = [rows.slice(0, n_tasks), rows.slice(n_tasks)];
        const S = Math.min(teacher_n_skills, n_tasks);
        assert.equal(rows.length, n_tasks + n_heldout_tasks);
        assert.equal(new Set(rows.map(String)).size, rows.length);
        assert.ok(rows.every((row) => row.length === S && row.every((v) => v === 0 || v === 1)));
        assert.ok(rows[0]!.every((_, skill) => training.some((row) => row[skill] === 1)));
        if (min_skills === 1) assert.ok(training.slice(0, S).every((row) => countOf(row) === 1));
        const isWithin = (row: number[], least: number, most: number) =>
          countOf(row) >= least && countOf(row) <= most;
        assert.ok(training.every((row) => isWithin(row, min_skills, max_skills)));
        assert.ok(
          heldOut.every((row) => isWithin(row, Math.max(2, min_skills), Math.max(2, max_skills))),
        );
      },
    ),
  );
  assert.ok(refused < 80, `${refused} of 100 were refused`);
});

Deno.test("plantedAllocation() gives out all that there is, and is another for another seed", () => {
  // 6 skills alone and 15 pairs, 8 of which are held out.
  const rows = plantedAllocation(SIZES, stream());
  assert.equal(new Set(rows.map(String)).size, 21);
  assert.deepEqual(plantedAllocation(SIZES, stream()), rows);
  assert.notDeepEqual(plantedAllocation(SIZES, stream(1)), rows);
  const alone = { ...SIZES, n_tasks: 6, n_heldout_tasks: 15, max_skills: 1 };
  assert.deepEqual(new Set(plantedAllocation(alone, stream()).map(countOf)), new Set([1, 2]));
});

Deno.test("plantedAllocation() refuses skills out of range, and more tasks than combinations", () => {
  const refused: [Partial<PlantedSizes>, string][] = [
    [{ max_skills: 7 }, "Cannot plant skills as max_skills must be in [1, 6]: got 7"],
    [{ min_skills: 3 }, "Cannot plant skills as min_skills must be in [1, 2]: got 3"],
    [
      { n_tasks: 1, n_heldout_tasks: 1 },
      "Cannot hold tasks out as one skill has no new combination: " +
      "set n_tasks and teacher_n_skills to 2 or more, or n_heldout_tasks to 0",
    ],
    [
      { n_tasks: 14 },
      "Cannot plant tasks that all differ as n_tasks + n_heldout_tasks must be at most 21, the ways " +
      "to combine 1 to 2 of 6 skills: got 22; set fewer tasks, or more of teacher_n_skills or max_skills",
    ],
    [
      { n_tasks: 2 },
      "Cannot plant tasks that all differ as n_tasks + n_heldout_tasks must be at most 3, the ways to " +
      "combine 1 to 2 of 2 skills: got 10; train on more tasks, of which each brings a skill, or hold " +
      "fewer out",
    ],
    [
      { n_tasks: 7, max_skills: 1 },
      "Cannot plant tasks that all differ as n_tasks must be at most 6, the ways to combine 1 of 6 " +
      "skills: got 7; set fewer tasks, or more of teacher_n_skills or max_skills",
    ],
    [
      { n_tasks: 6, max_skills: 1, n_heldout_tasks: 16 },
      "Cannot plant tasks that all differ as n_heldout_tasks must be at most 15, the ways to combine " +
      "2 of 6 skills: got 16; set fewer tasks, or more of teacher_n_skills or max_skills",
    ],
  ];
  for (const [changes, message] of refused) {
    const name = "RangeError";
    assert.throws(() => plantedAllocation({ ...SIZES, ...changes }, stream()), { name, message });
  }
  const one = { ...SIZES, n_tasks: 1, n_heldout_tasks: 0 };
  assert.deepEqual(plantedAllocation(one, stream()), [[1]]);
});
