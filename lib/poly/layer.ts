import { type LowRankFactors, lowRankUpdate } from "../ops/linear.ts";
import { mixFactors } from "../ops/mix_skills.ts";
import * as tf from "../tf.ts";
import type { Router } from "./router.ts";

/**
 * One adapted linear layer of one adapter: an inventory of skills and the router that mixes them.
 *
 * Letters: `B` rows, `U` owners, `L` positions, `I` and `O` features in and out, `H` splits, `S`
 * skills, `R` rank.
 *
 * Source: tuners/poly/layer.py of PEFT, `PolyLayer` and `Linear`
 *
 * @example What one row's factors add
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../tf.ts";
 * import { Router } from "./router.ts";
 * import { PROFILES } from "./settings.ts";
 *
 * await tf.setBackend("cpu");
 * const [A, B] = [[2, 4], [3, 5]].map((skills) => tf.variable(tf.tensor4d(skills, [1, 2, 1, 1])));
 * const router = new Router("q", tf.variable(tf.zeros([1, 2])), 2, 1, PROFILES.peft);
 * const layer = new PolyLayer("q", 1, 1, A!, B!, router);
 * const factors = layer.factors(tf.tensor3d([0.5, 0.5], [1, 1, 2]));
 * const x = tf.tensor3d([10], [1, 1, 1]);
 * assert.deepEqual(layer.update(x, factors).arraySync(), [[[10 * 3 * 4]]]);
 * ```
 */
export class PolyLayer {
  /** Takes the variables over. */
  constructor(
    /** The module's name, such as `encoder.block.0.layer.0.SelfAttention.q`. */
    readonly name: string,
    readonly inFeatures: number,
    readonly outFeatures: number,
    /** Shape `[H, S, I/H, R]`. */
    readonly skillsA: tf.Variable,
    /** Shape `[H, S, R, O/H]`. */
    readonly skillsB: tf.Variable,
    /** Layers of one group share it. */
    readonly router: Router,
  ) {}

  /** R. */
  get rank(): number {
    return this.skillsA.shape[3]!;
  }

  /**
   * The low-rank factors of each owner; A and B are averaged each on its own, before their product.
   *
   * @param weights how much of each skill, shape `[U, H, S]`
   * @param owners which of the U owners each row has; by default every row is its own
   */
  factors(
    weights: tf.Tensor3D,
    owners: readonly number[] = Array.from({ length: weights.shape[0] }, (_, row) => row),
  ): LowRankFactors {
    const { skillsA, skillsB } = this;
    const { factorA, factorB } = mixFactors(
      weights,
      skillsA as unknown as tf.Tensor4D,
      skillsB as unknown as tf.Tensor4D,
    );
    return { factorA, factorB, owners };
  }

  /** What this layer adds to the base layer's output; `[B, L, I]` → `[B, L, O]`. */
  update(x: tf.Tensor3D, factors: LowRankFactors): tf.Tensor3D {
    return lowRankUpdate(x, factors);
  }

  /** Frees the skills; the router, which others may share, is freed by whoever made it. */
  dispose(): void {
    tf.dispose([this.skillsA, this.skillsB]);
  }
}
