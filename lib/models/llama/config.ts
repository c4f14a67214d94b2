import { escapedValue } from "../../files/escaped.ts";
import { activation } from "../../ops/activation.ts";
import type { RopeParameters } from "../../ops/rotary.ts";
import type { GenerationIds } from "../generation_ids.ts";
import { ConfigFields } from "../config_fields.ts";

/** The model types that share Llama's architecture. */
export const LLAMA_TYPES = ["llama", "mistral", "qwen2"] as const;

/** One of {@linkcode LLAMA_TYPES}. */
export type LlamaType = typeof LLAMA_TYPES[number];

/** Configuration of a Llama, Mistral or Qwen2, checked and with its defaults. */
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
  /** Per layer, how many positions a query sees, itself included; null where it sees all before. */
  readonly windows: readonly (number | null)[];
  /** Which linear layers have a bias. */
  readonly bias: { readonly qkv: boolean; readonly o: boolean; readonly mlp: boolean };
  readonly tieWordEmbeddings: boolean;
  /** How many positions the model was made for. */
  readonly positions: number;
  /** The row of the embedding that starts at zero and is not trained; null where there is none. */
  readonly padTokenId: number | null;
  readonly generationIds: GenerationIds;
}

/** Defaults of `transformers` for absent fields, where they differ between model types. */
const DEFAULTS = {
  llama: { vocab: 32000, intermediate: 11008, keyValueHeads: null, positions: 2048, eos: 2 },
  mistral: { vocab: 32000, intermediate: 14336, keyValueHeads: 8, positions: 131072, eos: 2 },
  qwen2: { vocab: 151936, intermediate: 22016, keyValueHeads: 32, positions: 32768, eos: null },
} as const;

/**
 * Reads the `config.json` of a Llama, Mistral or Qwen2.
 *
 * Source: transformers models/{llama,mistral,qwen2}/configuration_*.py and, for the two ways of
 * writing the rotary embedding, modeling_rope_utils.py, `convert_rope_params_to_dict`.
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
  const defaults = DEFAULTS[type];

  const hiddenSize = size("hidden_size", 4096);
  const numHeads = size("num_attention_heads", 32);
  // An absent field and a null one differ here: null stands for one head of keys per head of queries.
  const absent = raw.num_key_value_heads === undefined ? defaults.keyValueHeads : null;
  const numKeyValueHeads = size("num_key_value_heads", absent ?? numHeads);
  const headDim = size("head_dim", Math.floor(hiddenSize / numHeads));
  check(
    type !== "llama" || hiddenSize % numHeads === 0,
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

  const hiddenAct = fields.string("hidden_act", "silu");
  activation(hiddenAct); // throws where there is none of that name
  const numLayers = fields.integer("num_hidden_layers", { min: 1, max: 10000, fallback: 32 });
  const vocabSize = size("vocab_size", defaults.vocab);
  const attentionBias = type === "llama" && fields.flag("attention_bias", false);
  const padTokenId = fields.has("pad_token_id")
    ? fields.integer("pad_token_id", { min: -1, max: vocabSize - 1 })
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
    rmsNormEps: fields.number("rms_norm_eps", { min: 0, fallback: 1e-6 }),
    initializerRange: fields.number("initializer_range", { min: 0, fallback: 0.02 }),
    attentionDropout: fields.number("attention_dropout", { min: 0, max: 1, fallback: 0 }),
    rope: readRope(type, fields, positions),
    windows: readWindows(type, raw, fields, numLayers),
    bias: {
      qkv: type === "qwen2" || attentionBias,
      o: attentionBias,
      mlp: type === "llama" && fields.flag("mlp_bias", false),
    },
    tieWordEmbeddings: fields.flag("tie_word_embeddings", false),
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

/** `rope_parameters`, or `rope_scaling` with `rope_theta` beside it as older files have them. */
function readRope(type: LlamaType, fields: ConfigFields, positions: number): RopeParameters {
  const beside = fields.number("rope_theta", { min: 1, fallback: 10000 });
  const rope = fields.within("rope_scaling") ?? fields.within("rope_parameters") ??
    new ConfigFields(type, {});
  const rope_theta = rope.number("rope_theta", { min: 1, fallback: beside });
  const rotated = rope.number("partial_rotary_factor", {
    fallback: fields.number("partial_rotary_factor", { fallback: 1 }),
  });
  check(rotated === 1, type, `partial_rotary_factor is not supported: got ${rotated}`);
  // Before it was called rope_type it was called type.
  const word = rope.has("rope_type") || !rope.has("type") ? "rope_type" : "type";
  const rope_type = rope.choice(word, ["default", "linear", "llama3"], "default");
  if (rope_type === "default") return { rope_type, rope_theta };
  const factor = rope.number("factor", { min: 1 });
  if (rope_type === "linear") return { rope_type, rope_theta, factor };
  const low_freq_factor = rope.number("low_freq_factor", { min: 0 });
  const high_freq_factor = rope.number("high_freq_factor", { min: 0 });
  check(
    low_freq_factor > 0 && high_freq_factor > low_freq_factor,
    type,
    `rope_parameters.high_freq_factor must be above low_freq_factor, and that above 0: ` +
      `they are ${high_freq_factor} and ${low_freq_factor}`,
  );
  const original_max_position_embeddings = rope.integer("original_max_position_embeddings", {
    min: 1,
    fallback: positions,
  });
  return {
    rope_type,
    rope_theta,
    factor,
    low_freq_factor,
    high_freq_factor,
    original_max_position_embeddings,
  };
}

/** Mistral's window holds in every layer, Qwen2's in those that `layer_types` calls sliding. */
function readWindows(
  type: LlamaType,
  raw: Readonly<Record<string, unknown>>,
  fields: ConfigFields,
  numLayers: number,
): (number | null)[] {
  const everyLayer = <T>(value: (layer: number) => T) =>
    Array.from({ length: numLayers }, (_, i) => value(i));
  if (type === "llama") return everyLayer(() => null);
  const asked = type === "mistral" || fields.flag("use_sliding_window", false);
  const window = asked && raw.sliding_window !== null
    ? fields.integer("sliding_window", { min: 1, fallback: 4096 })
    : null;
  if (type === "mistral") return everyLayer(() => window);

  const firstSliding = fields.integer("max_window_layers", { min: 0, fallback: 28 });
  const types = fields.strings("layer_types") ??
    everyLayer((layer) =>
      window !== null && layer >= firstSliding ? "sliding_attention" : "full_attention"
    );
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
      `layer_types asks for sliding_attention, which needs use_sliding_window and sliding_window: ` +
        `they are ${raw.use_sliding_window ?? false} and ${raw.sliding_window ?? 4096}`,
    );
    return kind === "full_attention" ? null : window;
  });
}

function check(holds: boolean, type: LlamaType, fault: string): void {
  if (!holds) throw new RangeError(`Cannot read the configuration of a "${type}" as ${fault}`);
}
