import { isFused, runKernel } from "../ops/fused.ts";
import type { Kernels } from "../ops/kernels.ts";
import * as tf from "../tf.ts";
import {
  checkGroups,
  type Moments,
  type Optimizer,
  type OptimizerState,
  type ParameterGroup,
  restoreMoments,
  stateOf,
} from "./optimizer.ts";

/** Settings of {@linkcode AdamW}; PyTorch's defaults. */
export interface AdamWOptions {
  /** Decay of the mean of gradients, in [0, 1); 0.9. */
  readonly beta1?: number;
  /** Decay of the mean of squared gradients, in [0, 1); 0.999. */
  readonly beta2?: number;
  /** Number added to the root of the second moment; 1e-8. */
  readonly epsilon?: number;
}

/** One parameter's step: θ ← keep · θ − rate · m / (√v / root + ε). */
interface Update {
  readonly parameter: tf.Variable;
  readonly gradient: tf.Tensor;
  readonly mean: tf.Variable;
  readonly square: tf.Variable;
  readonly keep: number;
  readonly rate: number;
  readonly root: number;
}

/**
 * Adam with decoupled weight decay.
 *
 * For gradient g at step t: θ ← θ·(1 − η·λ); m ← β₁m + (1 − β₁)g; v ← β₂v + (1 − β₂)g²;
 * θ ← θ − η/(1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + ε). A parameter without a gradient stays as it is
 * and its step is not counted, as in PyTorch.
 *
 * Source: Loshchilov & Hutter 2019 (arXiv 1711.05101), algorithm 2, in the form of
 * torch/optim/adamw.py.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../tf.ts";
 *
 * await tf.setBackend("cpu");
 * const w = tf.variable(tf.scalar(1));
 * const optimizer = new AdamW([{ parameters: new Map([["w", w]]), learningRate: 0.1 }]);
 * const gradient = tf.scalar(5);
 * optimizer.step(new Map([["w", gradient]]));
 * assert.ok(Math.abs(w.arraySync() as number - 0.9) < 1e-6); // the first step is the learning rate
 * gradient.dispose();
 * optimizer.dispose();
 * w.dispose();
 * ```
 */
export class AdamW implements Optimizer {
  readonly #groups: readonly ParameterGroup[];
  readonly #beta1: number;
  readonly #beta2: number;
  readonly #epsilon: number;
  readonly #moments = new Map<string, Moments>();

  /**
   * Makes an optimiser. Its own tensors are made in the first step.
   *
   * @throws {RangeError} when a setting is out of range or a parameter is in two groups
   */
  constructor(groups: readonly ParameterGroup[], options: AdamWOptions = {}) {
    const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = options;
    for (const [name, beta] of [["beta1", beta1], ["beta2", beta2]] as const) {
      if (!(beta >= 0 && beta < 1)) {
        throw new RangeError(`Cannot make AdamW as ${name} must be in [0, 1): got ${beta}`);
      }
    }
    if (!(epsilon >= 0)) {
      throw new RangeError(`Cannot make AdamW as epsilon must not be negative: got ${epsilon}`);
    }
    checkGroups("AdamW", groups);
    this.#groups = groups;
    this.#beta1 = beta1;
    this.#beta2 = beta2;
    this.#epsilon = epsilon;
  }

  step(gradients: ReadonlyMap<string, tf.Tensor>, scale = 1): void {
    for (const group of this.#groups) {
      const updates: Update[] = [];
      for (const [name, parameter] of group.parameters) {
        const gradient = gradients.get(name);
        if (gradient === undefined) continue;
        const moments = this.#momentsOf(name, parameter);
        const step = ++moments.step;
        const [mean, square] = moments.values as [tf.Variable, tf.Variable];
        const rate = group.learningRate * scale;
        updates.push({
          mean,
          square,
          parameter,
          gradient,
          keep: 1 - rate * (group.weightDecay ?? 0),
          rate: rate / (1 - this.#beta1 ** step),
          root: Math.sqrt(1 - this.#beta2 ** step),
        });
      }
      if (isFused("AdamW")) this.#updateAll(updates);
      else updates.forEach((update) => this.#update(update));
    }
  }

  async state(): Promise<OptimizerState> {
    return await stateOf(this.#moments);
  }

  restore(state: OptimizerState): void {
    for (const { parameters } of this.#groups) {
      for (const [name, parameter] of parameters) {
        if (!(name in state.steps)) continue;
        restoreMoments(name, this.#momentsOf(name, parameter), state);
      }
    }
  }

  dispose(): void {
    for (const { values } of this.#moments.values()) tf.dispose([...values]);
    this.#moments.clear();
  }

  #momentsOf(name: string, parameter: tf.Variable): Moments {
    let moments = this.#moments.get(name);
    if (moments === undefined) {
      const zeros = () => tf.tidy(() => tf.variable(tf.zerosLike(parameter), false));
      moments = { values: [zeros(), zeros()], step: 0 }; // mean and mean of squares
      this.#moments.set(name, moments);
    }
    return moments;
  }

  #update({ parameter, gradient, mean, square, keep, rate, root }: Update): void {
    tf.tidy(() => {
      mean.assign(tf.add(tf.mul(mean, this.#beta1), tf.mul(gradient, 1 - this.#beta1)));
      square.assign(
        tf.add(tf.mul(square, this.#beta2), tf.mul(tf.square(gradient), 1 - this.#beta2)),
      );
      const divisor = tf.add(tf.div(tf.sqrt(square), root), this.#epsilon);
      const step = tf.div(tf.mul(mean, rate), divisor);
      parameter.assign(tf.sub(tf.mul(parameter, keep), step));
    });
  }

  /** Updates all parameters of a group by one kernel. */
  #updateAll(updates: readonly Update[]): void {
    const inputs: Kernels["AdamW"]["inputs"] = {};
    for (const [i, { parameter, gradient, mean, square }] of updates.entries()) {
      inputs[`parameter${i}`] = parameter;
      inputs[`gradient${i}`] = gradient;
      inputs[`mean${i}`] = mean;
      inputs[`square${i}`] = square;
    }
    const [beta1, beta2, epsilon] = [this.#beta1, this.#beta2, this.#epsilon];
    const updated = runKernel("AdamW", inputs, { updates, beta1, beta2, epsilon });
    updates.forEach(({ parameter }, i) => parameter.assign(updated[i]!));
    tf.dispose(updated);
  }
}
