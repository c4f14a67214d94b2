import assert from "node:assert/strict";
import { applySkills, STRING_SKILLS } from "./string_skills.ts";

const EXPECTED: Record<string, [string, string]> = {
  reverse: ["bcade", "edacb"],
  sort: ["bcade", "abcde"],
  swap_halves: ["bcade", "debca"],
  rotate: ["bcade", "cadeb"],
  duplicate: ["bca", "bcabca"],
  first_two: ["bcade", "bc"],
  drop_vowels: ["abecido", "bcd"],
  double_letters: ["bca", "bbccaa"],
  next_letter: ["abz", "bca"],
  upper_case: ["bca", "BCA"],
  count: ["bcade", "bcade5"],
  brackets: ["bca", "(bca)"],
  dashes: ["bca", "b-c-a"],
  plural: ["bca", "bcas"],
};

Deno.test("STRING_SKILLS does to a word what each name says", () => {
  assert.ok(STRING_SKILLS.length >= 12);
  assert.deepEqual(STRING_SKILLS.map(({ name }) => name), Object.keys(EXPECTED));
  for (const { name, apply } of STRING_SKILLS) {
    const [text, expected] = EXPECTED[name]!;
    assert.equal(apply(text), expected, name);
  }
});

Deno.test("applySkills() composes in the inventory's order, whatever the order given", () => {
  const [reverse, upper, count] = ["reverse", "upper_case", "count"].map((name) =>
    STRING_SKILLS.findIndex((skill) => skill.name === name)
  ) as [number, number, number];
  assert.equal(applySkills([count, upper, reverse], "abc"), "CBA3");
  assert.equal(applySkills([reverse, upper, count], "abc"), "CBA3");
  assert.equal(applySkills([], "abc"), "abc");
  assert.throws(() => applySkills([99], "abc"), { name: "RangeError", message: /skill 99/ });
});
