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
import type { Evaluation, Prediction, Scores } from "./evaluation.ts";
import type { RunMetrics, ScoredOn, ScoreName } from "./metrics/metric.ts";

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
  return (await evaluateTasks(model, tasks, encoding, options)).map(({ scores }) => scores);
}

/** The same as {@linkcode scoreTasks}, with every answer and its own scores. */
export async function evaluateTasks(
  model: MultiTaskModel,
  tasks: readonly EvaluationTask[],
  encoding: Encoding,
  options: ScoreOptions,
): Promise<Evaluation[]> {
  const tokens: TokenScores[] = [];
  for (const task of tasks) {
    tokens.push(await evaluateTokens(model, task, encoding, options.batchSize));
  }
  if (!tokens.every(({ loss }) => Number.isFinite(loss))) {
    return tokens.map(({ loss }) => ({ scores: { loss }, predictions: [] }));
  }
  const answers = await answer(model, tasks, encoding, options);
  return tasks.map(({ examples }, i) => {
    const predictions = examples.map(({ input, targets }, e): Prediction => {
      const text = answers[i]![e]!;
      return {
        input,
        references: targets,
        answer: text,
        scores: {
          exact_match: Number(exactMatch(text, targets)),
          rouge_l: rougeL(text, targets),
        },
      };
    });
    const meanOf = (score: ScoreName) => mean(predictions.map(({ scores }) => scores[score]!));
    return {
      scores: {
        exact_match: meanOf("exact_match"),
        rouge_l: meanOf("rouge_l"),
        token_accuracy: tokens[i]!.tokenAccuracy,
        loss: tokens[i]!.loss,
      },
      predictions,
    };
  });
}

/** The mean over tasks of each score, with a prefix before its name; nothing when there is no task. */
export function meanScores(prefix: ScoredOn, scores: readonly Partial<Scores>[]): RunMetrics {
  const names = Object.keys(scores[0] ?? {}) as ScoreName[];
  return Object.fromEntries(
    names.map((name) => [`${prefix}_${name}`, mean(scores.map((score) => score[name]!))]),
  );
}
