import type { Noise } from "../ops/noise.ts";
import type * as tf from "../tf.ts";
import type { TaskBatch } from "./task_batch.ts";

/** All that training needs to know of a model. A base model with adapters is one. */
export interface MultiTaskModel {
  /** Loss and logits of a batch; in training with the noise given. */
  forward(
    inputs: TaskBatch & { readonly training?: boolean; readonly noise?: Noise },
  ): { readonly loss: tf.Scalar; readonly logits: tf.Tensor3D };
  /** Generated ids, one row per input. */
  generate(inputs: GenerateInputs): Promise<number[][]>;
  /** What is trained, by name. */
  trainableParameters(): Map<string, tf.Variable>;
}

/** What generation for an evaluation asks of a model. */
export interface GenerateInputs {
  readonly inputIds: readonly (readonly number[])[];
  readonly attentionMask: readonly (readonly number[])[];
  readonly taskIds: readonly number[];
  readonly max_new_tokens: number;
  readonly num_beams: number;
}
