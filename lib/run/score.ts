import { exactMatch } from "../tasks/scores/exact_match.ts";
import { rougeL } from "../tasks/scores/rouge_l.ts";
import {
  answer,
  type AnswerOptions,
  evaluateTokens,
  type EvaluationTask,
  type TokenScores,
} from "../train/evaluate.ts";
import type { MultiTaskModel } from "../train/multi_task_model.ts";
import type { Encoding } from "../train/task_batch.ts";
import { mean } from "../util/vectors.ts";

/** Scores of a model at one task: its loss, and other metrics by name. */
export type Scores = Readonly<Record<string, number>> & { readonly loss: number };

/** How an evaluation is done. */
export type ScoreOptions = AnswerOptions;

/**
 * Scores a model on tasks: generated answers against every reference, and the loss of the first.
 *
 * A task's score is the mean over its examples; scores of several tasks are to be averaged over tasks,
 * so that each counts alike. The loss is in nats per token, all else in [0, 1]. A model whose loss is
 * not finite can answer nothing: where that is so of some task, there are losses alone.
 *
 * Source: arXiv 2204.07705, section 5 (Rouge-L and exact match over references).
 */
export async function scoreTasks(
  model: MultiTaskModel,
  tasks: readonly EvaluationTask[],
  encoding: Encoding,
  options: ScoreOptions,
): Promise<Scores[]> {
  const tokens: TokenScores[] = [];
  for (const task of tasks) {
    tokens.push(await evaluateTokens(model, task, encoding, options.batchSize));
  }
  if (!tokens.every(({ loss }) => Number.isFinite(loss))) {
    return tokens.map(({ loss }) => ({ loss }));
  }
  const answers = await answer(model, tasks, encoding, options);
  return tasks.map((task, i) => {
    const meanOf = (measure: (text: string, references: readonly string[]) => number) =>
      mean(task.examples.map(({ targets }, e) => measure(answers[i]![e]!, targets)));
    return {
      exact_match: meanOf((text, references) => Number(exactMatch(text, references))),
      rouge_l: meanOf(rougeL),
      token_accuracy: tokens[i]!.tokenAccuracy,
      loss: tokens[i]!.loss,
    };
  });
}

/** The mean over tasks of each score, with a prefix before its name; nothing when there is no task. */
export function meanScores(prefix: string, scores: readonly Scores[]): Record<string, number> {
  const names = Object.keys(scores[0] ?? {});
  return Object.fromEntries(
    names.map((name) => [`${prefix}_${name}`, mean(scores.map((score) => score[name]!))]),
  );
}
