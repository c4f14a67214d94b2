import * as tf from "../tf.ts";

/** The distance from 1 to the next float32. */
const EPSILON = 2 ** -23;
/** The smallest normal float32. */
const TINY = 2 ** -126;

/**
 * A sample of the relaxed Bernoulli distribution, computed from uniform numbers u:
 * σ((log u − log(1 − u) + log p − log(1 − p)) / temperature) with p = σ(logits).
 *
 * Probabilities and uniform numbers are clamped to [2⁻²³, 1 − 2⁻²³], samples to [2⁻¹²⁶, 1 − 2⁻²³], so a
 * logit below about −15.9 or above 16.6 saturates and gets no gradient, exactly as in PyTorch.
 *
 * Source: The Concrete Distribution, arXiv:1611.00712, equation 11; torch.distributions,
 * `RelaxedBernoulli.rsample`
 *
 * @param logits any shape; differentiable
 * @param uniform in [0, 1]; same shape as `logits`
 * @param temperature above 0; near 0 samples are near 0 or 1
 * @returns in (0, 1); same shape as `logits`
 *
 * @example A uniform number of one half gives back the probability
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../tf.ts";
 *
 * await tf.setBackend("cpu");
 * const sample = relaxedBernoulli(tf.tensor1d([0, 2]), tf.tensor1d([0.5, 0.5]), 1);
 * const [even, likely] = sample.dataSync();
 * assert.equal(even, 0.5);
 * assert.ok(Math.abs(likely! - 1 / (1 + Math.exp(-2))) < 1e-6);
 * ```
 */
export function relaxedBernoulli<T extends tf.Tensor>(
  logits: T,
  uniform: tf.Tensor,
  temperature: number,
): T {
  // One operation on the gradient tape in place of twelve.
  const operation = tf.customGrad((logits, save) => {
    const sigmoid = logistic(logits as tf.Tensor);
    const p = tf.clipByValue(sigmoid, EPSILON, 1 - EPSILON);
    const u = tf.clipByValue(uniform, EPSILON, 1 - EPSILON);
    // PyTorch's order of additions, so that the bits agree where its logarithms do.
    const sum = tf.sub(
      tf.add(tf.sub(tf.log(u), tf.log1p(tf.neg(u))), tf.log(p)),
      tf.log1p(tf.neg(p)),
    );
    const relaxed = logistic(temperature === 1 ? sum : tf.div(sum, temperature));
    (save as tf.GradSaveFunc)([sigmoid, relaxed]);
    return {
      value: tf.clipByValue(relaxed, TINY, 1 - EPSILON),
      gradFunc(dy: tf.Tensor, saved: tf.Tensor[]) {
        const [sigmoid, relaxed] = saved as [tf.Tensor, tf.Tensor];
        // d(log p − log(1 − p)) / d logit is 1 inside the clamps.
        const inside = tf.mul(
          within(sigmoid, EPSILON, 1 - EPSILON),
          within(relaxed, TINY, 1 - EPSILON),
        );
        const slope = tf.mul(relaxed, tf.sub(1, relaxed));
        return tf.mul(dy, tf.div(tf.mul(inside, slope), temperature));
      },
    };
  });
  return tf.tidy(() => operation(logits) as T);
}

/**
 * σ rounded as PyTorch rounds it: near 1, where rounding decides what is clamped, backends differ.
 */
function logistic(x: tf.Tensor): tf.Tensor {
  return tf.div(1, tf.add(1, tf.exp(tf.neg(x))));
}

/** 1 where low ≤ x ≤ high, else 0. */
function within(x: tf.Tensor, low: number, high: number): tf.Tensor {
  return tf.cast(tf.logicalAnd(tf.greaterEqual(x, low), tf.lessEqual(x, high)), "float32");
}
