import type { RunConfig } from "../config.ts";
import type { AdaptedLayer } from "./adapted_layers.ts";

/** Numbers in an adapter. */
export interface AdapterSize {
  /** Of its skills. */
  readonly skills: number;
  /** Of its routing: logits of `poly`, embeddings of `hyper`, and none elsewhere. */
  readonly routing: number;
}

/**
 * How many numbers the adapter of the multi-task phase has, at least: routing is counted for one layer, as
 * all may share it. Full fine-tuning is counted by the weights of the layers.
 *
 * @param layers that get skills; null when they are not known, which counts one layer with as few
 * features as it can have
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseRunConfig } from "../config.ts";
 *
 * const config = parseRunConfig({ n_skills: 4, r: 2, n_tasks: 3 });
 * const layers = [{ name: "q", inFeatures: 8, outFeatures: 6 }];
 * assert.deepEqual(adapterSize(config, layers), { skills: 4 * 2 * 14, routing: 3 * 4 });
 * ```
 */
export function adapterSize(
  { method, skill_form, skill_density, n_tasks, n_skills, n_splits, r }: RunConfig,
  layers: readonly AdaptedLayer[] | null,
): AdapterSize {
  const sizes = layers ?? [{ inFeatures: n_splits, outFeatures: n_splits }];
  const sumOf = (values: (I: number, O: number) => number) =>
    sizes.reduce((sum, { inFeatures, outFeatures }) => sum + values(inFeatures, outFeatures), 0);
  if (method === "full") return { skills: sumOf((I, O) => I * O), routing: 0 };
  const isOne = method === "shared" || method === "shared_equal_budget";
  const skills = isOne ? 1 : method === "private" ? n_tasks : n_skills;
  const rank = method === "shared_equal_budget" ? r * n_skills : r;
  const ofSkill = {
    lora: (I: number, O: number) => rank * (I + O),
    ia3: Math.min,
    sparse: (I: number, O: number) => Math.round(skill_density * I * O),
  }[skill_form];
  const network = method === "hyper" ? 2 * (n_skills ** 2 + n_skills) : 0;
  return {
    skills: skills * sumOf(ofSkill) + network,
    routing: method === "poly" || method === "hyper" ? n_tasks * n_splits * skills : 0,
  };
}
