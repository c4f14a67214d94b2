import { joinSkills, mixFactors } from "../ops/mix_skills.ts";
import type * as tf from "../tf.ts";
import type { PolyConfig } from "./config.ts";
import type { PolyLayer } from "./layer.ts";

/**
 * The two low-rank factors of each row of a layer, by its setting `composition`: the mixtures of A and of
 * B, of rank R, or all skills side by side, of rank S·R. The update is x·A·B divided by that rank.
 *
 * @param weights mixing weights, shape `[B, H, S]`
 * @param inventories which inventory each row mixes, in a stack; see {@linkcode mixFactors}
 * @returns `factorA` of shape `[B, I, rank]` and `factorB` of shape `[B, rank, O]`
 */
export function layerFactors(
  { skillsA, skillsB, router }: Pick<PolyLayer, "skillsA" | "skillsB" | "router">,
  weights: tf.Tensor3D,
  inventories?: readonly number[],
): { readonly factorA: tf.Tensor3D; readonly factorB: tf.Tensor3D } {
  const [A, B] = [skillsA, skillsB] as unknown as [tf.Tensor4D, tf.Tensor4D];
  return router.settings.composition === "products"
    ? joinSkills(weights, A, B)
    : mixFactors(weights, A, B, inventories);
}

/** The rank of the factors of {@linkcode layerFactors}. */
export function rankOfFactors(
  { r, n_skills, settings }: Pick<PolyConfig, "r" | "n_skills" | "settings">,
): number {
  return settings.composition === "products" ? r * n_skills : r;
}
