import type * as tf from "../../tf.ts";
import type { Router } from "../router.ts";
import type { SkillForm } from "../settings.ts";

/**
 * One linear layer adapted by skills of another form than low-rank factors. Each form says what a skill is
 * and what a mixture of skills adds to the layer; routing is the same for all.
 *
 * Letters: `B` rows, `L` positions, `I` and `O` features in and out, `H` splits, `S` skills, `U` mixtures
 * of skills.
 */
export interface FormLayer {
  /** Name of the module, such as `encoder.block.0.layer.0.SelfAttention.k`. */
  readonly name: string;
  /** Number of input features I. */
  readonly inFeatures: number;
  /** Number of output features O. */
  readonly outFeatures: number;
  /** What a skill is. */
  readonly form: Exclude<SkillForm, "lora">;
  /** The trained tensors `[H, S, …]`, by the names that follow the name of the layer. */
  readonly skills: ReadonlyMap<string, tf.Variable>;
  /** Router that mixes the skills; the layers of one group share it. */
  readonly router: Router;

  /**
   * Mixes the skills.
   *
   * @param weights shape `[U, H, S]`
   * @returns what {@linkcode FormLayer.update} takes; its first axis is U
   */
  mix(weights: tf.Tensor3D): tf.Tensor3D;

  /**
   * What the skills add to the output of the layer.
   *
   * @param layer what goes into the layer and comes out without the adapter
   * @param mixed a result of {@linkcode FormLayer.mix}
   * @param owners index of the mixture that each row uses, in [0, U)
   * @returns shape `[B, L, O]`
   */
  update(layer: PlainLayer, mixed: tf.Tensor3D, owners: readonly number[]): tf.Tensor3D;

  /** The same layer, with the same tensors, under another router. */
  withRouter(router: Router): FormLayer;
}

/** A linear layer of the base model in one pass. */
export interface PlainLayer {
  /** What goes in; shape `[B, L, I]`. */
  readonly x: tf.Tensor3D;
  /** What comes out without an adapter, bias included; shape `[B, L, O]`. */
  readonly y: tf.Tensor3D;
  /** The product of its weight with other inputs, without bias; `[B, L, I]` → `[B, L, O]`. */
  product(x: tf.Tensor3D): tf.Tensor3D;
}
