import { type GenerationIds, readGenerationIds } from "./generation_ids.ts";

/** Class and origin of a base model, in Hugging Face's words. */
export interface Identity {
  /** Hugging Face's `model_type`, such as `t5`; `custom` where there is none. */
  readonly modelType: string;
  /** Hugging Face's class name, such as `T5ForConditionalGeneration`. */
  readonly className: string;
  /** The Python module of that class, such as `transformers.models.t5.modeling_t5`. */
  readonly pythonModule: string;
  /** `config.json` as read, unknown keys included. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The folder or hub id it was loaded from; null when made from a configuration. */
  readonly nameOrPath: string | null;
}

/** Class and origin of a language model, and the settings of generation in its files. */
export interface LanguageIdentity extends Identity {
  /** The ids that start, end and fill up sequences. */
  readonly generationIds: GenerationIds;
  /** `generation_config.json` as read; null where there is none. */
  readonly generationConfig: Readonly<Record<string, unknown>> | null;
}

/** Origin of a model. */
export interface Origin {
  /** The folder or hub id; null when made from a configuration. */
  readonly nameOrPath?: string | null;
  /** `generation_config.json` as read; null where there is none. */
  readonly generationConfig?: Readonly<Record<string, unknown>> | null;
}

/** The facts of a model's configuration that its identity is made of. */
export interface ParsedLanguageConfig {
  /** Hugging Face's `model_type`. */
  readonly modelType: string;
  /** V, the number of token ids. */
  readonly vocabSize: number;
  /** The ids that the configuration names. */
  readonly generationIds: GenerationIds;
}

/**
 * The identity of a language model of `transformers`. Generation takes its ids from
 * `generation_config.json`, and from the configuration where there is no such file.
 *
 * @param config `config.json` as read
 * @param parsed the same, checked
 * @param kind the class of `transformers`, and whether an encoder reads the prompt
 * @throws {TypeError} when an id of the generation configuration is not an integer
 * @throws {RangeError} when one is not in the vocabulary
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const generationIds = { pad: 0, eos: [2], decoderStart: null };
 * const parsed = { modelType: "mistral", vocabSize: 9, generationIds };
 * const kind = { className: "MistralForCausalLM", isEncoderDecoder: false };
 * const identity = languageIdentity({}, parsed, kind, { generationConfig: { eos_token_id: 5 } });
 * assert.equal(identity.pythonModule, "transformers.models.mistral.modeling_mistral");
 * assert.deepEqual(identity.generationIds.eos, [5]);
 * ```
 */
export function languageIdentity(
  config: Readonly<Record<string, unknown>>,
  { modelType, vocabSize, generationIds }: ParsedLanguageConfig,
  { className, isEncoderDecoder }: {
    readonly className: string;
    readonly isEncoderDecoder: boolean;
  },
  { nameOrPath = null, generationConfig = null }: Origin = {},
): LanguageIdentity {
  return {
    modelType,
    className,
    pythonModule: `transformers.models.${modelType}.modeling_${modelType}`,
    config,
    nameOrPath,
    generationIds: generationConfig === null
      ? generationIds
      : readGenerationIds(generationConfig, { modelType, vocabSize, isEncoderDecoder }),
    generationConfig,
  };
}
