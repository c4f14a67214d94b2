import assert from "node:assert/strict";
import { withChoices } from "./answer_choices.ts";
import { suiteFromTasks } from "./collection.ts";
import type { Example } from "./task.ts";

const answered = (answers: readonly string[], count: number): Example[] =>
  Array.from({ length: count }, (_, i) => ({
    input: `question ${i}`,
    targets: [answers[i % answers.length]!],
  }));

Deno.test("withChoices() takes the answers of a task for choices when they are few and come again", () => {
  for (const { choices } of withChoices(answered(["b", "c", "a"], 15))) {
    assert.deepEqual(choices, ["a", "b", "c"]);
  }
  const names = Array.from({ length: 21 }, (_, i) => `${i}`);
  const open = [
    answered(["b", "c", "a"], 14), // too few examples for three answers
    answered(["a"], 50), // nothing to choose
    answered(names, 500), // too many answers
    [],
  ];
  for (const examples of open) assert.deepEqual(withChoices(examples), examples);
  assert.equal(withChoices(answered(names.slice(1), 100))[0]!.choices!.length, 20);
});

Deno.test("withChoices() takes the options that an input lists, and leaves given choices", () => {
  const input = "Which is red?\nOptions:\n(A) grass\n(B) blood (A)\n(C) snow";
  const [listed, given] = withChoices([
    { input, targets: ["(B)"] },
    { input, targets: ["(B)"], choices: ["(B)", "(D)"] },
  ]);
  assert.deepEqual(listed!.choices, ["(A)", "(B)", "(C)"]);
  assert.deepEqual(given!.choices, ["(B)", "(D)"]);
  // All examples of a task have choices, or none.
  const mixed = [{ input, targets: ["(B)"] }, { input: "Is it?", targets: ["yes"] }];
  assert.deepEqual(withChoices(mixed), mixed);
  assert.deepEqual(withChoices([{ input, targets: ["blood"] }]), [{ input, targets: ["blood"] }]);
});

Deno.test("a suite keeps the choices of its examples in every part", () => {
  const size = { n_tasks: 1, n_heldout_tasks: 1, n_train: 4, n_validation: 2, n_test: 3 };
  const tasks = ["x", "y"].map((name) => ({ name, examples: answered(["no", "yes"], 12) }));
  const { training, heldOut } = suiteFromTasks("s", tasks, size, 0);
  for (const { train, validation, test } of [...training, ...heldOut]) {
    const parts = [...train, ...validation, ...test];
    assert.equal(parts.length, 9);
    for (const { choices } of parts) assert.deepEqual(choices, ["no", "yes"]);
  }
});
