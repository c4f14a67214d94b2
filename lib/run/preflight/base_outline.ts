/** A base model as far as its files tell without its weights, which may be too many to read twice. */
import { join } from "node:path";
import { escapedValue } from "../../files/escaped.ts";
import { readJsonObject } from "../../files/json_object.ts";
import type { ModuleInfo } from "../../models/base_model.ts";
import { outlineCheckpoint } from "../../models/checkpoint.ts";
import { type LanguageIdentity, languageIdentity } from "../../models/identity.ts";
import { parseLlamaConfig } from "../../models/llama/config.ts";
import { LLAMA_TYPES } from "../../models/llama/family.ts";
import { llamaClass, llamaModules } from "../../models/llama/modules.ts";
import { nameLlamaWeights } from "../../models/llama/weights.ts";
import { parseT5Config, T5_TYPES } from "../../models/t5/config.ts";
import { t5Modules } from "../../models/t5/modules.ts";
import { nameT5Weights } from "../../models/t5/weights.ts";
import { AutoTokenizer } from "../../models/tokenizers/tokenizer.ts";
import { compare } from "../agreement.ts";
import { PLANTED_LAYERS } from "../planted_layers.ts";
import type { AdaptedBase } from "./adapted_layers.ts";
import type { BaseSize } from "./cost.ts";

/** What is known of a base model before it is loaded. */
export interface BaseOutline extends AdaptedBase, BaseSize {
  /** What is worth knowing about its files and its tokenizer, as sentences. */
  readonly warnings: readonly string[];
}

/** The base model of planted tasks. */
export const PLANTED_OUTLINE: BaseOutline = {
  modules: PLANTED_LAYERS.map((layer) => ({ ...layer, kind: "Linear" })),
  weights: PLANTED_LAYERS.reduce((sum, { inFeatures: I, outFeatures: O }) => sum + I * O, 0),
  isEncoderDecoder: false,
  outputEmbedding: null,
  identity: { modelType: "mlp" },
  warnings: [],
};

/**
 * Opens a base model as a run does, but for the numbers in its weights: its configuration, its tokenizer,
 * and the names and sizes of its weights are read and compared.
 *
 * @param dir a folder in the Hugging Face layout
 * @throws what loading the model or the tokenizer throws
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const { modules, warnings } = await outlineBase("data/base");
 * assert.ok(modules.some(({ name }) => name.endsWith("SelfAttention.q")));
 * assert.deepEqual(warnings, []);
 * ```
 */
export async function outlineBase(dir: string): Promise<BaseOutline> {
  const type = (await readJsonObject(join(dir, "config.json")))?.model_type;
  const isT5 = (T5_TYPES as readonly unknown[]).includes(type);
  if (type !== undefined && !isT5 && !(LLAMA_TYPES as readonly unknown[]).includes(type)) {
    throw new RangeError(
      `Cannot load "${dir}" as the model_type in its config.json must be one of ` +
        `${[...T5_TYPES, ...LLAMA_TYPES].join(", ")}: found ${
          escapedValue(type)
        }; name a model of ` +
        `one of these types`,
    );
  }
  const tokenizer = await AutoTokenizer.fromPretrained(dir);
  const { config, tensors, ...origin } = await outlineCheckpoint(dir);
  const outline = isT5 ? outlineT5(config, tensors) : outlineLlama(config, tensors);
  const identity = languageIdentity(config, outline.parsed, outline.className, origin);
  const { modules, isEncoderDecoder } = outline;
  const { vocabSize } = outline.parsed;
  const sizes = [...tensors.values()].map(({ shape }) => shape.reduce((size, n) => size * n, 1));
  return {
    modules,
    weights: sizes.reduce((sum, size) => sum + size, 0),
    isEncoderDecoder,
    outputEmbedding: "lm_head",
    identity,
    warnings: [
      ...identity.warnings,
      ...compare(tokenizer, { identity, vocabSize, isEncoderDecoder }),
    ],
  };
}

/** What the classes of models make of their files. */
interface ClassOutline {
  readonly parsed: Parameters<typeof languageIdentity>[1] & { readonly vocabSize: number };
  readonly className: LanguageIdentity["className"];
  readonly modules: readonly ModuleInfo[];
  readonly isEncoderDecoder: boolean;
}

type Files = Awaited<ReturnType<typeof outlineCheckpoint>>;

function outlineT5(config: Files["config"], tensors: Files["tensors"]): ClassOutline {
  const parsed = parseT5Config(config);
  nameT5Weights(parsed, tensors);
  const className = "T5ForConditionalGeneration";
  return { parsed, className, modules: t5Modules(parsed), isEncoderDecoder: true };
}

function outlineLlama(config: Files["config"], tensors: Files["tensors"]): ClassOutline {
  const parsed = parseLlamaConfig(config);
  nameLlamaWeights(parsed, tensors);
  const className = llamaClass(parsed.modelType);
  return { parsed, className, modules: llamaModules(parsed), isEncoderDecoder: false };
}
