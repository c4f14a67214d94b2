import { pythonJson } from "../files/python_json.ts";
import type { PolyConfigFields } from "../poly/config.ts";
import { PEFT_VERSION } from "../poly/config.ts";

/** Values of a LoRA configuration that differ from PEFT's defaults; the keys are also Poly's. */
export type LoraFacts = Pick<
  Record<keyof PolyConfigFields, unknown>,
  | "r"
  | "target_modules"
  | "exclude_modules"
  | "modules_to_save"
  | "task_type"
  | "base_model_name_or_path"
  | "revision"
  | "auto_mapping"
>;

/**
 * Formats the `adapter_config.json` of a LoRA adapter whose scale is 1 / r: every key that PEFT
 * writes, with PEFT's defaults except for `facts`.
 *
 * Source: peft 0.21.0, tuners/lora/config.py, as its `save_pretrained` writes it.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const file = JSON.parse(loraConfigText({
 *   r: 4,
 *   target_modules: ["q", "v"],
 *   exclude_modules: null,
 *   modules_to_save: null,
 *   task_type: "SEQ_2_SEQ_LM",
 *   base_model_name_or_path: null,
 *   revision: null,
 *   auto_mapping: null,
 * }));
 * assert.equal(file.lora_alpha / file.r, 1 / 4);
 * ```
 */
export function loraConfigText(facts: LoraFacts): string {
  return pythonJson({ ...DEFAULTS, ...facts }, new Set(["lora_dropout"]));
}

const DEFAULTS = {
  alora_invocation_tokens: null,
  alpha_pattern: {},
  arrow_config: null,
  bias: "none",
  corda_config: null,
  ensure_weight_tying: false,
  eva_config: null,
  fan_in_fan_out: false,
  inference_mode: true,
  init_lora_weights: true,
  kasa_config: null,
  layer_replication: null,
  layers_pattern: null,
  layers_to_transform: null,
  loftq_config: {},
  lora_alpha: 1,
  lora_bias: false,
  lora_dropout: 0,
  lora_ga_config: null,
  megatron_config: null,
  megatron_core: "megatron.core",
  monteclora_config: null,
  peft_type: "LORA",
  peft_version: PEFT_VERSION,
  qalora_group_size: 16,
  rank_pattern: {},
  target_parameters: null,
  trainable_token_indices: null,
  use_bdlora: null,
  use_dora: false,
  use_qalora: false,
  use_rslora: false,
  velora_config: null,
};
