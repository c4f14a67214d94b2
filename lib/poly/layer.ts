import type * as tf from "../tf.ts";
import type { Router } from "./router.ts";

/**
 * One adapted linear layer of one adapter: an inventory of skills and the router that mixes them.
 *
 * Letters: `I` and `O` features in and out, `H` splits, `S` skills, `R` rank.
 *
 * Source: tuners/poly/layer.py of PEFT, `PolyLayer`
 */
export interface PolyLayer {
  /** The module's name, such as `encoder.block.0.layer.0.SelfAttention.q`. */
  readonly name: string;
  /** Number of features that go in, I. */
  readonly inFeatures: number;
  /** Number of features that come out, O. */
  readonly outFeatures: number;
  /** Rank of a skill, R. */
  readonly rank: number;
  /** The A of every skill in every split; shape `[H, S, I/H, R]`. */
  readonly skillsA: tf.Variable;
  /** The B of every skill in every split; shape `[H, S, R, O/H]`. */
  readonly skillsB: tf.Variable;
  /** The router that mixes the skills; the layers of one group share it. */
  readonly router: Router;
}

/** PEFT's names of a layer's tensors, below the name of the layer. */
export const LAYER_PARAMETERS = {
  skillsA: "poly_lora_A",
  skillsB: "poly_lora_B",
  moduleLogits: "poly_router.module_logits",
} as const;
