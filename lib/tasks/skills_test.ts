import assert from "node:assert/strict";
import fc from "fast-check";
import { skillsSuite } from "./skills.ts";
import { applySkills, STRING_SKILLS } from "./string_skills.ts";
import { type TaskSuite, trueAllocation } from "./task.ts";

const SMALL = { n_tasks: 16, n_heldout_tasks: 5, n_train: 9, n_validation: 3, n_test: 4, seed: 1 };

function allExamples(suite: TaskSuite) {
  return [...suite.training, ...suite.heldOut].map((task) => ({
    task,
    examples: [...task.train, ...task.validation, ...task.test],
  }));
}

Deno.test("skillsSuite() answers with the composition of each task's skills", () => {
  for (const { task, examples } of allExamples(skillsSuite(SMALL))) {
    for (const { input, targets } of examples) {
      const [name, word] = input.split(": ") as [string, string];
      assert.equal(name, task.name);
      assert.deepEqual(targets, [applySkills(task.skills!, word)]);
    }
  }
});

Deno.test("skillsSuite() holds out new compositions of skills that training tasks use", () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 2, max: 4 }), (seed, max_skills) => {
      const suite = skillsSuite({ ...SMALL, n_train: 1, max_skills, seed });
      const known = new Set(suite.training.flatMap(({ skills }) => skills!));
      assert.equal(known.size, STRING_SKILLS.length, "every skill stands in a training task");
      const combinations = [...suite.training, ...suite.heldOut].map(({ skills }) =>
        skills!.join()
      );
      assert.equal(new Set(combinations).size, combinations.length);
      for (const { skills } of suite.heldOut) {
        assert.ok(skills!.length >= 2 && skills!.every((skill) => known.has(skill)));
      }
    }),
    { numRuns: 50 },
  );
});

/** What a task makes of words, all of them answered by the composition of its skills. */
const computed = (skills: readonly number[]) =>
  ["abc", "upon", "irate", "jklmno", "ba", "zyxa", "aabbcc"].map((word) =>
    applySkills(skills, word)
  )
    .join();

Deno.test("skillsSuite() has no function twice, and no skill without effect in a task", () => {
  // Seed 6 drew reverse + sort to be held out, beside sort to be trained on.
  for (let seed = 0; seed < 30; seed++) {
    const { training, heldOut } = skillsSuite({ ...SMALL, n_tasks: 40, n_train: 1, seed });
    const tasks = [...training, ...heldOut].map(({ skills }) => skills!);
    assert.equal(new Set(tasks.map(computed)).size, 45, `seed ${seed}`);
    for (const skills of tasks) {
      const lacking = skills.map((skill) => skills.filter((other) => other !== skill));
      assert.ok(lacking.every((others) => computed(others) !== computed(skills)), `${skills}`);
    }
  }
});

Deno.test("skillsSuite() shares no input between the parts of a task", () => {
  for (const { examples } of allExamples(skillsSuite(SMALL))) {
    assert.equal(new Set(examples.map(({ input }) => input)).size, 9 + 3 + 4);
  }
});

Deno.test("skillsSuite() keeps its tasks when more are trained on, the held-out ones too", () => {
  const few = skillsSuite({ ...SMALL, n_tasks: 9 });
  const more = skillsSuite({ ...SMALL, n_tasks: 40 });
  assert.deepEqual(more.training.slice(0, 9), few.training);
  assert.deepEqual(more.heldOut, few.heldOut);
  assert.notDeepEqual(skillsSuite({ ...SMALL, seed: 2 }).training, few.training.slice(0, 9));
});

Deno.test("skillsSuite() can leave the task's name out of the input", () => {
  const suite = skillsSuite({ ...SMALL, name_in_input: false });
  assert.match(suite.training[0]!.train[0]!.input, /^[a-u]{3,6}$/);
});

Deno.test("skillsSuite() refuses counts out of range and more tasks than there are combinations", () => {
  const refused = (options: Partial<typeof SMALL & { max_skills: number }>, message: RegExp) =>
    assert.throws(() => skillsSuite({ ...SMALL, ...options }), { name: "RangeError", message });
  refused({ n_tasks: 0 }, /n_tasks must be an integer of at least 1: got 0/);
  refused({ n_train: 1.5 }, /n_train.*got 1.5/);
  refused({ max_skills: 15 }, /max_skills must be in \[1, 14\]: got 15/);
  refused(
    { n_tasks: 15, max_skills: 1 },
    /Cannot make 15 different tasks of at most 1 of 14 skills/,
  );
  // 14 skills alone and 91 pairs, of which two are one of their skills; the held-out ones are pairs.
  const all = { n_train: 1, n_validation: 0, n_test: 0, n_heldout_tasks: 0 };
  assert.equal(skillsSuite({ ...SMALL, ...all, n_tasks: 103 }).training.length, 103);
  refused({ ...all, n_tasks: 104 }, /Cannot make 104 different tasks of at most 2 of 14 skills/);
});

Deno.test("trueAllocation() has a row per task and a one per skill", () => {
  const suite = skillsSuite(SMALL);
  const allocation = trueAllocation(suite)!;
  assert.equal(allocation.length, 21);
  assert.deepEqual(
    allocation[20]!.flatMap((value, skill) => value === 1 ? [skill] : []),
    suite.heldOut[4]!.skills,
  );
  assert.equal(trueAllocation({ name: "x", training: [], heldOut: [] }), null);
});
