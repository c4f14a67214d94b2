import { linear } from "../ops/linear.ts";
import type { Noise } from "../ops/noise.ts";
import * as tf from "../tf.ts";
import type { ParameterSource } from "./parameters.ts";

/**
 * What decides the result of one forward call: how the model's named parts are computed, and whether
 * it trains. A model asks its call for every linear layer and every parameter, so an adapter changes
 * the model by handing in another call; nothing is stored on a layer.
 *
 * Letters: `B` rows, `L` positions, `I` and `O` features in and out.
 */
export interface Call {
  /** Whether dropout and routing noise are on. */
  readonly training: boolean;
  /**
   * Number of equal parts of the rows, each a batch of its own: it has a loss of its own, and on the CPU
   * and WebAssembly the bytes that it would have alone. 1 when absent.
   */
  readonly parts?: number;
  /** The named linear layer, x·Wᵀ + b and what an adapter adds; `[B, L, I]` → `[B, L, O]`. */
  linear(name: string, x: tf.Tensor3D): tf.Tensor3D;
  /** The named parameter as this call sees it. */
  parameter(name: string): tf.Tensor;
  /** In training, zeroes values with probability `rate` and scales the rest by 1 / (1 − rate). */
  dropout<T extends tf.Tensor>(x: T, rate: number, place: string): T;
  /**
   * The same call for other rows: row `i` of the new call is row `rows[i]` of this one. Beam search
   * and returned sequences use it. The new call is disposed on its own.
   */
  select(rows: readonly number[]): Call;
  /** Frees what the call keeps between forward passes. */
  dispose(): void;
}

/** Inputs of a plain call. */
export interface PlainCallOptions {
  /** Whether dropout is on; false when absent. */
  readonly training?: boolean;
  /** The source of random numbers; needed in training when the model has dropout. */
  readonly noise?: Noise | undefined;
  /** Number of equal parts of the rows, each a batch of its own; 1 when absent. */
  readonly parts?: number | undefined;
}

/** A call that computes the base model as it is. */
export class PlainCall implements Call {
  readonly training: boolean;
  readonly parts: number;
  readonly #parameters: ParameterSource;
  readonly #noise: Noise | undefined;

  constructor(parameters: ParameterSource, options: PlainCallOptions = {}) {
    this.#parameters = parameters;
    this.training = options.training ?? false;
    this.parts = options.parts ?? 1;
    this.#noise = options.noise;
  }

  linear(name: string, x: tf.Tensor3D): tf.Tensor3D {
    const weight = this.#parameters.get(`${name}.weight`) as unknown as tf.Tensor2D;
    return linear(x, weight, this.biasOf(name), this.parts);
  }

  /** The bias of the named linear layer, `[O]`; null where it has none. */
  biasOf(name: string): tf.Tensor1D | null {
    const bias = `${name}.bias`;
    return this.#parameters.has(bias) ? this.#parameters.get(bias) as unknown as tf.Tensor1D : null;
  }

  parameter(name: string): tf.Tensor {
    return this.#parameters.get(name);
  }

  dropout<T extends tf.Tensor>(x: T, rate: number, place: string): T {
    if (!this.training || rate === 0) return x;
    if (this.#noise === undefined) {
      throw new TypeError(
        `Cannot train with dropout without noise: the model drops with rate ${rate} at "${place}"; ` +
          `pass noise: seededNoise(seed), or set the model's dropout_rate to 0`,
      );
    }
    const uniform = this.#noise.uniform(`dropout/${place}`, x.shape);
    return tf.tidy(() => {
      const kept = tf.cast(tf.greaterEqual(uniform, rate), "float32");
      uniform.dispose();
      return tf.mul(x, tf.mul(kept, 1 / (1 - rate))) as T;
    });
  }

  select(_rows: readonly number[]): Call {
    return this;
  }

  dispose(): void {}
}
