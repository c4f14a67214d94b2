import type { Adapter } from "../../poly/adapter.ts";
import { ibpPenalty } from "../../poly/ibp_prior.ts";
import * as tf from "../../tf.ts";
import type { Trainable } from "../../train/multi_task_model.ts";

/**
 * A model whose loss in training has the prior of the Indian buffet process on its routing, −log p(Z); its
 * loss in evaluation is as it was.
 *
 * Source: Ponti et al. 2022 (arXiv 2202.13914), section 2.2; McGill-NLP/polytropon adds the same to the
 * mean loss of every batch (`add_prior`), with weight 1.
 *
 * @param adapter whose routing is meant
 * @param weight of the prior; 0 returns the model itself
 */
export function withIbpPrior<Batch extends object>(
  model: Trainable<Batch>,
  adapter: Adapter,
  weight: number,
): Trainable<Batch> {
  if (weight === 0) return model;
  return {
    forward(inputs) {
      const { loss } = model.forward(inputs);
      if (!inputs.training) return { loss };
      return { loss: tf.tidy(() => tf.add(loss, tf.mul(weight, ibpPenalty(adapter)))) };
    },
    trainableParameters: (part) => model.trainableParameters(part),
  };
}
