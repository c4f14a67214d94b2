import assert from "node:assert/strict";
import { randomStream } from "../util/random.ts";
import { pretrainingExamples } from "./pretraining.ts";
import { applySkills, STRING_SKILLS } from "./string_skills.ts";

Deno.test("STRING_SKILLS are told apart by their first three letters", () => {
  assert.equal(
    new Set(STRING_SKILLS.map(({ name }) => name.slice(0, 3))).size,
    STRING_SKILLS.length,
  );
});

Deno.test("pretrainingExamples() asks for the skills it names, one or two", () => {
  const next = pretrainingExamples({ denoising: 0, pairs: 0.5 }, randomStream(1, "x"));
  const sizes = [0, 0, 0];
  for (let i = 0; i < 300; i++) {
    const { input, targets } = next();
    const [names, text] = input.split(": ") as [string, string];
    const skills = names.split(" ").map((code) =>
      STRING_SKILLS.findIndex(({ name }) => name.startsWith(code))
    );
    assert.deepEqual(targets, [applySkills(skills, text)]);
    sizes[skills.length]!++;
  }
  assert.ok(sizes[1]! > 100 && sizes[2]! > 100, `sizes ${sizes}`);
});

Deno.test("pretrainingExamples() masks a span that the target restores", () => {
  const next = pretrainingExamples({ denoising: 1, pairs: 0 }, randomStream(2, "x"));
  for (let i = 0; i < 100; i++) {
    const { input, targets } = next();
    assert.match(input.replace("_", targets[0]!), /^[a-u]{2,5}( [a-u]{2,5}){1,2}$/);
    assert.ok(targets[0]!.length >= 1 && targets[0]!.length <= 4);
  }
});
