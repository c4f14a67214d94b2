/** Scores and losses of a model on the parts of tasks, for programs of one's own. */
import type { Task } from "../tasks/task.ts";
import { evaluateTokens } from "../train/evaluate.ts";
import type { MultiTaskModel } from "../train/multi_task_model.ts";
import type { Encoding } from "../train/task_batch.ts";
import { mean } from "../util/vectors.ts";
import type { Scores } from "./evaluation.ts";
import { type ScoreOptions, scoreTasks } from "./score.ts";

/** What {@linkcode evaluate} and {@linkcode validationLoss} look at, and how. */
export interface EvaluateOptions extends Partial<ScoreOptions> {
  /** The part of each task; the examples for test when absent. */
  readonly part?: "train" | "validation" | "test" | undefined;
}

/**
 * Scores a model on tasks by generated answers, and by the loss of the right ones.
 *
 * @param tasks whose index is their id in the model, as in a suite's `training`
 * @param encoding as in training
 * @param options batches of 64 examples and greedy answers, unless they say otherwise
 * @returns the scores of each task by its name, as {@linkcode scoreTasks} gives them
 * @throws {RangeError} when a task has no example in that part
 */
export async function evaluate(
  model: MultiTaskModel,
  tasks: readonly Task[],
  encoding: Encoding,
  { part = "test", batchSize = 64, numBeams = 1, ...options }: EvaluateOptions = {},
): Promise<ReadonlyMap<string, Scores>> {
  const examples = tasks.map((task, taskId) => ({ name: task.name, taskId, examples: task[part] }));
  const scores = await scoreTasks(model, examples, encoding, { batchSize, numBeams, ...options });
  return new Map(tasks.map(({ name }, i) => [name, scores[i]!]));
}

/**
 * The mean over tasks of a model's loss, in nats per token: what training is watched by.
 *
 * @param tasks whose index is their id in the model
 * @param options the part `validation`, unless they say otherwise
 * @throws {RangeError} when a task has no example in that part
 */
export async function validationLoss(
  model: MultiTaskModel,
  tasks: readonly Task[],
  encoding: Encoding,
  { part = "validation", batchSize = 64 }: Pick<EvaluateOptions, "part" | "batchSize"> = {},
): Promise<number> {
  const losses: number[] = [];
  for (const [taskId, task] of tasks.entries()) {
    const examples = { name: task.name, taskId, examples: task[part] };
    losses.push((await evaluateTokens(model, examples, encoding, batchSize)).loss);
  }
  return mean(losses);
}
