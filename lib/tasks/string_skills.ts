/** A transformation of a string; tasks are compositions of these. */
export interface StringSkill {
  readonly name: string;
  readonly apply: (text: string) => string;
}

const VOWELS = "aeiou";

/** The next letter of the alphabet, `z` becoming `a`. */
function nextLetter(letter: string): string {
  const code = letter.charCodeAt(0);
  if (code >= 97 && code <= 122) return String.fromCharCode((code - 97 + 1) % 26 + 97);
  return letter;
}

/**
 * The inventory, in the order in which a composition applies its skills: first those that move
 * letters, then those that choose or change letters, last those that add to the ends.
 */
export const STRING_SKILLS: readonly StringSkill[] = [
  { name: "reverse", apply: (text) => [...text].reverse().join("") },
  { name: "sort", apply: (text) => [...text].sort().join("") },
  {
    name: "swap_halves",
    apply: (text) => {
      const middle = Math.ceil(text.length / 2);
      return text.slice(middle) + text.slice(0, middle);
    },
  },
  { name: "rotate", apply: (text) => text.slice(1) + text.slice(0, 1) },
  { name: "duplicate", apply: (text) => text + text },
  { name: "first_two", apply: (text) => text.slice(0, 2) },
  {
    name: "drop_vowels",
    apply: (text) => [...text].filter((letter) => !VOWELS.includes(letter)).join(""),
  },
  { name: "double_letters", apply: (text) => [...text].map((letter) => letter + letter).join("") },
  { name: "next_letter", apply: (text) => [...text].map(nextLetter).join("") },
  { name: "upper_case", apply: (text) => text.toUpperCase() },
  { name: "count", apply: (text) => text + text.length },
  { name: "brackets", apply: (text) => `(${text})` },
  { name: "dashes", apply: (text) => [...text].join("-") },
  { name: "plural", apply: (text) => text + "s" },
];

/**
 * Applies the skills with these indices, always in the inventory's order.
 *
 * @throws {RangeError} when there is no skill of an index
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const index = (name: string) => STRING_SKILLS.findIndex((skill) => skill.name === name);
 * assert.equal(applySkills([index("upper_case"), index("reverse")], "abc"), "CBA");
 * ```
 */
export function applySkills(skills: readonly number[], text: string): string {
  return [...skills].sort((a, b) => a - b).reduce((result, index) => {
    const skill = STRING_SKILLS[index];
    if (skill === undefined) {
      throw new RangeError(
        `Cannot apply skill ${index} as there are ${STRING_SKILLS.length}, counted from 0`,
      );
    }
    return skill.apply(result);
  }, text);
}
