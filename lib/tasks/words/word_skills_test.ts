import assert from "node:assert/strict";
import { READINGS, WORD_SKILLS } from "./word_skills.ts";

Deno.test("WORD_SKILLS are told apart by their first three letters", () => {
  assert.equal(new Set(WORD_SKILLS.map((name) => name.slice(0, 3))).size, WORD_SKILLS.length);
  assert.equal(WORD_SKILLS.length, 6 + READINGS.length);
});

Deno.test("READINGS read sounds without their stress, and rhymes from the last primary stress on", () => {
  const read = (name: string, sounds: string) =>
    READINGS.find((reading) => reading.name === name)!.read(sounds.split(" "));
  assert.equal(read("rhyme", "AW1 T L AY2 N"), "WtlYn");
  assert.equal(read("rhyme", "DH AH0"), "A", "none is stressed");
  assert.equal(read("stress", "AW1 T L AY2 N"), "12");
  assert.equal(read("syllables", "M AA1 R"), "1");
  assert.equal(read("pronunciation", "CH ER1 CH"), "CRC");
  assert.equal(read("first_sound", "HH W EY1"), "h");
});
