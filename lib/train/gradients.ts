/**
 * Losses with their gradients by parameter name. Tensors are freed on every way out, also when a
 * pass throws.
 */
import * as tf from "../tf.ts";

/** A loss and its gradients, by parameter name. */
export interface LossAndGradients {
  /** The value of the loss. */
  readonly loss: tf.Scalar;
  /** Gradients of the parameters that the loss depends on. */
  readonly gradients: ReadonlyMap<string, tf.Tensor>;
}

/**
 * Computes a loss and its gradient with respect to each named parameter.
 *
 * A parameter that the loss does not depend on has no gradient, as in PyTorch, where it is `None` and
 * the optimiser passes it over.
 *
 * @param forward computes the loss, a scalar; all other tensors that it makes are freed, also when
 * it or its gradient throws
 * @param parameters the parameters to differentiate by; at least one
 * @returns tensors that the caller disposes, see {@linkcode disposeGradients}
 * @throws {RangeError} when there is no parameter, or the loss depends on none of them
 *
 * @example The gradient of w² is 2w
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../tf.ts";
 *
 * await tf.setBackend("cpu");
 * const w = tf.variable(tf.scalar(3));
 * const result = lossAndGradients(() => tf.square(w) as tf.Scalar, new Map([["w", w]]));
 * assert.equal(result.loss.arraySync(), 9);
 * assert.equal(result.gradients.get("w")!.arraySync(), 6);
 * disposeGradients(result);
 * w.dispose();
 * ```
 */
export function lossAndGradients(
  forward: () => tf.Scalar,
  parameters: ReadonlyMap<string, tf.Variable>,
): LossAndGradients {
  if (parameters.size === 0) {
    throw new RangeError(
      "Cannot compute gradients as at least one parameter must be trainable; see setRequiresGrad()",
    );
  }
  const names = new Map([...parameters].map(([name, variable]) => [variable.name, name]));
  const { value, grads } = tf.tidy(() => {
    try {
      return tf.variableGrads(forward, [...parameters.values()]);
    } catch (error) {
      freeTape();
      throw error;
    }
  });
  const gradients = new Map<string, tf.Tensor>();
  for (const [id, gradient] of Object.entries(grads)) {
    // tfjs returns null for a parameter that the loss does not depend on.
    if (gradient as tf.Tensor | null !== null) gradients.set(names.get(id)!, gradient);
  }
  return { loss: value, gradients };
}

/** Frees what tfjs has saved for a backward pass that did not finish, which tfjs would never do. */
function freeTape(): void {
  const { state } = tf.engine();
  if (state.gradientDepth > 0) return; // inside another pass, which needs it
  for (const { saved } of state.activeTape ?? []) tf.dispose(saved ?? []);
  state.activeTape = [];
}

/** Frees the tensors of a result. */
export function disposeGradients({ loss, gradients }: LossAndGradients): void {
  loss.dispose();
  for (const gradient of gradients.values()) gradient.dispose();
}
