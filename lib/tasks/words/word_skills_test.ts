import assert from "node:assert/strict";
import { lexicon } from "./lexicon.ts";
import { answers, QUESTIONS, READINGS, skillsOf, WORD_SKILLS, wordsFor } from "./word_skills.ts";

/** The question of skills by their names. */
function question(...names: string[]) {
  const skills = names.map((name) => WORD_SKILLS.indexOf(name)).join();
  return QUESTIONS.find((question) => skillsOf(question).join() === skills)!;
}

Deno.test("answers() gives the sound, the spelling and the forms of known words", async () => {
  const words = await lexicon();
  const answer = (word: string, ...names: string[]) => answers(question(...names), word, words);
  assert.deepEqual(answer("mouse", "plural"), ["mice"]);
  assert.deepEqual(answer("mice", "pronunciation"), ["mYs"]);
  assert.deepEqual(answer("children", "pronunciation"), ["CIldrAn"]);
  assert.deepEqual(answer("banana", "syllables"), ["3"]);
  assert.deepEqual(answer("banana", "stress"), ["010"]);
  assert.deepEqual(answer("station", "rhyme"), ["eSAn"]);
  assert.deepEqual(answer("knee", "first_sound"), ["n"]);
  assert.deepEqual(answer("house", "ending"), ["use"]);
  assert.deepEqual(answer("house", "vowel_count"), ["3"]);
  assert.deepEqual(answer("house", "without_vowels"), ["hs"]);
  assert.deepEqual(answer("house", "sorted"), ["ehosu"]);
  assert.deepEqual(answer("house", "capitals"), ["HOUSE"]);
  assert.deepEqual(answer("house", "backwards"), ["esuoh"]);
  assert.deepEqual(answer("go", "past", "rhyme"), ["Ent"]);
  assert.deepEqual(answer("good", "comparative", "pronunciation"), ["bEtR"]);
  assert.deepEqual(answer("child", "plural", "backwards"), ["nerdlihc"]);
});

Deno.test("answers() takes each pronunciation of a word as right, once", async () => {
  const words = await lexicon();
  assert.deepEqual(answers(question("first_sound"), "read", words), ["r"]);
  assert.deepEqual(answers(question("pronunciation"), "read", words).toSorted(), ["rEd", "rid"]);
});

Deno.test("answers() has one for every word that a question is asked of", async () => {
  const words = await lexicon();
  for (const question of QUESTIONS) {
    const asked = wordsFor(question, words);
    for (let i = 0; i < asked.length; i += 37) {
      const found = answers(question, asked[i]!, words);
      assert.ok(found.length > 0 && found.every((text) => text !== "" && !/undefined/.test(text)));
    }
  }
});

Deno.test("WORD_SKILLS are told apart by their first three letters", () => {
  assert.equal(new Set(WORD_SKILLS.map((name) => name.slice(0, 3))).size, WORD_SKILLS.length);
  assert.equal(WORD_SKILLS.length, 6 + READINGS.length);
});
