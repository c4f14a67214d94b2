/** Several models over one base as one: a batch has the rows of all, and each has its own adapter. */
import { PolyCall } from "../poly/call.ts";
import type { Part } from "../poly/adapter.ts";
import { JoinedCall } from "../poly/joined_call.ts";
import type { Noise } from "../ops/noise.ts";
import * as tf from "../tf.ts";
import { type LossAndGradients, lossAndGradients } from "../train/gradients.ts";
import type { Trainable, TrainingInputs } from "../train/multi_task_model.ts";
import { joined, noiseOfParts, type RowsBatch, sizesOf } from "../train/train_together.ts";
import type { AnyBaseModel, ForwardContext, InputsOf, OutputsOf, PeftModel } from "./peft_model.ts";

/** What of a model with adapters its training needs. */
export type ForwardModel<M extends AnyBaseModel> = Pick<
  PeftModel<M>,
  "base" | "forward" | "trainableParameters"
>;

/**
 * Models of the same base as one, whose rows come part by part: those of the first model, then those of the
 * second. The models may differ in numbers of tasks, skills and splits and in how they route; what they adapt
 * and the rank of it must be the same. It is for training, where each has random numbers of its own.
 */
class JoinedModel<M extends AnyBaseModel> implements ForwardModel<M> {
  readonly base: M;
  readonly #models: readonly PeftModel<M>[];
  readonly #noises: readonly Noise[];

  constructor(models: readonly PeftModel<M>[], noises: readonly Noise[]) {
    this.base = models[0]!.base;
    this.#models = models;
    this.#noises = noises;
  }

  forward<I extends InputsOf<M> & ForwardContext>(inputs: I) {
    const { taskIds, training, noise, uniformShare: _, parts: __, ...rest } = inputs as
      & InputsOf<M>
      & ForwardContext;
    const ids = taskIds as readonly number[];
    const rows = ids.length / this.#models.length;
    const calls = this.#models.map((model, i) => {
      const own = ids.slice(i * rows, (i + 1) * rows);
      const call = model.call({ taskIds: own, training, noise: this.#noises[i] });
      if (call instanceof PolyCall) return call;
      throw new RangeError("Cannot join models as each must have adapted layers");
    });
    const options = { training: training ?? false, noise };
    const call = new JoinedCall(this.base.parameters, calls, options);
    try {
      return this.base.forward(rest, call) as ReturnType<PeftModel<M>["forward"]> & OutputsOf<M>;
    } finally {
      call.dispose();
    }
  }

  trainableParameters(part: Part | "all" = "all"): Map<string, tf.Variable> {
    return new Map(
      this.#models.flatMap((model, i) =>
        [...model.trainableParameters(part)].map(([name, value]) =>
          [`${i} ${name}`, value] as const
        )
      ),
    );
  }
}

/** A training step of one of several models. */
export interface JoinedStep<Batch extends RowsBatch, M extends AnyBaseModel> {
  readonly model: PeftModel<M>;
  /** Its batch, of as many rows as those of the others, and its own random numbers. */
  readonly inputs: Batch & TrainingInputs & { readonly noise: Noise };
  /** A model as training sees it; the same function for all. */
  trainable(model: ForwardModel<M>): Trainable<Batch>;
}

/**
 * The losses and gradients of the steps of several models, each as it would be alone: batches whose lists
 * have the same sizes go through the base model together. On WebAssembly they are the same bytes.
 *
 * Where the device lacks the kernels that keep rows apart, see `canTrainTogether`, a NaN of one could reach
 * the others; there each must come alone.
 *
 * @param steps at least one, all of the same base, adapted layers, rank and label smoothing
 */
export function joinedGradients<Batch extends RowsBatch, M extends AnyBaseModel>(
  steps: readonly JoinedStep<Batch, M>[],
): LossAndGradients[] {
  const sizes = steps.map(({ inputs }) => sizesOf(inputs));
  const found: LossAndGradients[] = [];
  for (const group of Map.groupBy(steps.keys(), (i) => sizes[i]!).values()) {
    const results = ofSameSizes(group.map((i) => steps[i]!));
    group.forEach((i, at) => found[i] = results[at]!);
  }
  return found;
}

function ofSameSizes<Batch extends RowsBatch, M extends AnyBaseModel>(
  steps: readonly JoinedStep<Batch, M>[],
): LossAndGradients[] {
  const [{ trainable, model, inputs }] = steps as [JoinedStep<Batch, M>];
  if (steps.length === 1) {
    const own = trainable(model);
    return [lossAndGradients(() => own.forward(inputs).loss, own.trainableParameters())];
  }
  const parts = steps.length;
  const noises = steps.map(({ inputs: { noise } }) => noise);
  const joint = trainable(new JoinedModel(steps.map(({ model }) => model), noises));
  const { training = false, labelSmoothing = 0 } = inputs;
  const batch = joined(steps.map(({ inputs }) => {
    const { noise: _, training: __, labelSmoothing: ___, ...own } = inputs;
    return own as unknown as Batch;
  }));
  let losses: tf.Scalar[] = [];
  const { loss, gradients } = lossAndGradients(() => {
    const outputs = joint.forward({
      ...batch,
      ...{ training, labelSmoothing, parts, noise: noiseOfParts(noises) },
    });
    losses = tf.unstack(outputs.losses!).map((own) => tf.keep(own)) as tf.Scalar[];
    return outputs.loss;
  }, joint.trainableParameters());
  loss.dispose();
  return losses.map((own, i) => ({
    loss: own,
    gradients: new Map(
      [...gradients].flatMap(([name, gradient]) =>
        name.startsWith(`${i} `) ? [[name.slice(`${i} `.length), gradient] as const] : []
      ),
    ),
  }));
}
