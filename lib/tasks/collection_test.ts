import assert from "node:assert/strict";
import { type SourceTask, suiteFromTasks } from "./collection.ts";

const TASKS: SourceTask[] = Array.from({ length: 9 }, (_, t) => ({
  name: `task${t}`,
  category: t < 3 ? "a" : "b",
  examples: Array.from({ length: 12 }, (_, i) => ({ input: `q${i}`, targets: [`${t}-${i}`] })),
}));
const SIZE = { n_tasks: 4, n_heldout_tasks: 3, n_train: 5, n_validation: 2, n_test: 3 };
const names = (tasks: readonly { name: string }[]) => tasks.map(({ name }) => name);

Deno.test("suiteFromTasks() takes disjoint tasks, whatever the order of files", () => {
  const suite = suiteFromTasks("s", TASKS, SIZE, 3);
  const all = [...names(suite.training), ...names(suite.heldOut)];
  assert.equal(new Set(all).size, 7);
  assert.deepEqual(suiteFromTasks("s", [...TASKS].reverse(), SIZE, 3), suite);
  const other = suiteFromTasks("s", TASKS, SIZE, 4);
  assert.notDeepEqual([...names(other.training), ...names(other.heldOut)], all);
});

Deno.test("suiteFromTasks() holds out the same tasks when n_tasks is swept", () => {
  const few = suiteFromTasks("s", TASKS, { ...SIZE, n_tasks: 2 }, 3);
  const more = suiteFromTasks("s", TASKS, { ...SIZE, n_tasks: 6 }, 3);
  assert.deepEqual(more.heldOut, few.heldOut);
  assert.deepEqual(more.training.slice(0, 2), few.training);
});

Deno.test("suiteFromTasks() keeps to lists of tasks where they are given", () => {
  const heldOut = new Set(["task0", "task1", "task2"]);
  const training = new Set(["task5", "task6", "task7", "task8"]);
  const suite = suiteFromTasks("s", TASKS, SIZE, 0, { training, heldOut });
  assert.deepEqual(new Set(names(suite.heldOut)), heldOut);
  assert.deepEqual(new Set(names(suite.training)), training);
  assert.equal(suite.heldOut[0]!.category, "a");
});

Deno.test("suiteFromTasks() refuses too few tasks and a name that stands twice", () => {
  assert.throws(() => suiteFromTasks("s", TASKS, { ...SIZE, n_tasks: 7 }, 0), {
    name: "RangeError",
    message: /7 tasks to train on were asked for and there are 6, of 9 tasks/,
  });
  assert.throws(() => suiteFromTasks("s", TASKS, { ...SIZE, n_heldout_tasks: 10 }, 0), {
    name: "RangeError",
    message: /tasks to hold out|tasks to train on/,
  });
  assert.throws(() => suiteFromTasks("s", [...TASKS, TASKS[4]!], SIZE, 0), {
    message: /"task4" stands in it twice/,
  });
});
