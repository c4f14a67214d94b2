import { lowRankUpdate } from "../ops/low_rank_update.ts";
import { mixSkills } from "../ops/mix_skills.ts";
import * as tf from "../tf.ts";
import type { Router } from "./router.ts";

/** The low-rank factors of every row. */
export interface MixedFactors {
  /** Shape `[B, I, R]`. */
  readonly A: tf.Tensor3D;
  /** Shape `[B, R, O]`. */
  readonly B: tf.Tensor3D;
}

/**
 * One adapted linear layer of one adapter: an inventory of skills and the router that mixes them.
 *
 * Letters: `B` rows, `L` positions, `I` and `O` features in and out, `H` splits, `S` skills, `R` rank.
 *
 * Source: tuners/poly/layer.py of PEFT, `PolyLayer` and `Linear`
 */
export class PolyLayer {
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
   * The factors of each row; A and B are averaged each on its own, before their product.
   *
   * @param weights how much of each skill, shape `[B, H, S]`
   */
  factors(weights: tf.Tensor3D): MixedFactors {
    return {
      A: mixSkills(weights, this.skillsA as unknown as tf.Tensor4D, "rows"),
      B: mixSkills(weights, this.skillsB as unknown as tf.Tensor4D, "columns"),
    };
  }

  /** What this layer adds to the base layer's output; `[B, L, I]` → `[B, L, O]`. */
  update(x: tf.Tensor3D, { A, B }: MixedFactors): tf.Tensor3D {
    return lowRankUpdate(x, A, B);
  }

  /** Frees the skills; the router, which others may share, is freed by whoever made it. */
  dispose(): void {
    tf.dispose([this.skillsA, this.skillsB]);
  }
}
