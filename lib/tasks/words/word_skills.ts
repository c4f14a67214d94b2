import type { Lexicon } from "./lexicon.ts";
import { type Inflection, INFLECTIONS } from "./packages.ts";

/** What is asked of a word, or of its inflected form. */
export interface Reading {
  readonly name: string;
  /** What it is read from: the letters, or the sounds of one pronunciation in ARPAbet with stress. */
  readonly from: "letters" | "sounds";
  readonly read: (symbols: readonly string[]) => string;
}

const VOWELS = "aeiou";

/**
 * The skills that read a word, by its sound or by its spelling.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const rhyme = READINGS.find(({ name }) => name === "rhyme")!;
 * assert.equal(rhyme.read(["W", "EH1", "N", "T"]), "Ent");
 * ```
 */
export const READINGS: readonly Reading[] = [
  { name: "pronunciation", from: "sounds", read: plain },
  { name: "syllables", from: "sounds", read: (sounds) => `${sounds.filter(isVowel).length}` },
  {
    name: "stress",
    from: "sounds",
    read: (sounds) => sounds.filter(isVowel).map((sound) => sound.at(-1)).join(""),
  },
  { name: "rhyme", from: "sounds", read: (sounds) => plain(sounds.slice(rhymeStart(sounds))) },
  { name: "first_sound", from: "sounds", read: (sounds) => plain(sounds.slice(0, 1)) },
  { name: "ending", from: "letters", read: (letters) => letters.slice(-3).join("") },
  {
    name: "vowel_count",
    from: "letters",
    read: (letters) => `${letters.filter(isVowelLetter).length}`,
  },
  {
    name: "without_vowels",
    from: "letters",
    read: (letters) => letters.filter((letter) => !isVowelLetter(letter)).join(""),
  },
  { name: "sorted", from: "letters", read: (letters) => letters.toSorted().join("") },
  { name: "capitals", from: "letters", read: (letters) => letters.join("").toUpperCase() },
  { name: "backwards", from: "letters", read: (letters) => letters.toReversed().join("") },
];

/** The names of all skills: inflections, then readings. A task's skills are indices of this list. */
export const WORD_SKILLS: readonly string[] = [
  ...INFLECTIONS,
  ...READINGS.map(({ name }) => name),
];

/** What a task asks of a word: an inflected form, a reading, or the reading of an inflected form. */
export interface Question {
  readonly inflection: Inflection | null;
  /** Index of the reading in {@linkcode READINGS}. */
  readonly reading: number | null;
}

/** The indices of a question's skills in {@linkcode WORD_SKILLS}. */
export function skillsOf({ inflection, reading }: Question): number[] {
  return [
    ...(inflection === null ? [] : [INFLECTIONS.indexOf(inflection)]),
    ...(reading === null ? [] : [INFLECTIONS.length + reading]),
  ];
}

/** Every question there is: all single skills, then all compositions. */
export const QUESTIONS: readonly Question[] = [
  ...INFLECTIONS.map((inflection) => ({ inflection, reading: null })),
  ...READINGS.map((_, reading) => ({ inflection: null, reading })),
  ...INFLECTIONS.flatMap((inflection) => READINGS.map((_, reading) => ({ inflection, reading }))),
];

/** The words that a question is asked of, the most frequent first. */
export function wordsFor({ inflection }: Question, { words, forms }: Lexicon): readonly string[] {
  return inflection === null ? words : [...forms[inflection].keys()];
}

/**
 * All right answers to a question about a word, one for each pronunciation where it asks for sounds.
 *
 * @returns none for a word whose sounds are not known
 */
export function answers(
  { inflection, reading }: Question,
  word: string,
  lexicon: Lexicon,
): string[] {
  const form = inflection === null ? word : lexicon.inflect(inflection, word);
  if (reading === null) return [form];
  const { from, read } = READINGS[reading]!;
  const spoken = from === "letters" ? [[...form]] : lexicon.sounds(form);
  return [...new Set(spoken.map(read))];
}

/**
 * The one-letter symbols of ARPAbet, which the dictionary writes with up to two: answers become a third as
 * long for a tokenizer of bytes.
 */
const ONE_LETTER: Readonly<Record<string, string>> = {
  ...{ AA: "a", AE: "@", AH: "A", AO: "c", AW: "W", AY: "Y", EH: "E", ER: "R", EY: "e", IH: "I" },
  ...{ IY: "i", OW: "o", OY: "O", UH: "U", UW: "u", B: "b", CH: "C", D: "d", DH: "D", F: "f" },
  ...{ G: "g", HH: "h", JH: "J", K: "k", L: "l", M: "m", N: "n", NG: "G", P: "p", R: "r", S: "s" },
  ...{ SH: "S", T: "t", TH: "T", V: "v", W: "w", Y: "y", Z: "z", ZH: "Z" },
};

/** Sounds by their one-letter symbols, without stress. */
function plain(sounds: readonly string[]): string {
  return sounds.map((sound) => ONE_LETTER[sound.replace(/\d$/, "")]!).join("");
}

/** Of all ARPAbet symbols vowels alone carry stress: 0 none, 1 primary, 2 secondary. */
function isVowel(sound: string): boolean {
  return /\d$/.test(sound);
}

/** Where the rhyming part begins: at the last vowel of primary stress, or else at the last vowel. */
function rhymeStart(sounds: readonly string[]): number {
  const stressed = sounds.findLastIndex((sound) => sound.endsWith("1"));
  return stressed >= 0 ? stressed : sounds.findLastIndex(isVowel);
}

function isVowelLetter(letter: string): boolean {
  return VOWELS.includes(letter);
}
