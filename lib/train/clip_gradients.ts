import { isFused, runKernel } from "../ops/fused.ts";
import * as tf from "../tf.ts";

/**
 * Scales gradients down, all by the same factor, so that their joint Euclidean norm is at most
 * `maxNorm`: g ← g · min(1, maxNorm / (‖g‖ + 10⁻⁶)).
 *
 * Source: torch/nn/utils/clip_grad.py, whose 10⁻⁶ it keeps.
 *
 * @param gradients the gradients by name; the caller keeps them
 * @param maxNorm largest norm; 0 leaves the gradients as they are
 * @returns new tensors under the same names, and the norm before clipping (a scalar); the caller
 * disposes both
 */
export function clipGradients(
  gradients: ReadonlyMap<string, tf.Tensor>,
  maxNorm: number,
): { readonly gradients: Map<string, tf.Tensor>; readonly norm: tf.Scalar } {
  const names = [...gradients.keys()];
  const [norm, ...clipped] = isFused("ClipGradients")
    ? fused([...gradients.values()], maxNorm)
    : tf.tidy(() => {
      // Not tf.addN: with dozens of tensors its WebGPU shader binds too many buffers and computes nothing.
      const squares = names.map((name) => tf.sum(tf.square(gradients.get(name)!)));
      const total = tf.sqrt(squares.reduce((sum, square) => tf.add(sum, square)));
      const factor = maxNorm === 0
        ? tf.scalar(1)
        : tf.minimum(1, tf.div(maxNorm, tf.add(total, 1e-6)));
      return [total, ...names.map((name) => tf.mul(gradients.get(name)!, factor))];
    });
  return {
    gradients: new Map(names.map((name, i) => [name, clipped[i]!])),
    norm: norm as tf.Scalar,
  };
}

/** The norm and the clipped gradients, computed by one kernel. */
function fused(gradients: readonly tf.Tensor[], maxNorm: number): tf.Tensor[] {
  return runKernel("ClipGradients", Object.fromEntries(gradients.entries()), { maxNorm });
}
