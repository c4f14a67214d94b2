import assert from "node:assert/strict";
import type { Example } from "./task.ts";
import { trivialScores } from "./trivial_answers.ts";

const of = (input: string, ...targets: string[]): Example => ({ input, targets });

Deno.test("trivialScores() gives all the answer that is nearest to those of the other shots", () => {
  const shots = [of("q", "a b"), of("q", "b c d"), of("q", "b d"), of("q", "e")];
  const { constant, copied, trivial } = trivialScores(shots, [of("x", "b d"), of("y", "z", "b c")]);
  // "b d" is in "b c d" and half of "a b": 1 for itself, and 2 · (1/2) (1/2) / 1 of "b c".
  assert.deepEqual(constant, { exact_match: 0.5, rouge_l: 0.75 });
  assert.deepEqual(copied, { exact_match: 0, rouge_l: 0 });
  assert.deepEqual(trivial, constant);
});

Deno.test("trivialScores() copies what is asked, where the shots are for it, and cuts as a model would", () => {
  const shots = [of("one two", "one two"), of("three four", "three")];
  const test = [of("Copy: five six", "five six")];
  const whole = trivialScores(shots, test);
  assert.equal(whole.copied.rouge_l, 0.8);
  assert.deepEqual(whole.trivial, whole.copied);
  const asked = trivialScores(shots, [{ ...test[0]!, instance: [6, 14] }]);
  assert.deepEqual(asked.copied, { exact_match: 1, rouge_l: 1 });
  const cut = trivialScores(
    shots,
    [{ ...test[0]!, instance: [6, 14] }],
    (text) => text.slice(0, 4),
  );
  assert.equal(cut.copied.rouge_l, 2 / 3);
});

Deno.test("trivialScores() chooses on the shots alone, where an answer does not count for itself", () => {
  // Every answer is its own best; none is like another, so the question is the better one.
  const shots = [of("a b", "a x"), of("c d", "c y"), of("e f", "e z")];
  assert.equal(trivialScores(shots, [of("g h", "nothing")]).trivial.rouge_l, 0);
  assert.deepEqual(trivialScores(shots, [of("g h", "g h")]).trivial, {
    exact_match: 1,
    rouge_l: 1,
  });
  // One shot has no others: its question is taken where it is of any use, else its answer.
  const one = [of("q", "yes")];
  assert.equal(trivialScores(one, [of("r", "yes")]).trivial.exact_match, 1);
});
