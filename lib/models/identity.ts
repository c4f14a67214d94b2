import type { GenerationIds } from "./generation_ids.ts";

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
  /**
   * The ids in `config.json`, with which the model is trained; generation takes its own, see
   * `generationIdsOf`.
   */
  readonly generationIds: GenerationIds;
  /** How many positions the model was made for; null where it does not say. */
  readonly positions: number | null;
  /** `generation_config.json` as read; null where there is none. */
  readonly generationConfig: Readonly<Record<string, unknown>> | null;
  /** What is worth knowing about its files, as sentences. */
  readonly warnings: readonly string[];
}

/** Origin of a model. */
export interface Origin {
  /** The folder or hub id; null when made from a configuration. */
  readonly nameOrPath?: string | null;
  /** `generation_config.json` as read; null where there is none. */
  readonly generationConfig?: Readonly<Record<string, unknown>> | null;
  /** What is worth knowing about its files. */
  readonly warnings?: readonly string[];
}

/** The facts of a model's configuration that its identity is made of. */
export interface ParsedLanguageConfig {
  /** Hugging Face's `model_type`. */
  readonly modelType: string;
  /** How many positions the model was made for; null where it does not say. */
  readonly positions: number | null;
  /** The ids that the configuration names. */
  readonly generationIds: GenerationIds;
}

/** Folders of transformers that are not called as their `model_type`. */
const FOLDERS: Readonly<Record<string, string>> = { gemma3_text: "gemma3" };

/**
 * The identity of a language model of `transformers`. What `generation_config.json` says is checked when
 * something is generated, as a model can be trained whatever it says.
 *
 * @param config `config.json` as read
 * @param parsed the same, checked
 * @param className the class of `transformers`
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const generationIds = { pad: 0, eos: [2], decoderStart: null };
 * const parsed = { modelType: "mistral", positions: 64, generationIds };
 * const identity = languageIdentity({}, parsed, "MistralForCausalLM", { nameOrPath: "org/name" });
 * assert.equal(identity.pythonModule, "transformers.models.mistral.modeling_mistral");
 * assert.equal(identity.nameOrPath, "org/name");
 * ```
 */
export function languageIdentity(
  config: Readonly<Record<string, unknown>>,
  { modelType, positions, generationIds }: ParsedLanguageConfig,
  className: string,
  { nameOrPath = null, generationConfig = null, warnings = [] }: Origin = {},
): LanguageIdentity {
  const folder = FOLDERS[modelType] ?? modelType;
  return {
    modelType,
    className,
    pythonModule: `transformers.models.${folder}.modeling_${folder}`,
    config,
    nameOrPath,
    generationIds,
    positions,
    generationConfig,
    warnings,
  };
}
