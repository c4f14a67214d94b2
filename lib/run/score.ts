import { type AnswerScore, scoreOfAnswers } from "../tasks/scores/answer_scores.ts";
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
import { choiceLikelihoods, likeliest } from "../train/rank_choices.ts";
import type { Encoding } from "../train/task_batch.ts";
import { mean } from "../util/vectors.ts";
import type { Evaluation, Prediction, Scores } from "./evaluation.ts";
import type { RunMetrics, ScoredOn, ScoreName } from "./metrics/metric.ts";

/** How an evaluation is done. */
export interface ScoreOptions extends AnswerOptions {
  /** Scores beside those that every task has; none when absent. */
  readonly further?: readonly (AnswerScore | "rank_accuracy")[];
}

/**
 * Scores a model on tasks: generated answers against every reference, and the loss of the first.
 *
 * A task's score is the mean over its examples; scores of several tasks are to be averaged over tasks,
 * so that each counts alike. The loss is in nats per token, correlations are in [−1, 1], all else in
 * [0, 1]. A model whose loss is not finite can answer nothing: where that is so of some task, there are
 * losses alone. `rank_accuracy` is that of the likeliest of an example's choices, see `choiceLikelihoods`;
 * a task whose examples have none has no such score.
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
  const { further = [] } = options;
  const answers = await answer(model, tasks, encoding, options);
  const evaluations: Evaluation[] = [];
  for (const [i, task] of tasks.entries()) {
    const predictions = task.examples.map(({ input, targets }, e): Prediction => {
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
    const isRanked = further.includes("rank_accuracy") &&
      task.examples.every(({ choices }) => choices !== undefined);
    evaluations.push({
      scores: {
        exact_match: meanOf("exact_match"),
        rouge_l: meanOf("rouge_l"),
        ...Object.fromEntries(
          further.flatMap((score) =>
            score === "rank_accuracy" ? [] : [[score, scoreOfAnswers(score, predictions)]]
          ),
        ),
        ...(isRanked
          ? { rank_accuracy: await rankAccuracy(model, task, encoding, options.batchSize) }
          : {}),
        token_accuracy: tokens[i]!.tokenAccuracy,
        loss: tokens[i]!.loss,
      },
      predictions,
    });
  }
  return evaluations;
}

/** The share of examples whose likeliest choice is right. */
async function rankAccuracy(
  model: MultiTaskModel,
  task: EvaluationTask,
  encoding: Encoding,
  batchSize: number,
): Promise<number> {
  const likelihoods = await choiceLikelihoods(model, task, encoding, batchSize);
  return mean(
    task.examples.map((example, i) =>
      Number(example.targets.includes(likeliest(example, likelihoods[i]!)))
    ),
  );
}

/**
 * The mean of each score over the tasks that have it, with a prefix before its name; nothing when there is
 * no task.
 */
export function meanScores(prefix: ScoredOn, scores: readonly Partial<Scores>[]): RunMetrics {
  const names = [...new Set(scores.flatMap((score) => Object.keys(score)))] as ScoreName[];
  return Object.fromEntries(names.map((name) => {
    const values = scores.flatMap((score) => score[name] ?? []);
    return [`${prefix}_${name}`, mean(values)];
  }));
}
