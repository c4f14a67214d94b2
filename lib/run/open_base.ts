import { resolveModel, type ResolveOptions } from "../hub/hugging_face.ts";
import { AutoModelForCausalLM, AutoModelForSeq2SeqLM } from "../models/auto_model.ts";
import type { LanguageModel } from "../models/base_model.ts";
import { T5_TYPES } from "../models/t5/config.ts";
import { AutoTokenizer, type Tokenizer } from "../models/tokenizers/tokenizer.ts";
import { compare } from "./agreement.ts";
import { readJsonObject } from "../files/json_object.ts";
import { pathIn } from "../files/path.ts";

/** A base model with the tokenizer it was trained with. */
export interface OpenBase {
  readonly base: LanguageModel;
  readonly tokenizer: Tokenizer;
  /** Where the two disagree, and what else is worth knowing about their files, as sentences. */
  readonly warnings: readonly string[];
}

/**
 * Loads a base model of any known kind and its tokenizer.
 *
 * @param nameOrPath a folder in the Hugging Face layout, or a hub id
 * @param warn told of everything that is worth a warning
 * @param options of the hub, such as the revision
 * @throws what loading the model or the tokenizer throws
 */
export async function openBase(
  nameOrPath: string,
  // deno-lint-ignore no-console -- who does not say where warnings go reads them in the terminal
  warn: (message: string) => void = console.warn,
  options: ResolveOptions = {},
): Promise<OpenBase> {
  const dir = await resolveModel(nameOrPath, { ...options, patterns: ["config.json"] });
  const config = await readJsonObject(pathIn(dir, "config.json"));
  const isT5 = (T5_TYPES as readonly unknown[]).includes(config?.model_type);
  const AutoModel = isT5 ? AutoModelForSeq2SeqLM : AutoModelForCausalLM;
  const tokenizer = await AutoTokenizer.fromPretrained(nameOrPath, options);
  const base = await AutoModel.fromPretrained(nameOrPath, options);
  const warnings = [...base.identity.warnings, ...compare(tokenizer, base)];
  for (const warning of warnings) warn(warning);
  return { base, tokenizer, warnings };
}
