import { activationClass } from "../activation_class.ts";
import type { LlamaConfig } from "./config.ts";
import { FAMILIES, type LlamaType } from "./family.ts";
import type { ModuleInfo } from "../base_model.ts";

/** What `transformers` calls the class of a model of this type. */
export function llamaClass(type: LlamaType): string {
  return `${FAMILIES[type].prefix}ForCausalLM`;
}

/**
 * Every module of a Llama or a relative in the order of `named_modules()`, the root left out.
 *
 * Source: transformers 5.17 models/{llama,mistral,qwen2,qwen3,gemma2,gemma3,phi3}/modeling_*.py.
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
  const { prefix, model, embedding, isGemma, hasHeadNorms, isFused } = FAMILIES[config.modelType];
  const linear = (name: string, inFeatures: number, outFeatures: number): ModuleInfo => ({
    name,
    kind: "Linear",
    inFeatures,
    outFeatures,
  });
  const norm = (name: string): ModuleInfo => ({ name, kind: `${prefix}RMSNorm` });
  const { hiddenSize, intermediateSize, headDim } = config;
  const queries = config.numHeads * headDim;
  const keys = config.numKeyValueHeads * headDim;
  const attention = (at: string): ModuleInfo[] =>
    isFused
      ? [
        linear(`${at}.o_proj`, queries, hiddenSize),
        linear(`${at}.qkv_proj`, hiddenSize, queries + 2 * keys),
      ]
      : [
        linear(`${at}.q_proj`, hiddenSize, queries),
        linear(`${at}.k_proj`, hiddenSize, keys),
        linear(`${at}.v_proj`, hiddenSize, keys),
        linear(`${at}.o_proj`, queries, hiddenSize),
        ...(hasHeadNorms ? [norm(`${at}.q_norm`), norm(`${at}.k_norm`)] : []),
      ];
  const feedForward = (at: string): ModuleInfo[] => [
    ...(isFused ? [linear(`${at}.gate_up_proj`, hiddenSize, 2 * intermediateSize)] : [
      linear(`${at}.gate_proj`, hiddenSize, intermediateSize),
      linear(`${at}.up_proj`, hiddenSize, intermediateSize),
    ]),
    linear(`${at}.down_proj`, intermediateSize, hiddenSize),
    {
      name: `${at}.${isFused ? "activation_fn" : "act_fn"}`,
      kind: activationClass(config.hiddenAct),
    },
  ];
  const layers = Array.from({ length: config.numLayers }, (_, i): ModuleInfo[] => {
    const at = `model.layers.${i}`;
    return [
      { name: at, kind: `${prefix}DecoderLayer` },
      { name: `${at}.self_attn`, kind: `${prefix}Attention` },
      ...attention(`${at}.self_attn`),
      { name: `${at}.mlp`, kind: `${prefix}MLP` },
      ...feedForward(`${at}.mlp`),
      norm(`${at}.input_layernorm`),
      norm(`${at}.post_attention_layernorm`),
      ...(isGemma
        ? [norm(`${at}.pre_feedforward_layernorm`), norm(`${at}.post_feedforward_layernorm`)]
        : []),
      ...(config.modelType === "phi3"
        ? [
          { name: `${at}.resid_attn_dropout`, kind: "Dropout" },
          { name: `${at}.resid_mlp_dropout`, kind: "Dropout" },
        ]
        : []),
    ];
  });
  return [
    { name: "model", kind: model },
    { name: "model.embed_tokens", kind: embedding },
    { name: "model.layers", kind: "ModuleList" },
    ...layers.flat(),
    norm("model.norm"),
    { name: "model.rotary_emb", kind: `${prefix}RotaryEmbedding` },
    linear("lm_head", hiddenSize, config.vocabSize),
  ];
}
