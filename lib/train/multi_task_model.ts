import type { GenerateOptions } from "../models/generation/options.ts";
import type { Noise } from "../ops/noise.ts";
import type * as tf from "../tf.ts";
import type { TaskBatch } from "./task_batch.ts";

/** What training says to a model beside the batch; in evaluation none of it is there. */
export interface TrainingInputs {
  /** Whether the model is to behave as in training; without it, as in evaluation. */
  readonly training?: boolean;
  /** The source of random numbers in training. */
  readonly noise?: Noise;
  /** Share of each target that is spread over all classes; in [0, 1]. */
  readonly labelSmoothing?: number;
}

/** All that training needs to know of a model. */
export interface Trainable<Batch extends object> {
  /** The mean loss of a batch, and whatever else comes out. */
  forward(inputs: Batch & TrainingInputs): { readonly loss: tf.Scalar };
  /**
   * What is trained, by name: all of it, or the part that is asked for. A model without a router
   * answers with an empty map where the router is asked for.
   */
  trainableParameters(part?: "skills" | "router"): ReadonlyMap<string, tf.Variable>;
}

/** A model of language that is trained and asked. A base model with adapters is one. */
export interface MultiTaskModel extends Trainable<TaskBatch> {
  /** Loss and logits of a batch. */
  forward(
    inputs: TaskBatch & TrainingInputs,
  ): { readonly loss: tf.Scalar; readonly logits: tf.Tensor3D };
  /** Generated ids, one row per input. */
  generate(inputs: GenerateInputs): Promise<number[][]>;
}

/** What generation for an evaluation asks of a model, beside how it is done. */
export interface GenerateInputs extends GenerateOptions {
  /** Prompt ids of `B` rows and `L` positions; `[B, L]`. */
  readonly inputIds: readonly (readonly number[])[];
  /** 1 where an id counts; `[B, L]`. */
  readonly attentionMask: readonly (readonly number[])[];
  /** Index of each row's task; `[B]`. */
  readonly taskIds: readonly number[];
}
