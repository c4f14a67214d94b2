/** Scores of a task's answers that are not computed unless they are asked for. */
import { macroF1, matthews } from "./classification.ts";
import { numberIn, pearson } from "./pearson.ts";
import { tokenF1 } from "./token_f1.ts";

/** An answer with the right ones. */
export interface ScoredAnswer {
  /** The answer to one example. */
  readonly answer: string;
  /** The right answers, of which any one will do; at least one. */
  readonly references: readonly string[];
}

/** Names of these scores. */
export type AnswerScore = "token_f1" | "macro_f1" | "matthews" | "pearson";

/**
 * One score of all answers to a task.
 *
 * `token_f1` is a mean over examples. The others look at all answers at once: for `macro_f1` and
 * `matthews` a text is a class, and for `pearson` a number. The truth is then the reference that the answer
 * equals, white space around either left out, or else the first. `pearson` is 0 where it is not defined:
 * answers that are all the same, or one that is no number, correlate with nothing.
 *
 * @param answers at least one
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const answers = [["1", "2"], ["3", "4"], ["5", "6"]].map(([answer, truth]) => ({
 *   answer: answer!,
 *   references: [truth!],
 * }));
 * assert.ok(Math.abs(scoreOfAnswers("pearson", answers) - 1) < 1e-12);
 * assert.equal(scoreOfAnswers("matthews", answers), 0);
 * ```
 */
export function scoreOfAnswers(score: AnswerScore, answers: readonly ScoredAnswer[]): number {
  if (score === "token_f1") {
    const ofEach = answers.map(({ answer, references }) => tokenF1(answer, references));
    return ofEach.reduce((sum, value) => sum + value, 0) / ofEach.length;
  }
  const given = answers.map(({ answer }) => answer.trim());
  const truths = answers.map(({ references }, i) => {
    const right = references.map((reference) => reference.trim());
    return right.includes(given[i]!) ? given[i]! : right[0]!;
  });
  if (score === "macro_f1") return macroF1(given, truths);
  if (score === "matthews") return matthews(given, truths);
  const correlation = pearson(given.map(numberIn), truths.map(numberIn));
  return Number.isNaN(correlation) ? 0 : correlation;
}
