import assert from "node:assert/strict";
import { exactMatch } from "./exact_match.ts";

Deno.test("exactMatch() sees case, punctuation and inner white space, and no outer white space", () => {
  const right: [string, string][] = [["abc", "abc"], ["\tabc \n", "abc"], ["abc", " abc"], [
    "",
    " ",
  ]];
  for (const [prediction, reference] of right) assert.equal(exactMatch(prediction, [reference]), 1);
  const wrong: [string, string][] = [["Abc", "abc"], ["abc.", "abc"], ["a  b", "a b"], ["", "abc"]];
  for (const [prediction, reference] of wrong) assert.equal(exactMatch(prediction, [reference]), 0);
});

Deno.test("exactMatch() takes any reference, and refuses none", () => {
  assert.equal(exactMatch("two", ["one", "two"]), 1);
  assert.throws(() => exactMatch("two", []), {
    name: "RangeError",
    message: 'Cannot score "two" as it has no reference: give at least one',
  });
});
