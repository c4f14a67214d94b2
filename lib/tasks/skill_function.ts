/** What a composition of string skills computes, so that two names for one function are found. */
import { type RandomStream, randomStream } from "../util/random.ts";
import { applySkills } from "./string_skills.ts";

const LETTERS = "abcdefghijklmnoprstu";
const SHORTEST = 3;
const LONGEST = 6;

/** A word as the tasks have them: 3 to 6 letters, each length and each letter as likely as any other. */
export function drawWord(random: RandomStream): string {
  const length = SHORTEST + random.integer(LONGEST - SHORTEST + 1);
  return Array.from({ length }, () => LETTERS[random.integer(LETTERS.length)]).join("");
}

/** Words on which functions are compared; functions that differ agree by chance on few of them. */
const PROBES = (() => {
  const random = randomStream(0, "probes");
  return Array.from({ length: 64 }, () => drawWord(random));
})();

const known = new Map<string, string>();

/**
 * What a composition makes of 64 fixed words: compositions of the same text are the same function.
 *
 * @param skills indices of string skills
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const [reverse, sort, swapHalves] = [0, 1, 2];
 * assert.equal(functionOf([reverse, sort]), functionOf([sort]));
 * assert.notEqual(functionOf([sort, swapHalves]), functionOf([sort]));
 * ```
 */
export function functionOf(skills: readonly number[]): string {
  const key = skills.join();
  const found = known.get(key) ?? PROBES.map((word) => applySkills(skills, word)).join(" ");
  known.set(key, found);
  return found;
}

/** Whether a composition is the same function without one of its skills, as reversing before sorting. */
export function isRedundant(skills: readonly number[]): boolean {
  return skills.some((_, i) => functionOf(skills.toSpliced(i, 1)) === functionOf(skills));
}
