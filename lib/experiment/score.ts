import { exactMatch } from "../tasks/exact_match.ts";
import { rougeL } from "../tasks/rouge_l.ts";
import { answer, evaluateTokens, type EvaluationTask } from "../train/evaluate.ts";
import type { MultiTaskModel } from "../train/multi_task_model.ts";
import type { Encoding } from "../train/task_batch.ts";

/** How good a model is at one task; the loss is in nats, all else in [0, 1]. */
export interface Scores {
  readonly exact_match: number;
  readonly rouge_l: number;
  readonly token_accuracy: number;
  readonly loss: number;
}

/** How an evaluation is done. */
export interface ScoreOptions {
  readonly batchSize: number;
  readonly numBeams: number;
}

/**
 * Scores a model on tasks: generated answers against every reference, and the loss of the first.
 *
 * A task's score is the mean over its examples; scores of several tasks are to be averaged over tasks,
 * so that each counts alike.
 *
 * Source: arXiv 2204.07705, section 5 (Rouge-L and exact match over references).
 */
export async function scoreTasks(
  model: MultiTaskModel,
  tasks: readonly EvaluationTask[],
  encoding: Encoding,
  options: ScoreOptions,
): Promise<Scores[]> {
  const answers = await answer(model, tasks, encoding, options);
  const scores: Scores[] = [];
  for (const [i, task] of tasks.entries()) {
    const { loss, tokenAccuracy } = await evaluateTokens(model, task, encoding, options.batchSize);
    const meanOf = (measure: (text: string, references: readonly string[]) => number) =>
      mean(task.examples.map(({ targets }, e) => measure(answers[i]![e]!, targets)));
    scores.push({
      exact_match: meanOf((text, references) => Number(exactMatch(text, references))),
      rouge_l: meanOf(rougeL),
      token_accuracy: tokenAccuracy,
      loss,
    });
  }
  return scores;
}

/** The mean over tasks of each score, with a prefix before its name; nothing when there is no task. */
export function meanScores(prefix: string, scores: readonly Scores[]): Record<string, number> {
  if (scores.length === 0) return {};
  const names = ["exact_match", "rouge_l", "token_accuracy", "loss"] as const;
  return Object.fromEntries(
    names.map((name) => [`${prefix}_${name}`, mean(scores.map((score) => score[name]))]),
  );
}

/** The mean of numbers, of which there is at least one. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
