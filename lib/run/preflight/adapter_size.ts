import type { RunConfig } from "../config.ts";
import type { AdaptedLayer } from "./adapted_layers.ts";

/** Numbers in an adapter. */
export interface AdapterSize {
  /** Of its skills. */
  readonly skills: number;
  /** Of its routing: learned by `poly`, and none elsewhere. */
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
  { method, n_tasks, n_skills, n_splits, r }: RunConfig,
  layers: readonly AdaptedLayer[] | null,
): AdapterSize {
  const isOne = method === "shared" || method === "shared_equal_budget";
  const skills = isOne ? 1 : method === "private" ? n_tasks : n_skills;
  const rank = method === "shared_equal_budget" ? r * n_skills : r;
  const features = (layers ?? [{ inFeatures: n_splits, outFeatures: n_splits }])
    .reduce((sum, { inFeatures, outFeatures }) => sum + inFeatures + outFeatures, 0);
  return {
    skills: skills * rank * features,
    routing: method === "poly" ? n_tasks * n_splits * skills : 0,
  };
}
