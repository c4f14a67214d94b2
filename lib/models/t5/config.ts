import { escaped } from "../../files/escaped.ts";
import { activation } from "../../ops/activation.ts";
import type { GenerationIds } from "../generation_ids.ts";
import { ConfigFields } from "../config_fields.ts";

/** The model types of this family. */
export const T5_TYPES = ["t5", "mt5"] as const;

/** One of {@linkcode T5_TYPES}. */
type T5Type = typeof T5_TYPES[number];

/** The defaults in which the two differ. */
const DEFAULTS = {
  t5: { vocab: 32128, ff: 2048, layers: 6, heads: 8, projection: "relu" },
  mt5: { vocab: 250112, ff: 1024, layers: 8, heads: 6, projection: "gated-gelu" },
};

/** Configuration of a T5, checked and with its defaults. */
export interface T5Config {
  readonly modelType: T5Type;
  readonly vocabSize: number;
  readonly dModel: number;
  /** Features of one head; the heads together need not have `dModel`. */
  readonly dKv: number;
  readonly dFf: number;
  readonly numLayers: number;
  readonly numDecoderLayers: number;
  readonly numHeads: number;
  /** Into how many buckets relative positions fall. */
  readonly numBuckets: number;
  /** The distance from which on all positions share a bucket. */
  readonly maxDistance: number;
  readonly dropoutRate: number;
  readonly layerNormEpsilon: number;
  readonly initializerFactor: number;
  /** The activation of the feed-forward layers. */
  readonly act: string;
  /** Whether the activation gates a second projection, as from version 1.1 on. */
  readonly gated: boolean;
  /** Whether the decoder's output is scaled by dModel^−½ before the head, as in version 1.0. */
  readonly scaleDecoderOutputs: boolean;
  /** How many positions the model was made for, where the file says it; T5 has no such bound. */
  readonly positions: number | null;
  readonly generationIds: GenerationIds & {
    readonly pad: number;
    readonly decoderStart: number;
  };
}

/**
 * Reads the `config.json` of a T5 (version 1.0, 1.1, Flan, LM-adapted or ByT5) or an mT5.
 *
 * Source: transformers models/t5/configuration_t5.py and models/mt5/configuration_mt5.py, version
 * 5.17. There a decoder without a start token cannot be trained; here it starts with the pad token,
 * as every published T5 does.
 *
 * @throws {TypeError} when a field has a wrong type
 * @throws {RangeError} when a field is out of range, disagrees with another, or names an activation
 *   that is not known
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const config = parseT5Config({ feed_forward_proj: "gated-gelu", tie_word_embeddings: false });
 * assert.deepEqual([config.act, config.gated, config.scaleDecoderOutputs], ["gelu_new", true, false]);
 * assert.equal(config.numDecoderLayers, 6);
 * ```
 */
export function parseT5Config(raw: Readonly<Record<string, unknown>>): T5Config {
  const type = new ConfigFields("t5", raw).choice("model_type", T5_TYPES, "t5");
  const fields = new ConfigFields(type, raw);
  const defaults = DEFAULTS[type];
  const size = (name: string, fallback: number) => fields.integer(name, { min: 1, fallback });

  const vocabSize = size("vocab_size", defaults.vocab);
  const id = (name: string, fallback: number) =>
    fields.integer(name, { min: 0, max: vocabSize - 1, fallback });
  const pad = id("pad_token_id", 0);
  // An absent field and a null one differ here: null stands for no end.
  const eos = raw.eos_token_id === undefined ? [1] : fields.ids("eos_token_id");

  const numBuckets = fields.integer("relative_attention_num_buckets", { min: 4, fallback: 32 });
  const maxDistance = size("relative_attention_max_distance", 128);
  if (maxDistance <= Math.floor(numBuckets / 2)) {
    throw new RangeError(
      `Cannot read the configuration of a "${type}" as relative_attention_max_distance must be ` +
        `above half of relative_attention_num_buckets: they are ${maxDistance} and ${numBuckets}`,
    );
  }
  const layers = (name: string, fallback: number) =>
    fields.integer(name, { min: 1, max: 10000, fallback });
  const numLayers = layers("num_layers", defaults.layers);
  return {
    modelType: type,
    vocabSize,
    dModel: size("d_model", 512),
    dKv: size("d_kv", 64),
    dFf: size("d_ff", defaults.ff),
    numLayers,
    numDecoderLayers: layers("num_decoder_layers", numLayers),
    numHeads: size("num_heads", defaults.heads),
    numBuckets,
    maxDistance,
    dropoutRate: fields.number("dropout_rate", { min: 0, max: 1, fallback: 0.1 }),
    layerNormEpsilon: fields.number("layer_norm_epsilon", { min: 0, fallback: 1e-6 }),
    initializerFactor: fields.number("initializer_factor", { min: 0, fallback: 1 }),
    ...readFeedForward(fields, type),
    scaleDecoderOutputs: type === "t5" && fields.flag(
      "scale_decoder_outputs",
      fields.flag("tie_word_embeddings", true),
    ),
    positions: fields.has("max_position_embeddings") ? size("max_position_embeddings", 1) : null,
    generationIds: {
      pad,
      // One outside the vocabulary never comes.
      eos: eos.filter((id) => id >= 0 && id < vocabSize),
      decoderStart: id("decoder_start_token_id", pad),
    },
  };
}

/** `feed_forward_proj`, unless the fields derived from it stand in the file themselves. */
function readFeedForward(fields: ConfigFields, type: T5Type): { act: string; gated: boolean } {
  const projection = fields.string("feed_forward_proj", DEFAULTS[type].projection);
  const [, gate, name] = /^(gated-)?([^-]+)$/.exec(projection) ?? [];
  if (name === undefined) {
    throw new RangeError(
      `Cannot read the configuration of a "${type}" as feed_forward_proj must be an activation, ` +
        `with or without "gated-" before it: got "${escaped(projection)}"`,
    );
  }
  const act = fields.string("dense_act_fn", projection === "gated-gelu" ? "gelu_new" : name);
  activation(act); // throws where there is none of that name
  return { act, gated: fields.flag("is_gated_act", gate !== undefined) };
}
