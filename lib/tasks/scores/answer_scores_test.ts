import assert from "node:assert/strict";
import { scoreOfAnswers } from "./answer_scores.ts";

const answers = (...pairs: readonly (readonly [string, ...string[]])[]) =>
  pairs.map(([answer, ...references]) => ({ answer, references }));

Deno.test("scoreOfAnswers() takes the reference that an answer equals for the truth", () => {
  const given = answers([" b\n", "a", "b"], ["a", "a"], ["c", "b", "a"]);
  // Truths b, a, b: F1 of a 1, of b 2/3, of c 0.
  assert.ok(Math.abs(scoreOfAnswers("macro_f1", given) - 5 / 9) < 1e-12);
  assert.equal(scoreOfAnswers("matthews", given.slice(0, 2)), 1);
  const words = scoreOfAnswers("token_f1", answers(["b", "x", "b y"], ["the", "an"], ["z", "y"]));
  assert.ok(Math.abs(words - 5 / 9) < 1e-12);
});

Deno.test("scoreOfAnswers() has no correlation where there is none to be had", () => {
  assert.ok(Math.abs(scoreOfAnswers("pearson", answers(["1", "4"], ["2 ", "2"])) + 1) < 1e-12);
  for (const [first, second] of [["1", "1"], ["1", "two"], ["", ""]] as const) {
    assert.equal(scoreOfAnswers("pearson", answers([first, "3"], [second, "4"])), 0);
  }
});
