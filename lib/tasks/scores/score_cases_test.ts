import assert from "node:assert/strict";
import CASES from "../../testing/cases/score_cases.json" with { type: "json" };
import { macroF1, matthews } from "./classification.ts";
import { numberIn, pearson } from "./pearson.ts";
import { tokenF1 } from "./token_f1.ts";

function near(found: number, expected: number | null, what: string): void {
  const isSame = expected === null ? Number.isNaN(found) : Math.abs(found - expected) < 1e-12;
  assert.ok(isSame, `${what}: ${found}, not ${expected}`);
}

Deno.test("tokenF1() equals the script of SQuAD, also for texts without words", () => {
  for (const { answer, truth, f1 } of CASES.texts) {
    near(tokenF1(answer, [truth]), f1, JSON.stringify([answer, truth]));
  }
  assert.equal(tokenF1("one", ["two", "one three", "three one"]), 2 / 3);
  assert.throws(() => tokenF1("one", []), /no reference/);
});

Deno.test("macroF1() and matthews() equal scikit-learn, also for constant answers", () => {
  for (const { answers, truths, macro_f1, matthews: expected } of CASES.labels) {
    near(macroF1(answers, truths), macro_f1, JSON.stringify([answers, truths]));
    near(matthews(answers, truths), expected, JSON.stringify([answers, truths]));
  }
  for (const score of [macroF1, matthews]) {
    assert.throws(() => score([], []), /got 0 answers and 0 truths/);
    assert.throws(() => score(["x"], ["x", "y"]), /got 1 answers and 2 truths/);
  }
});

Deno.test("pearson() equals scipy, and is NaN where nothing correlates", () => {
  for (const { a, b, pearson: expected } of CASES.numbers) near(pearson(a, b), expected, `${a}`);
  for (const few of [[], [1]]) assert.ok(Number.isNaN(pearson(few, few)));
  assert.ok(Number.isNaN(pearson([1, NaN, 3], [1, 2, 3])));
  assert.throws(() => pearson([1], [1, 2]), /got 1 and 2/);
});

Deno.test("numberIn() reads a number and nothing else", () => {
  const read = ["3", "+3", "-.5", " 2. ", "1e3", "", "3 4", "0x10", "three", "1e", "."].map(
    numberIn,
  );
  assert.deepEqual(read, [3, 3, -0.5, 2, 1000, NaN, NaN, NaN, NaN, NaN, NaN]);
});
