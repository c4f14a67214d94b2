/** Answers that need no model: what a score of answers is to be compared with. */
import { mean } from "../util/vectors.ts";
import { exactMatch } from "./scores/exact_match.ts";
import { rougeL } from "./scores/rouge_l.ts";
import type { Example } from "./task.ts";

/** Scores of answers, means over examples in [0, 1]. */
export interface AnswerScores {
  readonly exact_match: number;
  readonly rouge_l: number;
}

/** Scores of one task without a model. */
export interface TrivialScores {
  /** Of the answer of the few examples that is nearest to the others by Rouge-L, given to all. */
  readonly constant: AnswerScores;
  /** Of answering with what is asked. */
  readonly copied: AnswerScores;
  /** Of that one of both which has the higher Rouge-L on the few examples. */
  readonly trivial: AnswerScores;
}

/** Few examples that are looked at, as all of them are compared with one another. */
const LOOKED_AT = 64;

/**
 * Scores the test examples of a task by what needs no model. The answer and which of both is taken are
 * chosen on the few examples alone; there an answer is compared with those of the other examples, never
 * its own.
 *
 * @param shots the few examples that a model would be adapted with, at least one; the first 64 count
 * @param test examples to score, at least one
 * @param cut shortens an answer to the length that a model may generate
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const of = (input: string, target: string) => ({ input, targets: [target] });
 * const shots = [of("is it 1", "yes"), of("is it 2", "no"), of("is it 3", "yes")];
 * const { constant, copied, trivial } = trivialScores(shots, [of("is it 4", "yes"), of("5", "no")]);
 * assert.deepEqual([constant.exact_match, copied.rouge_l], [0.5, 0]);
 * assert.deepEqual(trivial, constant);
 * ```
 */
export function trivialScores(
  shots: readonly Example[],
  test: readonly Example[],
  cut: (answer: string) => string = (answer) => answer,
): TrivialScores {
  const few = shots.slice(0, LOOKED_AT);
  const copy = ({ input, instance = [0, input.length] }: Example) => cut(input.slice(...instance));
  const nearness = few.map(({ targets: [answer] }, i) =>
    meanOrZero(few.filter((_, k) => k !== i).map(({ targets }) => rougeL(cut(answer!), targets)))
  );
  const ofConstant = Math.max(...nearness);
  const answer = cut(few[nearness.indexOf(ofConstant)]!.targets[0]!);
  const ofCopy = meanOrZero(few.map((example) => rougeL(copy(example), example.targets)));
  const [constant, copied] = [scored(test, () => answer), scored(test, copy)];
  return { constant, copied, trivial: ofCopy > ofConstant ? copied : constant };
}

function scored(examples: readonly Example[], answer: (example: Example) => string): AnswerScores {
  const scoreOf = (score: (answer: string, targets: readonly string[]) => number) =>
    mean(examples.map((example) => score(answer(example), example.targets)));
  return {
    exact_match: scoreOf((answer, targets) => Number(exactMatch(answer, targets))),
    rouge_l: scoreOf(rougeL),
  };
}

function meanOrZero(values: readonly number[]): number {
  return values.length === 0 ? 0 : mean(values);
}
