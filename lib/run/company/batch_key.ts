import type { RunConfig } from "../config.ts";
import { mixesSkills } from "../heldout_routing.ts";

/**
 * What runs must have in common to be trained in one batch, as a text: the base model, the layers that are
 * adapted and the rank of what adapts them, the rows of a batch and their lengths, the device. All else may
 * differ: tasks, seeds, methods, n_skills, n_splits, learning rates, steps.
 *
 * @returns null for a run that shares its batches with none: one that trains whole weights or skills of
 * another form, composes products, adds a prior to its loss, or learns from choices
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseRunConfig } from "../config.ts";
 *
 * const key = batchKey(parseRunConfig({}));
 * const other = { seed: 1, n_tasks: 3, n_skills: 8, n_splits: 2, method: "uniform", learning_rate: 0 };
 * assert.equal(batchKey(parseRunConfig({ ...other, method: "uniform" })), key);
 * assert.notEqual(batchKey(parseRunConfig({ r: 8 })), key);
 * assert.equal(batchKey(parseRunConfig({ method: "full" })), null);
 * ```
 */
export function batchKey(config: RunConfig): string | null {
  const isAlone = config.method === "full" || config.skill_form !== "lora" ||
    (mixesSkills(config) && config.composition !== "factors") || config.ibp_weight > 0 ||
    config.unlikelihood > 0 || config.length_normalised_choice > 0;
  if (isAlone) return null;
  const { suite, base_model, base_model_revision, task_seed, seed } = config;
  const isPlanted = suite === "planted";
  return JSON.stringify([
    config.backend,
    isPlanted ? ["planted", task_seed ?? seed] : [base_model, base_model_revision],
    config.target_modules,
    config.method === "shared_equal_budget" ? config.r * config.n_skills : config.r,
    config.batch_size,
    config.label_smoothing,
    isPlanted ? null : [config.max_input_tokens, config.max_target_tokens],
  ]);
}
