import { escapedValue } from "../../files/escaped.ts";
import { activation } from "../../ops/activation.ts";
import type { RopeParameters } from "../../ops/rope_frequencies.ts";
import type { GenerationIds } from "../generation_ids.ts";
import { ConfigFields } from "../config_fields.ts";
import { check } from "./check.ts";
import { FAMILIES, LLAMA_TYPES, type LlamaType } from "./family.ts";
import { readRope } from "./rope_config.ts";

/** Configuration of a Llama or of a model that shares its architecture, checked and with its defaults. */
export interface LlamaConfig {
  readonly modelType: LlamaType;
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly numLayers: number;
  readonly numHeads: number;
  /** Heads of keys and values, each shared by `numHeads / numKeyValueHeads` heads of queries. */
  readonly numKeyValueHeads: number;
  /** Features of one head; even. */
  readonly headDim: number;
  readonly hiddenAct: string;
  readonly rmsNormEps: number;
  readonly initializerRange: number;
  readonly attentionDropout: number;
  readonly rope: RopeParameters;
  /** The rotary embedding of layers with a window where it is another; null where all share one. */
  readonly localRope: RopeParameters | null;
  /** Features of each head that turn by position; even. */
  readonly rotaryDim: number;
  /** Per layer, how many positions a query sees, itself included; null where it sees all before. */
  readonly windows: readonly (number | null)[];
  /** Factor of the products query·key. */
  readonly attentionScale: number;
  /** c of c · tanh(x / c), which bounds the scores of attention and the logits; null where none does. */
  readonly caps: { readonly attention: number | null; readonly logits: number | null };
  /** Share of what attention and feed-forward layers add that is dropped in training; in [0, 1]. */
  readonly residualDropout: number;
  /** Which linear layers have a bias. */
  readonly bias: { readonly qkv: boolean; readonly o: boolean; readonly mlp: boolean };
  readonly tieWordEmbeddings: boolean;
  /** How many positions the model was made for. */
  readonly positions: number;
  /** The row of the embedding that starts at zero and is not trained; null where there is none. */
  readonly padTokenId: number | null;
  readonly generationIds: GenerationIds;
}

/**
 * Reads the `config.json` of a Llama or of a model that shares its architecture.
 *
 * Source: transformers models/{llama,mistral,qwen2,qwen3,gemma2,gemma3,phi3}/configuration_*.py
 *
 * @throws {TypeError} when a field has a wrong type
 * @throws {RangeError} when a field is out of range, disagrees with another, or asks for what is not
 *   supported
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const config = parseLlamaConfig({ model_type: "qwen2", hidden_size: 128 });
 * assert.equal(config.headDim, 4);
 * assert.deepEqual(config.bias, { qkv: true, o: false, mlp: false });
 * ```
 */
export function parseLlamaConfig(raw: Readonly<Record<string, unknown>>): LlamaConfig {
  const type = new ConfigFields("Llama", raw).choice("model_type", LLAMA_TYPES);
  const fields = new ConfigFields(type, raw);
  const size = (name: string, fallback: number) => fields.integer(name, { min: 1, fallback });
  const { defaults, isGemma, sharesHidden, mayHaveBias } = FAMILIES[type];

  const hiddenSize = size("hidden_size", defaults.hidden);
  const numHeads = size("num_attention_heads", defaults.heads);
  // An absent field and a null one differ here: null stands for one head of keys per head of queries.
  const absent = raw.num_key_value_heads === undefined ? defaults.keyValueHeads : null;
  const numKeyValueHeads = size("num_key_value_heads", absent ?? numHeads);
  const headDim = size("head_dim", defaults.headDim ?? Math.floor(hiddenSize / numHeads));
  check(
    !sharesHidden || hiddenSize % numHeads === 0,
    type,
    `num_attention_heads must divide hidden_size: they are ${numHeads} and ${hiddenSize}`,
  );
  check(
    numHeads % numKeyValueHeads === 0,
    type,
    `num_key_value_heads must divide num_attention_heads: they are ${numKeyValueHeads} and ${numHeads}`,
  );
  check(
    headDim % 2 === 0,
    type,
    `head_dim must be even, as features turn in pairs: it is ${headDim}`,
  );
  check(
    !isGemma || !fields.flag("use_bidirectional_attention", false),
    type,
    `use_bidirectional_attention is not supported: a decoder reads from left to right`,
  );

  const hiddenAct = fields.string(
    isGemma ? "hidden_activation" : "hidden_act",
    defaults.activation,
  );
  activation(hiddenAct); // throws where there is none of that name
  const numLayers = fields.integer("num_hidden_layers", {
    min: 1,
    max: 10000,
    fallback: defaults.layers,
  });
  const vocabSize = size("vocab_size", defaults.vocab);
  const attentionBias = mayHaveBias && fields.flag("attention_bias", false);
  const hasPad = fields.has("pad_token_id") ||
    (raw.pad_token_id === undefined && defaults.pad !== null);
  const padTokenId = hasPad
    ? fields.integer("pad_token_id", {
      min: -1,
      max: vocabSize - 1,
      ...(defaults.pad !== null && { fallback: defaults.pad }),
    })
    : null;
  const positions = size("max_position_embeddings", defaults.positions);
  const ends = raw.eos_token_id === undefined && defaults.eos !== null
    ? [defaults.eos]
    : fields.ids("eos_token_id");
  const eos = ends.filter((id) => id >= 0 && id < vocabSize); // one outside never comes
  return {
    modelType: type,
    vocabSize,
    hiddenSize,
    intermediateSize: size("intermediate_size", defaults.intermediate),
    numLayers,
    numHeads,
    numKeyValueHeads,
    headDim,
    hiddenAct,
    rmsNormEps: fields.number("rms_norm_eps", { min: 0, fallback: defaults.epsilon }),
    initializerRange: fields.number("initializer_range", { min: 0, fallback: 0.02 }),
    attentionDropout: fields.number("attention_dropout", { min: 0, max: 1, fallback: 0 }),
    residualDropout: type === "phi3"
      ? fields.number("resid_pdrop", { min: 0, max: 1, fallback: 0 })
      : 0,
    ...readRope(type, raw, fields, { headDim, positions }),
    windows: readWindows(type, raw, fields, numLayers),
    attentionScale: 1 / Math.sqrt(isGemma ? size("query_pre_attn_scalar", 256) : headDim),
    caps: isGemma ? readCaps(type, raw, fields) : { attention: null, logits: null },
    bias: {
      qkv: type === "qwen2" || attentionBias,
      o: attentionBias,
      mlp: type === "llama" && fields.flag("mlp_bias", false),
    },
    tieWordEmbeddings: fields.flag("tie_word_embeddings", defaults.isTied),
    positions,
    padTokenId: padTokenId === -1 ? vocabSize - 1 : padTokenId, // as PyTorch counts from the end
    generationIds: {
      // Old checkpoints write −1 where there is none; generation then pads with the end.
      pad: padTokenId === null || padTokenId === -1 ? eos[0] ?? null : padTokenId,
      eos,
      decoderStart: null,
    },
  };
}

/** Gemma 2 bounds scores and logits unless it says null, Gemma 3 the logits where it says a number. */
function readCaps(
  type: LlamaType,
  raw: Readonly<Record<string, unknown>>,
  fields: ConfigFields,
): LlamaConfig["caps"] {
  const cap = (name: string, absent: number) => {
    if (raw[name] === null || (raw[name] === undefined && type !== "gemma2")) return null;
    const value = fields.number(name, { min: 0, fallback: absent });
    check(value > 0, type, `${name} must be above 0, or null for none: got ${value}`);
    return value;
  };
  const attention = cap("attn_logit_softcapping", 50);
  check(
    type === "gemma2" || attention === null,
    type,
    `attn_logit_softcapping must be null, as transformers passes over it: got ${attention}`,
  );
  return { attention, logits: cap("final_logit_softcapping", 30) };
}

/**
 * The windows of a Mistral and a Phi-3 hold in every layer, those of the others in the layers that
 * `layer_types` calls sliding, or that stand where their type has them.
 */
function readWindows(
  type: LlamaType,
  raw: Readonly<Record<string, unknown>>,
  fields: ConfigFields,
  numLayers: number,
): (number | null)[] {
  const everyLayer = <T>(value: (layer: number) => T) =>
    Array.from({ length: numLayers }, (_, i) => value(i));
  if (type === "llama") return everyLayer(() => null);
  const isQwen = type === "qwen2" || type === "qwen3";
  const asked = !isQwen || fields.flag("use_sliding_window", false);
  const standard = type === "phi3" ? {} : { fallback: 4096 };
  const window =
    asked && (type === "phi3" ? fields.has("sliding_window") : raw.sliding_window !== null)
      ? fields.integer("sliding_window", { min: 1, ...standard })
      : null;
  if (type === "mistral" || type === "phi3") return everyLayer(() => window);

  const types = fields.strings("layer_types") ?? everyLayer(slidingLayers(type, fields, window));
  check(
    types.length === numLayers,
    type,
    `layer_types must name every layer: it names ${types.length} of ${numLayers}`,
  );
  return types.map((kind) => {
    check(
      kind === "full_attention" || kind === "sliding_attention",
      type,
      `layer_types may hold full_attention and sliding_attention only: got ${escapedValue(kind)}`,
    );
    check(
      kind === "full_attention" || window !== null,
      type,
      isQwen
        ? `layer_types asks for sliding_attention, which needs use_sliding_window and ` +
          `sliding_window: they are ${raw.use_sliding_window ?? false} and ` +
          `${raw.sliding_window ?? 4096}`
        : `layer_types has sliding_attention, which needs a sliding_window: it is null`,
    );
    return kind === "full_attention" ? null : window;
  });
}

/** What `layer_types` would say of each layer where it is absent. */
function slidingLayers(
  type: LlamaType,
  fields: ConfigFields,
  window: number | null,
): (layer: number) => string {
  const kind = (isSliding: boolean) => isSliding ? "sliding_attention" : "full_attention";
  if (type === "gemma2") return (layer) => kind(layer % 2 === 0);
  if (type === "gemma3_text") {
    const period = fields.integer("sliding_window_pattern", { min: 1, fallback: 6 });
    return (layer) => kind((layer + 1) % period !== 0);
  }
  const first = fields.integer("max_window_layers", { min: 0, fallback: 28 });
  return (layer) => kind(window !== null && layer >= first);
}
