import { ofRows } from "../../ops/linear.ts";
import { scatter } from "../../ops/scatter.ts";
import * as tf from "../../tf.ts";
import type { Router } from "../router.ts";
import type { FormLayer, PlainLayer } from "./form_layer.ts";

/** Name of a layer's values, which follows the name of the layer. */
export const SPARSE_VALUES = "poly_sparse_values";

/**
 * A layer whose skills are sparse differences of its weight: y = x·(W + Σₛ w Δ)ᵀ + b, where a skill Δ has
 * values at K places of the weight, its support, and zeros elsewhere. Values start at 0, so that a new
 * adapter computes the base model to the last bit.
 *
 * The layer has S · K values, with K = skill_density · I · O; a density of 1 makes the skills dense.
 *
 * Source: Ansell et al. 2022 (arXiv 2110.07560), LT-SFT; Ponti et al. 2022 (arXiv 2202.13914), section 3;
 * McGill-NLP/polytropon, adapters.py, `SkilledLTSFTLinear`, which draws one support for all skills together
 *
 * @example A difference of 5 in the second column of a weight with one row
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../../tf.ts";
 * import { Router } from "../router.ts";
 * import { PROFILES } from "../settings.ts";
 *
 * await tf.setBackend("cpu");
 * const router = new Router("q", tf.variable(tf.zeros([1, 1])), 1, 1, PROFILES.peft);
 * const place = { name: "q", inFeatures: 3, outFeatures: 1 };
 * const layer = new SparseLayer(place, tf.variable(tf.tensor3d([[[5]]])), Int32Array.of(1), router);
 * const mixed = layer.mix(tf.ones([1, 1, 1]));
 * const [x, y] = [tf.tensor3d([[[1, 2, 3]]]), tf.zeros([1, 1, 1])] as tf.Tensor3D[];
 * const update = layer.update({ x: x!, y: y!, product: (x) => x }, mixed, [0]);
 * assert.deepEqual(update.arraySync(), [[[10]]]);
 * ```
 */
export class SparseLayer implements FormLayer {
  readonly name: string;
  readonly inFeatures: number;
  readonly outFeatures: number;
  readonly form = "sparse";
  readonly skills: ReadonlyMap<string, tf.Variable>;

  /**
   * Makes a layer, which owns the values from now on.
   *
   * @param values of every skill at the places of its support; shape `[1, S, K]`
   * @param support places in the weight `[O, I]` read as one row, of skill after skill, each place once in a
   * skill and in [0, O·I); length S·K
   */
  constructor(
    place: Pick<FormLayer, "name" | "inFeatures" | "outFeatures">,
    readonly values: tf.Variable,
    readonly support: Int32Array,
    readonly router: Router,
  ) {
    this.name = place.name;
    this.inFeatures = place.inFeatures;
    this.outFeatures = place.outFeatures;
    this.skills = new Map([[SPARSE_VALUES, values]]);
  }

  /**
   * The difference of the weight that each mixture is, shape `[U, O, I]`. Where there are more mixtures than
   * skills, as in training with noise, the weights themselves, `[U, 1, S]`: then fewer products are needed
   * when each skill takes its share of the input.
   */
  mix(weights: tf.Tensor3D): tf.Tensor3D {
    const [U, , S] = weights.shape;
    if (U > S) return tf.clone(weights);
    const [I, O] = [this.inFeatures, this.outFeatures];
    return tf.tidy(() =>
      tf.reshape(
        tf.matMul(tf.reshape(weights, [U, S]) as tf.Tensor2D, this.#differences()),
        [U, O, I],
      )
    );
  }

  update({ x }: PlainLayer, mixed: tf.Tensor3D, owners: readonly number[]): tf.Tensor3D {
    const S = this.values.shape[1]!;
    return tf.tidy(() => {
      const own = ofRows(mixed, owners);
      if (mixed.shape[0] <= S) return tf.matMul(x, own, false, true);
      const [B, L, I] = x.shape;
      const O = this.outFeatures;
      const shares = tf.mul(tf.reshape(x, [B, L, 1, I]), tf.reshape(own, [B, 1, S, 1]));
      const differences = tf.transpose(tf.reshape(this.#differences(), [S, O, I]), [0, 2, 1]);
      const y = tf.matMul(
        tf.reshape(shares, [B * L, S * I]) as tf.Tensor2D,
        tf.reshape(differences, [S * I, O]) as tf.Tensor2D,
      );
      return tf.reshape(y, [B, L, O]);
    });
  }

  /** The skills with their zeros; shape `[S, O·I]`. */
  #differences(): tf.Tensor2D {
    const size = this.inFeatures * this.outFeatures;
    const [, S, K] = this.values.shape as [number, number, number];
    const values = tf.reshape(this.values, [S, K]) as tf.Tensor2D;
    return K === size ? values : scatter(values, this.support, size);
  }

  withRouter(router: Router): SparseLayer {
    return new SparseLayer(this, this.values, this.support, router);
  }
}

/** Number of values of one sparse skill in a weight of some size; at least 1. */
export function supportSize(density: number, size: number): number {
  return Math.max(1, Math.round(density * size));
}

/**
 * The places of the largest magnitudes, in ascending order; of equal ones the first are taken.
 *
 * @param count how many, at most as many as there are values
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(largestPlaces(Float32Array.of(1, -5, 2, 2), 2), [1, 2]);
 * ```
 */
export function largestPlaces(values: Float32Array, count: number): number[] {
  return [...values.keys()]
    .sort((a, b) => Math.abs(values[b]!) - Math.abs(values[a]!) || a - b)
    .slice(0, count)
    .sort((a, b) => a - b);
}
