import { ofRows } from "../../ops/linear.ts";
import { mixSkills } from "../../ops/mix_skills.ts";
import * as tf from "../../tf.ts";
import type { Router } from "../router.ts";
import type { FormLayer, PlainLayer } from "./form_layer.ts";

/** Sizes and place of a layer with (IA)³ vectors. */
export interface Ia3Place {
  /** Name of the module. */
  readonly name: string;
  /** Number of input features I. */
  readonly inFeatures: number;
  /** Number of output features O. */
  readonly outFeatures: number;
  /** Whether the vectors scale what goes into the layer, not what comes out. */
  readonly isFeedforward: boolean;
}

/**
 * A layer whose skills are vectors that scale its features: y = l ⊙ (x·Wᵀ + b), or y = (l ⊙ x)·Wᵀ + b in a
 * feed-forward layer, whose input is the inner activation.
 *
 * A skill is stored as v = l − 1 and starts at 0, so that a new adapter computes the base model to the
 * last bit. A task's vector is l = 1 + Σₛ w v, with its mixing weights w in each split; as these sum to 1,
 * it equals Σₛ w l, the average of the skills. Weight decay draws l towards 1, not towards 0.
 *
 * The layer has S · O values, or S · I in a feed-forward layer, whatever the number of splits.
 *
 * Source: Liu et al. 2022 (arXiv 2205.05638), section 3.3; tuners/ia3/layer.py of PEFT, `Linear.forward`;
 * mttl, commit ce4ca51d, models/poly.py, for vectors split into blocks
 *
 * @example A vector that doubles the first of two features
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../../tf.ts";
 * import { Router } from "../router.ts";
 * import { PROFILES } from "../settings.ts";
 *
 * await tf.setBackend("cpu");
 * const router = new Router("k", tf.variable(tf.zeros([1, 1])), 1, 1, PROFILES.peft);
 * const place = { name: "k", inFeatures: 3, outFeatures: 2, isFeedforward: false };
 * const layer = new Ia3Layer(place, tf.variable(tf.tensor3d([[[1, 0]]])), router);
 * const mixed = layer.mix(tf.ones([1, 1, 1]));
 * const y = tf.tensor3d([[[5, 7]]]);
 * const update = layer.update({ x: tf.ones([1, 1, 3]), y, product: (x) => x }, mixed, [0]);
 * assert.deepEqual(tf.add(y, update).arraySync(), [[[10, 7]]]);
 * ```
 */
export class Ia3Layer implements FormLayer {
  readonly name: string;
  readonly inFeatures: number;
  readonly outFeatures: number;
  /** Whether the vectors scale what goes into the layer. */
  readonly isFeedforward: boolean;
  readonly form = "ia3";
  readonly skills: ReadonlyMap<string, tf.Variable>;

  /**
   * Makes a layer, which owns the vectors from now on.
   *
   * @param vectors v of every skill in every split; shape `[H, S, O/H]`, or `[H, S, I/H]`
   */
  constructor(
    place: Ia3Place,
    readonly vectors: tf.Variable,
    readonly router: Router,
  ) {
    this.name = place.name;
    this.inFeatures = place.inFeatures;
    this.outFeatures = place.outFeatures;
    this.isFeedforward = place.isFeedforward;
    this.skills = new Map([[IA3_VECTORS, vectors]]);
  }

  /** v of each mixture; shape `[U, 1, O]`, or `[U, 1, I]`. */
  mix(weights: tf.Tensor3D): tf.Tensor3D {
    const [H, S, F] = this.vectors.shape as [number, number, number];
    return tf.tidy(() =>
      mixSkills(weights, tf.reshape(this.vectors, [H, S, 1, F]) as tf.Tensor4D, "columns")
    );
  }

  update(
    { x, y, product }: PlainLayer,
    mixed: tf.Tensor3D,
    owners: readonly number[],
  ): tf.Tensor3D {
    return tf.tidy(() => {
      const scale = ofRows(mixed, owners);
      return this.isFeedforward ? product(tf.mul(x, scale)) : tf.mul(y, scale);
    });
  }

  withRouter(router: Router): Ia3Layer {
    return new Ia3Layer(this, this.vectors, router);
  }
}

/** Name of a layer's vectors, which follows the name of the layer. */
export const IA3_VECTORS = "poly_ia3_l";
