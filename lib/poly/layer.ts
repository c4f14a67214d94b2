import type * as tf from "../tf.ts";
import type { Router } from "./router.ts";

/**
 * One linear layer adapted by one adapter: an inventory of skills and the router that mixes them.
 *
 * Letters: `I` and `O` features in and out, `H` splits, `S` skills, `R` rank. In a stack of `N` adapters
 * (stack.ts) the inventories of all lie one behind another, and skills have the shapes
 * `[N·H, S, I/H, R]` and `[N·H, S, R, O/H]`.
 *
 * Source: tuners/poly/layer.py of PEFT, `PolyLayer`
 */
export interface PolyLayer {
  /** Name of the module, such as `encoder.block.0.layer.0.SelfAttention.q`. */
  readonly name: string;
  /** Number of input features I. */
  readonly inFeatures: number;
  /** Number of output features O. */
  readonly outFeatures: number;
  /** Rank R of a skill. */
  readonly rank: number;
  /** Factor A of every skill in every split; shape `[H, S, I/H, R]`. */
  readonly skillsA: tf.Variable;
  /** Factor B of every skill in every split; shape `[H, S, R, O/H]`. */
  readonly skillsB: tf.Variable;
  /** Router that mixes the skills; the layers of one group share it. */
  readonly router: Router;
}

/** PEFT's names of a layer's tensors, which follow the name of the layer. */
export const LAYER_PARAMETERS = {
  skillsA: "poly_lora_A",
  skillsB: "poly_lora_B",
  moduleLogits: "poly_router.module_logits",
} as const;
