import type { RandomStream } from "../../util/random.ts";
import type { PretrainingMix } from "../pretraining.ts";
import type { Example } from "../task.ts";
import type { Lexicon } from "./lexicon.ts";
import { questionsOf } from "./questions.ts";
import {
  answers,
  type Question,
  READINGS,
  skillsOf,
  WORD_SKILLS,
  wordsFor,
} from "./word_skills.ts";

const MASK = "_";

/**
 * Examples without end for pretraining a small base model on English words: restoring a masked span, and
 * questions that name their skills by three letters, such as `pas rhy: go` → `Ent`.
 *
 * Only training words are asked for, and only known questions: every single skill and the compositions that
 * are not reserved. Tasks of the suite never name their skills, so that is left for an adapter to learn.
 */
export function wordsPretraining(
  mix: PretrainingMix,
  random: RandomStream,
  lexicon: Lexicon,
): () => Example {
  const isTraining = (word: string) => lexicon.partOf(word) === "training";
  const words = lexicon.words.filter(isTraining);
  const { known } = questionsOf(lexicon);
  const asked = new Map(
    known.map((question) => [question, wordsFor(question, lexicon).filter(isTraining)]),
  );
  const pairs = known.filter((question) => skillsOf(question).length === 2);
  const singles = known.filter((question) => !pairs.includes(question));
  const [ofSounds, others] = [true, false].map((isOfSounds) =>
    singles.filter(({ reading }) =>
      (reading !== null && READINGS[reading]!.from === "sounds") === isOfSounds
    )
  ) as [Question[], Question[]];
  const choose = <T>(values: readonly T[]): T => values[random.integer(values.length)]!;
  const denoising = (): Example => {
    const text = `${choose(words)} ${choose(words)}`;
    const start = random.integer(text.length - 2);
    const end = Math.min(text.length, start + 1 + random.integer(4));
    return {
      input: text.slice(0, start) + MASK + text.slice(end),
      targets: [text.slice(start, end)],
    };
  };
  const named = (): Example => {
    // Sounds are the hardest to learn, so that every second single skill is one of sounds.
    const question = choose(
      random.uniform() < mix.pairs ? pairs : random.uniform() < 0.5 ? ofSounds : others,
    );
    const word = choose(asked.get(question)!);
    const targets = answers(question, word, lexicon);
    return { input: `${nameOf(question)}: ${word}`, targets };
  };
  return () => random.uniform() < mix.denoising ? denoising() : named();
}

/**
 * How pretraining names a question: the first three letters of each skill.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(nameOf({ inflection: "past", reading: null }), "pas");
 * ```
 */
export function nameOf(question: Question): string {
  return skillsOf(question).map((skill) => WORD_SKILLS[skill]!.slice(0, 3)).join(" ");
}
