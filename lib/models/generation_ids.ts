import { ConfigFields } from "./config_fields.ts";

/** The ids that start, end and fill up sequences. */
export interface GenerationIds {
  /** The id that fills finished rows; null where there is none. */
  readonly pad: number | null;
  /** The ids that end a sequence; empty when none does. */
  readonly eos: readonly number[];
  /** The id that the decoder starts from, or one for each row; only of an encoder-decoder. */
  readonly decoderStart: number | readonly number[] | null;
}

/** The model whose `generation_config.json` is read. */
export interface GeneratingModel {
  /** Name of the object in error messages. */
  readonly modelType: string;
  /** V; every id that is used is below it. */
  readonly vocabSize: number;
  /** Whether its decoder begins with a token of its own. */
  readonly isEncoderDecoder: boolean;
}

/** A model and what its files say. */
interface IdentifiedModel extends Omit<GeneratingModel, "modelType"> {
  readonly identity: {
    readonly modelType: string;
    readonly config: Raw;
    readonly generationIds: GenerationIds;
    readonly generationConfig: Raw | null;
  };
}

/** What says an id: a file, or a call. */
type Raw = Readonly<Record<string, unknown>>;

/**
 * Reads the ids that generation needs from a `generation_config.json`. As in transformers they come
 * from this file alone: an id it leaves out is not looked for in `config.json`.
 *
 * Source: transformers 5.17 generation/utils.py, `adjust_generation_fn` and `_prepare_special_tokens`
 *
 * @param raw the file as read; fields other than the four ids are not looked at
 * @param call ids that count before those of the file; null for none
 * @throws {TypeError} when an id is no integer
 * @throws {RangeError} when the decoder's start is not in the vocabulary; an id that ends a sequence may
 *   be outside, where it never comes, and so may the pad id, which is refused where it is needed
 *
 * @example Qwen2's instruction-tuned models end with either of two ids
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const model = { modelType: "qwen2", vocabSize: 151936, isEncoderDecoder: false };
 * const raw = { pad_token_id: 151643, eos_token_id: [151645, 151643], do_sample: true };
 * assert.deepEqual(readGenerationIds(raw, model), {
 *   pad: 151643,
 *   eos: [151645, 151643],
 *   decoderStart: null,
 * });
 * ```
 */
export function readGenerationIds(
  raw: Raw,
  { modelType, vocabSize, isEncoderDecoder }: GeneratingModel,
  call: Raw = {},
): GenerationIds {
  const inFile = new ConfigFields(modelType, raw, "generation_config.");
  const inCall = new ConfigFields(modelType, call);
  const fields = (name: string) => call[name] === undefined ? inFile : inCall;
  const eos = fields("eos_token_id").ids("eos_token_id").filter((id) => id >= 0 && id < vocabSize);
  const pad = fields("pad_token_id").has("pad_token_id")
    ? fields("pad_token_id").integer("pad_token_id", {})
    : null;
  const start = ["decoder_start_token_id", "bos_token_id"].find((name) => fields(name).has(name));
  return {
    // Old files write −1 where there is none; generation then pads with the end.
    pad: pad === null || pad === -1 ? eos[0] ?? null : pad,
    eos,
    decoderStart: isEncoderDecoder && start !== undefined
      ? readStart(fields(start), start, vocabSize)
      : null,
  };
}

/** One id, or a list of one for each row. */
function readStart(fields: ConfigFields, name: string, vocabSize: number): number | number[] {
  const list = name === "decoder_start_token_id" ? fields.list(name) : null;
  if (list === null) return fields.integer(name, { min: 0, max: vocabSize - 1 });
  return fields.integers(name, 0, vocabSize - 1);
}

/**
 * The ids of a generation: what the call says, else `generation_config.json`, or without such a file
 * `config.json`.
 *
 * @param call may hold `pad_token_id`, `eos_token_id`, `bos_token_id` and `decoder_start_token_id`
 * @throws as {@linkcode readGenerationIds} does
 */
export function generationIdsOf(
  { identity, vocabSize, isEncoderDecoder }: IdentifiedModel,
  call: object = {},
): GenerationIds {
  const { modelType, config, generationConfig, generationIds } = identity;
  const model = { modelType, vocabSize, isEncoderDecoder };
  if (generationConfig) return readGenerationIds(generationConfig, model, call as Raw);
  const { pad, eos, decoderStart } = generationIds;
  // A pad id that was made of the end goes with that end.
  const isSaid = isEncoderDecoder || config === undefined || Number(config.pad_token_id ?? -1) >= 0;
  const raw = {
    pad_token_id: isSaid ? pad : null,
    eos_token_id: eos,
    decoder_start_token_id: decoderStart,
    bos_token_id: config?.bos_token_id ?? null,
  };
  return readGenerationIds(raw, model, call as Raw);
}
