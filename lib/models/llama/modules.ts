import { activationClass } from "../activation_class.ts";
import type { LlamaConfig, LlamaType } from "./config.ts";
import type { ModuleInfo } from "../base_model.ts";

/** What the classes of each model type begin with. */
const PREFIX: Readonly<Record<LlamaType, string>> = {
  llama: "Llama",
  mistral: "Mistral",
  qwen2: "Qwen2",
};

/** What `transformers` calls the class of a model of this type. */
export function llamaClass(type: LlamaType): string {
  return `${PREFIX[type]}ForCausalLM`;
}

/**
 * Every module of a Llama, Mistral or Qwen2 in the order of `named_modules()`, the root left out.
 *
 * Source: transformers 5.17 models/{llama,mistral,qwen2}/modeling_*.py.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseLlamaConfig } from "./config.ts";
 *
 * const config = { model_type: "llama", hidden_size: 8, num_attention_heads: 2, num_hidden_layers: 1 };
 * const modules = llamaModules(parseLlamaConfig(config));
 * assert.deepEqual(modules.find(({ name }) => name.endsWith(".q_proj")), {
 *   name: "model.layers.0.self_attn.q_proj",
 *   kind: "Linear",
 *   inFeatures: 8,
 *   outFeatures: 8,
 * });
 * ```
 */
export function llamaModules(config: LlamaConfig): ModuleInfo[] {
  const prefix = PREFIX[config.modelType];
  const linear = (name: string, inFeatures: number, outFeatures: number): ModuleInfo => ({
    name,
    kind: "Linear",
    inFeatures,
    outFeatures,
  });
  const { hiddenSize, intermediateSize, headDim } = config;
  const queries = config.numHeads * headDim;
  const keys = config.numKeyValueHeads * headDim;
  const layers = Array.from({ length: config.numLayers }, (_, i): ModuleInfo[] => {
    const at = `model.layers.${i}`;
    return [
      { name: at, kind: `${prefix}DecoderLayer` },
      { name: `${at}.self_attn`, kind: `${prefix}Attention` },
      linear(`${at}.self_attn.q_proj`, hiddenSize, queries),
      linear(`${at}.self_attn.k_proj`, hiddenSize, keys),
      linear(`${at}.self_attn.v_proj`, hiddenSize, keys),
      linear(`${at}.self_attn.o_proj`, queries, hiddenSize),
      { name: `${at}.mlp`, kind: `${prefix}MLP` },
      linear(`${at}.mlp.gate_proj`, hiddenSize, intermediateSize),
      linear(`${at}.mlp.up_proj`, hiddenSize, intermediateSize),
      linear(`${at}.mlp.down_proj`, intermediateSize, hiddenSize),
      { name: `${at}.mlp.act_fn`, kind: activationClass(config.hiddenAct) },
      { name: `${at}.input_layernorm`, kind: `${prefix}RMSNorm` },
      { name: `${at}.post_attention_layernorm`, kind: `${prefix}RMSNorm` },
    ];
  });
  return [
    { name: "model", kind: `${prefix}Model` },
    { name: "model.embed_tokens", kind: "Embedding" },
    { name: "model.layers", kind: "ModuleList" },
    ...layers.flat(),
    { name: "model.norm", kind: `${prefix}RMSNorm` },
    { name: "model.rotary_emb", kind: `${prefix}RotaryEmbedding` },
    linear("lm_head", hiddenSize, config.vocabSize),
  ];
}
