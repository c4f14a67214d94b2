import { ConfigFields } from "./config_fields.ts";

/** The ids that generation reads from a model's configuration. */
export interface GenerationIds {
  /** The id that fills finished rows. */
  readonly pad: number;
  /** The ids that end a sequence; empty when none does. */
  readonly eos: readonly number[];
  /** The id that the decoder starts from; only of an encoder-decoder. */
  readonly decoderStart: number | null;
}

/** The model whose `generation_config.json` is read. */
export interface GeneratingModel {
  /** Name of the object in error messages. */
  readonly modelType: string;
  /** V; every id is below it. */
  readonly vocabSize: number;
  /** Whether its decoder begins with a token of its own. */
  readonly isEncoderDecoder: boolean;
}

/**
 * Reads the ids that generation needs from a `generation_config.json`. As in transformers they come
 * from this file alone: an id it leaves out is not looked for in `config.json`.
 *
 * Source: transformers 5.17 generation/utils.py, `adjust_generation_fn` and `_prepare_special_tokens`
 *
 * @param raw the file as read; fields other than the four ids are not looked at
 * @throws {TypeError} when an id is not an integer
 * @throws {RangeError} when an id is not in the vocabulary; one that ends a sequence may be outside,
 *   where it never comes
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
  raw: Readonly<Record<string, unknown>>,
  { modelType, vocabSize, isEncoderDecoder }: GeneratingModel,
): GenerationIds {
  const fields = new ConfigFields(modelType, raw, "generation_config.");
  const id = (name: string, min: number) =>
    fields.has(name) ? fields.integer(name, { min, max: vocabSize - 1 }) : null;
  const eos = fields.ids("eos_token_id").filter((id) => id >= 0 && id < vocabSize);
  const pad = id("pad_token_id", -1);
  return {
    // Old files write −1 where there is none; generation then pads with the end.
    pad: pad === null || pad === -1 ? eos[0] ?? 0 : pad,
    eos,
    decoderStart: isEncoderDecoder
      ? id("decoder_start_token_id", 0) ?? id("bos_token_id", 0)
      : null,
  };
}
