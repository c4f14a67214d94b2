import type { RandomStream } from "../util/random.ts";
import { applySkills, STRING_SKILLS } from "./string_skills.ts";
import type { Example } from "./task.ts";

/** Data to pretrain a base model on. */
export interface PretrainingMix {
  /** Share of examples that restore a masked span of random words; in [0, 1]. */
  readonly denoising: number;
  /** Share of the remaining examples that name two skills rather than one; in [0, 1]. */
  readonly pairs: number;
}

const LETTERS = "abcdefghijklmnoprstu";
const MASK = "_";

/**
 * Examples without end for pretraining a small base model: restoring a masked span, and string skills
 * that the prompt names by their first three letters, such as `rev upp: abc` → `CBA`.
 *
 * The tasks of {@linkcode "./skills.ts"} never name their skills, so a base model pretrained on this
 * mix can do each skill but does not know what a task asks for: that is left for an adapter to learn.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { randomStream } from "../util/random.ts";
 *
 * const next = pretrainingExamples({ denoising: 0, pairs: 0 }, randomStream(0, "pretraining"));
 * assert.match(next().input, /^[a-z]{3}: [a-u]{3,6}$/);
 * ```
 */
export function pretrainingExamples(mix: PretrainingMix, random: RandomStream): () => Example {
  const word = (shortest: number, longest: number) =>
    Array.from(
      { length: shortest + random.integer(longest - shortest + 1) },
      () => LETTERS[random.integer(LETTERS.length)],
    ).join("");
  const denoising = (): Example => {
    const text = Array.from({ length: 2 + random.integer(2) }, () => word(2, 5)).join(" ");
    const start = random.integer(text.length - 2);
    const end = Math.min(text.length, start + 1 + random.integer(4));
    return {
      input: text.slice(0, start) + MASK + text.slice(end),
      targets: [text.slice(start, end)],
    };
  };
  const named = (): Example => {
    const size = random.uniform() < mix.pairs ? 2 : 1;
    const skills = random.shuffle(STRING_SKILLS.map((_, i) => i)).slice(0, size).sort((a, b) =>
      a - b
    );
    const names = skills.map((skill) => STRING_SKILLS[skill]!.name.slice(0, 3)).join(" ");
    const text = word(3, 6);
    return { input: `${names}: ${text}`, targets: [applySkills(skills, text)] };
  };
  return () => random.uniform() < mix.denoising ? denoising() : named();
}
