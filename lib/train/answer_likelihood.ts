import { logLikelihoods } from "../ops/log_likelihood.ts";
import * as tf from "../tf.ts";

/** Logits and labels of the same positions. `B` rows, `M` positions, `V` vocabulary. */
export interface TargetLogits {
  /** `[B·M, V]`. */
  readonly logits: tf.Tensor2D;
  /** Ids, −100 where ignored; `[B, M]`. */
  readonly labels: readonly (readonly number[])[];
}

/**
 * The logits that predict each label: those of the same position in an encoder-decoder, and those of the
 * position before in a decoder.
 *
 * @param logits of a forward pass, shape `[B, L, V]`
 * @param labels those of the batch, `[B, L]`
 */
export function targetLogits(
  logits: tf.Tensor3D,
  labels: readonly (readonly number[])[],
  isEncoderDecoder: boolean,
): TargetLogits {
  const shift = isEncoderDecoder ? 0 : 1;
  const [B, L, V] = logits.shape;
  const M = L - shift;
  const flat = tf.tidy(() => {
    const predicting: tf.Tensor3D = tf.slice(logits, [0, 0, 0], [B, M, V]);
    return tf.reshape(predicting, [B * M, V]) as tf.Tensor2D;
  });
  return { logits: flat, labels: labels.map((row) => row.slice(shift)) };
}

/** The log-likelihood of each label, in nats; 0 where ignored. Shape `[B, M]`. */
export function labelLikelihoods({ logits, labels }: TargetLogits): tf.Tensor2D {
  return tf.tidy(() => {
    const found = logLikelihoods(logits, tf.tensor1d(labels.flat(), "int32"));
    return tf.reshape(found, [labels.length, labels[0]!.length]);
  });
}

/** Number of labels in each row that are not ignored. */
export function lengthsOf(labels: readonly (readonly number[])[]): number[] {
  return labels.map((row) => row.filter((id) => id >= 0).length);
}
