import type { RunConfig } from "./config.ts";
import { hasSeveralSkills, heldoutRouting, mixesSkills } from "./heldout_routing.ts";

/** For settings that only some runs use: which. */
const USES: { readonly [Key in keyof RunConfig]?: (config: RunConfig) => boolean } = {
  data_dir: ({ suite }) => suite === "superni" || suite === "bbh",
  data_file: ({ suite }) => suite === "jsonl",
  split: ({ suite }) => suite === "superni",
  heldout_categories: ({ suite, split }) => suite === "superni" && split === "category",
  heldout_tasks: ({ suite, heldout_tasks }) =>
    ["superni", "bbh", "jsonl"].includes(suite) && heldout_tasks.length > 0,
  min_skills: isPlanted,
  max_skills: ({ suite }) => suite === "skills" || suite === "planted",
  name_in_input: ({ suite }) => suite === "skills" || suite === "words",
  test_words: ({ suite }) => suite === "words",
  teacher_n_skills: isPlanted,
  teacher_n_splits: isPlanted,
  teacher_r: isPlanted,
  target_noise: isPlanted,
  base_model: isOfText,
  base_model_revision: isOfText,
  max_input_tokens: isOfText,
  max_target_tokens: isOfText,
  num_beams: isOfText,
  unlikelihood: isOfText,
  length_normalised_choice: isOfText,
  further_scores: isOfText,
  skill_form: hasSkills,
  skill_density: isSparse,
  sparse_mask: (config) => isSparse(config) && config.skill_density < 1,
  mask_steps: (config) =>
    isSparse(config) && config.skill_density < 1 && config.sparse_mask === "change",
  n_skills: ({ method }) =>
    ["poly", "random", "uniform", "shared_equal_budget", "hyper"].includes(method),
  r: isLowRank,
  target_modules: hasSkills,
  init_scale: isLowRank,
  router_noise: isSampled,
  router_straight_through: isSampled,
  router_temperature: (config) => isSampled(config) && config.router_noise !== "none",
  router_granularity: (config) => isLearned(config) || config.method === "random",
  router_shared_skill: isLearned,
  router_normalization: isLearned,
  composition: mixesSkills,
  ibp_weight: ({ method }) => method === "poly",
  router_learning_rate: ({ method }) => method === "poly" || method === "hyper",
  alignment_validation_loss: ({ monitor_gradient_alignment, n_validation }) =>
    monitor_gradient_alignment && n_validation > 0,
  average_learning_rate: ({ average_steps }) => average_steps > 0,
  average_by: ({ average_steps }) => average_steps > 0,
  adaptation: ({ n_heldout_tasks }) => n_heldout_tasks > 0,
  adaptation_routing: (config) => isAdapted(config) && hasSeveralSkills(config),
  shots: isAdapted,
  shot_splits: isAdapted,
  adaptation_steps: isAdapted,
  adaptation_batch_size: isAdapted,
  adaptation_learning_rate: isAdapted,
  adaptation_router_learning_rate: learnsRow,
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

function isPlanted({ suite }: RunConfig): boolean {
  return suite === "planted";
}

function isOfText(config: RunConfig): boolean {
  return !isPlanted(config);
}

/** Whether adapters are made of skills; otherwise all weights are trained. */
function hasSkills({ method }: RunConfig): boolean {
  return method !== "full";
}

function isSparse(config: RunConfig): boolean {
  return hasSkills(config) && config.skill_form === "sparse";
}

function isLowRank(config: RunConfig): boolean {
  return hasSkills(config) && config.skill_form === "lora";
}

/** Whether some routing is learned as logits, which training may sample and round. */
function isSampled(config: RunConfig): boolean {
  return config.method !== "hyper" && isLearned(config);
}

/** Whether some routing is learned, in either phase. */
function isLearned(config: RunConfig): boolean {
  return config.method === "poly" || config.method === "hyper" || learnsRow(config);
}

/** Whether a held-out task learns a row of routing. */
function learnsRow(config: RunConfig): boolean {
  return isAdapted(config) && heldoutRouting(config) === "learned";
}

function isAdapted({ adaptation, n_heldout_tasks }: RunConfig): boolean {
  return n_heldout_tasks > 0 && adaptation !== "none";
}
