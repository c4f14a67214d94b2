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
  const { gradients: clipped, norms } = clipParts(gradients, maxNorm, 1);
  const norm: tf.Scalar = tf.reshape(norms, []);
  norms.dispose();
  return { gradients: clipped, norm };
}

/**
 * Scales gradients down as {@linkcode clipGradients} does, each of `P` equal parts on its own: the parts
 * of the same place in all gradients have a joint norm.
 *
 * @param parts P, which divides the first axis of every gradient
 * @returns new tensors under the same names, and the norms before clipping, `[P]`; the caller disposes
 * both
 */
export function clipParts(
  gradients: ReadonlyMap<string, tf.Tensor>,
  maxNorm: number,
  parts: number,
): { readonly gradients: Map<string, tf.Tensor>; readonly norms: tf.Tensor1D } {
  const names = [...gradients.keys()];
  const [norms, ...clipped] = isFused("ClipGradients")
    ? runKernel("ClipGradients", Object.fromEntries([...gradients.values()].entries()), {
      maxNorm,
      parts,
    })
    : tf.tidy(() => {
      const rows = [...gradients.values()].map((gradient) => tf.reshape(gradient, [parts, -1]));
      // Not tf.addN: with dozens of tensors its WebGPU shader binds too many buffers and computes nothing.
      const squares = rows.map((row) => tf.sum(tf.square(row), 1));
      const totals = tf.sqrt(squares.reduce((sum, square) => tf.add(sum, square)));
      const factors = maxNorm === 0
        ? tf.onesLike(totals)
        : tf.minimum(1, tf.div(maxNorm, tf.add(totals, 1e-6)));
      const column = tf.reshape(factors, [parts, 1]);
      return [
        totals,
        ...names.map((name, i) => tf.reshape(tf.mul(rows[i]!, column), gradients.get(name)!.shape)),
      ];
    });
  return {
    gradients: new Map(names.map((name, i) => [name, clipped[i]!])),
    norms: norms as tf.Tensor1D,
  };
}
