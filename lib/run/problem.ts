import type { RowsBatch } from "../train/train_together.ts";
import type { ForwardModel } from "../peft/joined_model.ts";
import type { AnyBaseModel, PeftModel } from "../peft/peft_model.ts";
import type { Allocation } from "../poly/allocation.ts";
import type { TaskSuite } from "../tasks/task.ts";
import type { TrivialScores } from "../tasks/trivial_answers.ts";
import type { EvaluationTask } from "../train/evaluate.ts";
import type { Trainable } from "../train/multi_task_model.ts";
import type { TaskExample } from "../train/task_batch.ts";
import type { WholeShares } from "../train/whole_shares.ts";
import type { Evaluation } from "./evaluation.ts";

/**
 * What a run works on: a frozen base model, tasks, and how a model learns and is judged on them. A run
 * looks at tasks through this alone, so language and numbers follow the same protocol.
 *
 * `E` is an example, `Batch` what the model reads.
 */
export interface Problem<E, Batch extends RowsBatch, M extends AnyBaseModel> {
  readonly base: M;
  readonly suite: TaskSuite<E>;
  /**
   * Which skills each task is made of, training tasks first: one allocation `[T, S]` for each split of
   * the truth. Null when it is not known.
   */
  readonly truth: readonly Allocation[] | null;
  /** A model with adapters as training sees it. */
  trainable(model: ForwardModel<M>): Trainable<Batch>;
  /** A batch of examples, of which there is at least one. */
  encode(examples: readonly TaskExample<E>[]): Batch;
  /**
   * Batches of as many rows with lists of the same sizes, whose losses are what they were but for the order
   * of sums; absent where sizes never differ, or random numbers of the base model go by them.
   */
  readonly alike?: (batches: readonly Batch[]) => Batch[];
  /** The mean loss over a task's examples, of which there is at least one. */
  loss(model: PeftModel<M>, task: EvaluationTask<E>): Promise<number>;
  /** How good a model is at each task; every task has at least one example. */
  evaluate(model: PeftModel<M>, tasks: readonly EvaluationTask<E>[]): Promise<Evaluation[]>;
  /** How much of the texts the model reads and learns whole; nothing when there are no texts. */
  readonly whole?: WholeShares;
  /**
   * What test examples of a task score without a model, which is known of texts alone.
   *
   * @param shots the few examples that a model would be adapted with
   */
  readonly trivial?: (shots: readonly E[], test: readonly E[]) => TrivialScores;
  /** What is worth knowing about the base model and its tokenizer, as sentences; nothing when absent. */
  readonly warnings?: readonly string[];
  /** Frees the base model. */
  dispose(): void;
}
