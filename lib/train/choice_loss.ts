/** T-Few's losses over the answer choices of examples, beside the loss of the right answer. */
import { crossEntropies, IGNORED_LABEL } from "../ops/cross_entropy.ts";
import * as tf from "../tf.ts";
import { labelLikelihoods, lengthsOf, targetLogits } from "./answer_likelihood.ts";
import type { ChoiceBatch } from "./choice_batch.ts";
import type { MultiTaskModel, Trainable } from "./multi_task_model.ts";

/** How much the losses over choices count beside that of the right answer, which counts 1. */
export interface ChoiceWeights {
  /** Weight of the unlikelihood of wrong choices; 0 or more. */
  readonly unlikelihood: number;
  /** Weight of the choice among length-normalised likelihoods; 0 or more. */
  readonly lengthNormalisedChoice: number;
}

/** Added to 1 − p, so that a wrong token of likelihood p = 1 has a finite loss. */
const LEAST = 0.01;

/**
 * A language model whose loss is T-Few's: L_LM + u · L_UL + n · L_LN. With the log-likelihood of a token t
 * of an answer, log p(t), and their mean over the answer's tokens, β:
 *
 * ```text
 * L_LM  mean of −log p(t) over the tokens of all right answers: the loss without choices
 * L_UL  mean of −log(1 − p(t) + 0.01) over the tokens of all wrong choices
 * L_LN  mean over examples of −log(exp β of the right answer / sum of exp β over all its choices)
 * ```
 *
 * An example without choices adds to the first, and 0 to the mean of the last.
 *
 * Source: Liu et al. 2022 (arXiv 2205.05638), section 3.2, with the 0.01 of their released code, there
 * `unlikely_loss` and `mc_loss` with `length_norm` 1; both papers' code has 1 for both weights.
 *
 * @param isEncoderDecoder whether the labels have a row of their own
 */
export function withChoiceLoss(
  model: Pick<MultiTaskModel, "forward" | "trainableParameters">,
  { unlikelihood, lengthNormalisedChoice }: ChoiceWeights,
  isEncoderDecoder: boolean,
): Trainable<ChoiceBatch> {
  return {
    trainableParameters: (part) => model.trainableParameters(part),
    forward: ({ examples, ...batch }) => {
      const { parts = 1, labelSmoothing = 0 } = batch;
      const size = examples.length / parts;
      const isRight = examples.map((example, row) =>
        row % size === 0 || example !== examples[row - 1]
      );
      return tf.tidy(() => {
        const { logits } = model.forward(batch);
        const target = targetLogits(logits, batch.labels, isEncoderDecoder);
        const rightLabels = target.labels.map((row, i) =>
          isRight[i] ? row : row.map(() => IGNORED_LABEL)
        );
        const flat = tf.tensor1d(rightLabels.flat(), "int32");
        const ofRight = crossEntropies(target.logits, flat, labelSmoothing, parts); // [P]
        const likelihoods = labelLikelihoods(target); // [B, M]
        // Each part by itself, so that it has the bits that it would have alone.
        const losses = tf.stack(Array.from({ length: parts }, (_, p) => {
          const [from, to] = [p * size, (p + 1) * size];
          const part: Part = {
            likelihoods: tf.slice(likelihoods, [from, 0], [size, likelihoods.shape[1]]),
            labels: target.labels.slice(from, to),
            examples: examples.slice(from, to),
            isRight: isRight.slice(from, to),
          };
          let loss = tf.reshape(tf.slice(ofRight, [p], [1]), []) as tf.Scalar;
          if (unlikelihood > 0) loss = tf.add(loss, tf.mul(unlikelihood, unlikelihoodOf(part)));
          if (lengthNormalisedChoice > 0) {
            loss = tf.add(loss, tf.mul(lengthNormalisedChoice, choiceLossOf(part)));
          }
          return loss;
        }));
        const loss = tf.sum(losses) as tf.Scalar;
        return parts === 1 ? { loss } : { loss, losses };
      });
    },
  };
}

/** The rows of one batch. `B` rows, `M` positions. */
interface Part {
  /** Log-likelihoods of the labels, shape `[B, M]`. */
  readonly likelihoods: tf.Tensor2D;
  readonly labels: readonly (readonly number[])[];
  /** The example of each row. */
  readonly examples: readonly number[];
  /** Whether each row has the right answer of its example. */
  readonly isRight: readonly boolean[];
}

/** The mean of −log(1 − p + 0.01) over the tokens of wrong choices; 0 where there is none. */
function unlikelihoodOf({ likelihoods, labels, isRight }: Part): tf.Tensor {
  const counts = labels.map((row, i) => row.map((id) => !isRight[i] && id >= 0 ? 1 : 0));
  const total = counts.flat().filter((count) => count === 1).length;
  const weights = tf.tensor2d(counts.map((row) => row.map((count) => -count / Math.max(1, total))));
  return tf.sum(tf.mul(weights, tf.log(tf.sub(1 + LEAST, tf.exp(likelihoods)))));
}

/** The mean over examples of the cross-entropy of their choices by mean log-likelihood. */
function choiceLossOf({ likelihoods, labels, examples, isRight }: Part): tf.Tensor {
  const [B] = likelihoods.shape;
  const rights = isRight.flatMap((right, row) => right ? [row] : []);
  const lengths = tf.tensor1d(lengthsOf(labels));
  const means: tf.Tensor2D = tf.reshape(tf.div(tf.sum(likelihoods, 1), lengths), [B, 1]); // β
  const chosen = tf.tensor2d(
    rights.map((right) => examples.map((_, row) => row === right ? 1 : 0)),
  );
  // How much likelier each row is than the right one of each example, [E, B]; nothing for others' rows.
  const advantage = tf.sub(tf.reshape(means, [1, B]), tf.matMul(chosen, means));
  const apart = tf.tensor2d(
    rights.map((right) => examples.map((example) => example === examples[right] ? 0 : -1e9)),
  );
  return tf.mean(tf.logSumExp(tf.add(advantage, apart), 1));
}
