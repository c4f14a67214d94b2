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

/** Settings of {@linkcode Adafactor}; the papers' code keeps these defaults. */
export interface AdafactorOptions {
  /** Number added to the squared gradient; 1e-30. */
  readonly epsilon?: number;
  /** Largest root mean square of an update; 1. */
  readonly clipThreshold?: number;
  /** Exponent of the decay of the second moment, β₂ = 1 − tᵉ; −0.8. */
  readonly decayRate?: number;
}

/**
 * Adafactor with a given learning rate: no first moment, no relative step, no scaling by the
 * parameter. The last two axes of a tensor of rank 2 or more share a factored second moment.
 *
 * Scaling by the parameter is left out on purpose: the papers' code has it on for some methods and
 * off for others, which makes their step sizes incomparable.
 *
 * Source: Shazeer & Stern 2018 (arXiv 1804.04235), in the form of transformers/optimization.py with
 * `relative_step=False, scale_parameter=False, beta1=None`.
 */
export class Adafactor implements Optimizer {
  readonly #groups: readonly ParameterGroup[];
  readonly #epsilon: number;
  readonly #clipThreshold: number;
  readonly #decayRate: number;
  /** Of the squared gradient: one tensor, or the means over columns and over rows of a matrix. */
  readonly #moments = new Map<string, Moments>();

  /**
   * Makes an optimiser. Its own tensors are made in the first step.
   *
   * @throws {RangeError} when a setting is out of range or a parameter is in two groups
   */
  constructor(groups: readonly ParameterGroup[], options: AdafactorOptions = {}) {
    const { epsilon = 1e-30, clipThreshold = 1, decayRate = -0.8 } = options;
    if (!(epsilon > 0) || !(clipThreshold > 0) || !(decayRate <= 0)) {
      throw new RangeError(
        `Cannot make Adafactor as epsilon and clipThreshold must be positive and decayRate must not: ` +
          `got ${epsilon}, ${clipThreshold} and ${decayRate}`,
      );
    }
    checkGroups("Adafactor", groups);
    this.#groups = groups;
    this.#epsilon = epsilon;
    this.#clipThreshold = clipThreshold;
    this.#decayRate = decayRate;
  }

  step(gradients: ReadonlyMap<string, tf.Tensor>, scale = 1): void {
    for (const { parameters, learningRate, weightDecay = 0 } of this.#groups) {
      for (const [name, parameter] of parameters) {
        const gradient = gradients.get(name);
        if (gradient === undefined) continue;
        const rate = learningRate * scale;
        tf.tidy(() => {
          const direction = this.#direction(name, gradient);
          const rms = tf.sqrt(tf.mean(tf.square(direction)));
          const shrink = tf.maximum(1, tf.div(rms, this.#clipThreshold));
          const update = tf.mul(tf.div(direction, shrink), rate);
          parameter.assign(tf.sub(tf.mul(parameter, 1 - weightDecay * rate), update));
        });
      }
    }
  }

  async state(): Promise<OptimizerState> {
    return await stateOf(this.#moments);
  }

  restore(state: OptimizerState): void {
    for (const { parameters } of this.#groups) {
      for (const [name, parameter] of parameters) {
        if (!(name in state.steps)) continue;
        restoreMoments(name, this.#momentsOf(name, momentShapes(parameter.shape)), state);
      }
    }
  }

  dispose(): void {
    for (const { values } of this.#moments.values()) tf.dispose([...values]);
    this.#moments.clear();
  }

  #momentsOf(name: string, shapes: readonly number[][]): Moments {
    let moments = this.#moments.get(name);
    if (moments === undefined) {
      const zeros = (shape: number[]) => tf.tidy(() => tf.variable(tf.zeros(shape), false));
      moments = { values: shapes.map(zeros), step: 0 };
      this.#moments.set(name, moments);
    }
    return moments;
  }

  /** Updates the second moment and returns the gradient divided by its root. */
  #direction(name: string, gradient: tf.Tensor): tf.Tensor {
    const factored = gradient.rank >= 2;
    const square = tf.add(tf.square(gradient), this.#epsilon);
    const observed = factored ? [tf.mean(square, -1), tf.mean(square, -2)] : [square];
    const moment = this.#momentsOf(name, momentShapes(gradient.shape));
    moment.step++;
    const decay = 1 - moment.step ** this.#decayRate;
    moment.values.forEach((mean, i) =>
      mean.assign(tf.add(tf.mul(mean, decay), tf.mul(observed[i]!, 1 - decay)))
    );
    const [rows, columns] = moment.values;
    if (!factored) return tf.mul(tf.rsqrt(rows!), gradient);
    const rowFactor = tf.rsqrt(tf.div(rows!, tf.mean(rows!, -1, true)));
    return tf.mul(
      tf.mul(tf.expandDims(rowFactor, -1), tf.expandDims(tf.rsqrt(columns!), -2)),
      gradient,
    );
  }
}

/** Shapes of the second moment of a parameter. */
function momentShapes(shape: readonly number[]): number[][] {
  if (shape.length < 2) return [[...shape]];
  return [shape.slice(0, -1), [...shape.slice(0, -2), shape.at(-1)!]];
}
