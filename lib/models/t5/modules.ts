import { activationClass } from "../activation_class.ts";
import type { ModuleInfo } from "../base_model.ts";
import type { T5Config } from "./config.ts";

/**
 * Every module of a T5 or mT5 in the order of `named_modules()`, the root left out.
 *
 * Source: transformers 5.17 models/t5/modeling_t5.py and models/mt5/modeling_mt5.py.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseT5Config } from "./config.ts";
 *
 * const modules = t5Modules(parseT5Config({ d_model: 8, d_kv: 3, num_heads: 2, num_layers: 1 }));
 * assert.deepEqual(modules.find(({ name }) => name.endsWith("EncDecAttention.q")), {
 *   name: "decoder.block.0.layer.1.EncDecAttention.q",
 *   kind: "Linear",
 *   inFeatures: 8,
 *   outFeatures: 6,
 * });
 * ```
 */
export function t5Modules(config: T5Config): ModuleInfo[] {
  const modules = [
    { name: "shared", kind: "Embedding" },
    ...stack("encoder", config.numLayers, config),
    ...stack("decoder", config.numDecoderLayers, config),
    linear("lm_head", config.dModel, config.vocabSize),
  ];
  if (config.modelType === "t5") return modules;
  return modules.map((module) => ({ ...module, kind: module.kind.replace(/^T5/, "MT5") }));
}

function linear(name: string, inFeatures: number, outFeatures: number): ModuleInfo {
  return { name, kind: "Linear", inFeatures, outFeatures };
}

function stack(name: "encoder" | "decoder", layers: number, config: T5Config): ModuleInfo[] {
  const blocks = Array.from({ length: layers }, (_, i) => {
    const at = `${name}.block.${i}`;
    return [
      { name: at, kind: "T5Block" },
      { name: `${at}.layer`, kind: "ModuleList" },
      ...sublayer(
        `${at}.layer.0`,
        "T5LayerSelfAttention",
        attention("SelfAttention", i === 0, config),
      ),
      ...(name === "encoder" ? [] : sublayer(
        `${at}.layer.1`,
        "T5LayerCrossAttention",
        attention("EncDecAttention", false, config),
      )),
      ...sublayer(`${at}.layer.${name === "encoder" ? 1 : 2}`, "T5LayerFF", feedForward(config)),
    ];
  });
  return [
    { name, kind: "T5Stack" },
    { name: `${name}.embed_tokens`, kind: "Embedding" },
    { name: `${name}.block`, kind: "ModuleList" },
    ...blocks.flat(),
    { name: `${name}.final_layer_norm`, kind: "T5LayerNorm" },
    { name: `${name}.dropout`, kind: "Dropout" },
  ];
}

/** A part with its norm and dropout; the names of `inner` are below `name`. */
function sublayer(name: string, kind: string, inner: readonly ModuleInfo[]): ModuleInfo[] {
  return [
    { name, kind },
    ...inner.map((module) => ({ ...module, name: `${name}.${module.name}` })),
    { name: `${name}.layer_norm`, kind: "T5LayerNorm" },
    { name: `${name}.dropout`, kind: "Dropout" },
  ];
}

function attention(name: string, hasBias: boolean, config: T5Config): ModuleInfo[] {
  const inner = config.numHeads * config.dKv;
  return [
    { name, kind: "T5Attention" },
    linear(`${name}.q`, config.dModel, inner),
    linear(`${name}.k`, config.dModel, inner),
    linear(`${name}.v`, config.dModel, inner),
    linear(`${name}.o`, inner, config.dModel),
    ...(hasBias ? [{ name: `${name}.relative_attention_bias`, kind: "Embedding" }] : []),
  ];
}

function feedForward({ gated, dModel, dFf, act }: T5Config): ModuleInfo[] {
  const name = "DenseReluDense";
  const inputs = gated ? ["wi_0", "wi_1"] : ["wi"];
  return [
    { name, kind: gated ? "T5DenseGatedActDense" : "T5DenseActDense" },
    ...inputs.map((input) => linear(`${name}.${input}`, dModel, dFf)),
    linear(`${name}.wo`, dFf, dModel),
    { name: `${name}.dropout`, kind: "Dropout" },
    { name: `${name}.act`, kind: activationClass(act) },
  ];
}
