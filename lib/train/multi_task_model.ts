import type { GenerateOptions } from "../models/generation/options.ts";
import type { Noise } from "../ops/noise.ts";
import type * as tf from "../tf.ts";
import type { TaskBatch } from "./task_batch.ts";

/** Inputs of a model in training, besides the batch; evaluation passes none of them. */
export interface TrainingInputs {
  /** Whether the model behaves as in training; when absent, as in evaluation. */
  readonly training?: boolean;
  /** The source of random numbers in training. */
  readonly noise?: Noise;
  /** Share of each target that is spread over all classes; in [0, 1]. */
  readonly labelSmoothing?: number;
  /** How far routing has gone over to mixing all skills alike, in [0, 1]; 0 when absent. */
  readonly uniformShare?: number;
  /** Number of equal parts of the rows, each a batch with a loss of its own; 1 when absent. */
  readonly parts?: number;
}

/** A model that can be trained. */
export interface Trainable<Batch extends object> {
  /**
   * Computes the mean loss of a batch; of `P` parts, where there are several, the sum of their mean losses,
   * and with it these `[P]`. May return other outputs too.
   */
  forward(
    inputs: Batch & TrainingInputs,
  ): { readonly loss: tf.Scalar; readonly losses?: tf.Tensor };
  /**
   * The trained parameters by name: all of them, or one part. A model without a router returns an
   * empty map for the router.
   */
  trainableParameters(part?: "skills" | "router"): ReadonlyMap<string, tf.Variable>;
}

/** A language model that can be trained and evaluated, such as a base model with adapters. */
export interface MultiTaskModel extends Trainable<TaskBatch> {
  /** Computes loss and logits of a batch. */
  forward(
    inputs: TaskBatch & TrainingInputs,
  ): { readonly loss: tf.Scalar; readonly logits: tf.Tensor3D };
  /** Generates ids, one row per input. */
  generate(inputs: GenerateInputs): Promise<number[][]>;
}

/** What generation for an evaluation asks of a model, beside how it is done. */
export interface GenerateInputs extends GenerateOptions {
  /** Prompt ids of `B` rows and `L` positions; `[B, L]`. */
  readonly inputIds: readonly (readonly number[])[];
  /** Attention mask, 1 where an id counts and 0 elsewhere; `[B, L]`. */
  readonly attentionMask: readonly (readonly number[])[];
  /** Index of each row's task; `[B]`. */
  readonly taskIds: readonly number[];
}
