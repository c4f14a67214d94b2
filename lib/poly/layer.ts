import type * as tf from "../tf.ts";
import type { Router } from "./router.ts";

/**
 * One adapted linear layer of one adapter: an inventory of skills and the router that mixes them.
 *
 * Letters: `I` and `O` features in and out, `H` splits, `S` skills, `R` rank.
 *
 * Source: tuners/poly/layer.py of PEFT, `PolyLayer`
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
}
