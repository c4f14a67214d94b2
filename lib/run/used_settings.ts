import type { RunConfig } from "./config.ts";

/** For settings that only some runs use: which. */
const USES: { readonly [Key in keyof RunConfig]?: (config: RunConfig) => boolean } = {
  data_dir: ({ suite }) => suite === "superni" || suite === "bbh",
  data_file: ({ suite }) => suite === "jsonl",
  split: ({ suite }) => suite === "superni",
  heldout_categories: ({ suite, split }) => suite === "superni" && split === "category",
  max_skills: ({ suite }) => suite === "skills" || suite === "planted",
  name_in_input: ({ suite }) => suite === "skills" || suite === "words",
  test_words: ({ suite }) => suite === "words",
  base_model: isOfText,
  base_model_revision: isOfText,
  max_input_tokens: isOfText,
  max_target_tokens: isOfText,
  num_beams: isOfText,
  n_skills: ({ method }) => ["poly", "uniform", "shared_equal_budget"].includes(method),
  router_noise: isLearned,
  router_straight_through: isLearned,
  router_temperature: (config) => isLearned(config) && config.router_noise !== "none",
  router_granularity: isLearned,
  router_learning_rate: isLearned,
  adaptation: ({ n_heldout_tasks }) => n_heldout_tasks > 0,
  shots: isAdapted,
  shot_splits: isAdapted,
  adaptation_steps: isAdapted,
  adaptation_batch_size: isAdapted,
  adaptation_learning_rate: isAdapted,
  adaptation_router_learning_rate: (config) => isLearned(config) && isAdapted(config),
};

/**
 * Whether a setting makes a difference to a run, as far as its other settings tell.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseRunConfig } from "./config.ts";
 *
 * assert.ok(isUsed("data_file", parseRunConfig({ suite: "jsonl" })));
 * assert.ok(!isUsed("data_file", parseRunConfig({ suite: "skills" })));
 * ```
 */
export function isUsed(key: keyof RunConfig, config: RunConfig): boolean {
  return USES[key]?.(config) ?? true;
}

function isOfText({ suite }: RunConfig): boolean {
  return suite !== "planted";
}

function isLearned({ method }: RunConfig): boolean {
  return method === "poly";
}

function isAdapted({ adaptation, n_heldout_tasks }: RunConfig): boolean {
  return n_heldout_tasks > 0 && adaptation !== "none";
}
