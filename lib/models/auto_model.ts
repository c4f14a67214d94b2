import type * as tf from "../tf.ts";
import { pathIn } from "../files/path.ts";
import { readJsonObject } from "../files/json_object.ts";
import { readCheckpoint } from "./checkpoint.ts";
import { MODEL_FILES, resolveModel, type ResolveOptions } from "../hub/hugging_face.ts";
import { LlamaForCausalLM } from "./llama/model.ts";
import { LLAMA_TYPES } from "./llama/family.ts";
import { T5ForConditionalGeneration } from "./t5/model.ts";
import { T5_TYPES } from "./t5/config.ts";

/** A class of models, as far as it is needed to make one. */
export interface ModelClass<Model> {
  /** A model with weights that were read. */
  fromTensors(
    config: Readonly<Record<string, unknown>>,
    tensors: ReadonlyMap<string, tf.Tensor>,
    nameOrPath: string,
    generationConfig: Readonly<Record<string, unknown>> | null,
    warnings: readonly string[],
  ): Model;
  /** A model with fresh random weights. */
  fromConfig(config: Readonly<Record<string, unknown>>, options: { readonly seed: number }): Model;
}

/** Which loader takes which `model_type`. */
const LOADERS: Readonly<Record<string, readonly string[]>> = {
  AutoModelForSeq2SeqLM: T5_TYPES,
  AutoModelForCausalLM: LLAMA_TYPES,
};

/** Loads models of one kind by the `model_type` of their configuration. */
export class AutoModel<Model> {
  readonly #name: string;
  readonly #Model: ModelClass<Model>;

  /** Prefer {@linkcode AutoModelForSeq2SeqLM} and {@linkcode AutoModelForCausalLM}. */
  constructor(name: string, Model: ModelClass<Model>) {
    this.#name = name;
    this.#Model = Model;
  }

  /**
   * A model with the weights in a folder, or of a hub's model, which is downloaded where needed. Its
   * `nameOrPath` is what was given, as in PEFT. What `generation_config.json` says counts in generation where
   * a call says nothing.
   *
   * @param nameOrPath a folder, or `org/name` on a hub
   * @throws {HubError} when there is no such folder or model, or it cannot be downloaded
   * @throws {TypeError} when the configuration has no `model_type`, or one for another loader
   * @throws {RangeError} when the `model_type` is not known
   * @throws as `readCheckpoint` and the model's own class do, when files are missing or not valid
   */
  async fromPretrained(nameOrPath: string, options: ResolveOptions = {}): Promise<Model> {
    // First what is small: weights of a model that cannot be used need no download.
    const small = await resolveModel(nameOrPath, { ...options, patterns: ["config.json"] });
    const config = await readJsonObject(pathIn(small, "config.json"));
    if (config !== null) this.#check(config, `"${nameOrPath}"`);
    const dir = await resolveModel(nameOrPath, { patterns: MODEL_FILES, ...options });
    const checkpoint = await readCheckpoint(dir);
    const { config: whole, generationConfig, tensors, warnings } = checkpoint;
    try {
      return this.#Model.fromTensors(whole, tensors, nameOrPath, generationConfig, warnings);
    } catch (error) {
      for (const tensor of tensors.values()) tensor.dispose();
      throw error;
    }
  }

  /**
   * A model with fresh random weights.
   *
   * @param config what `config.json` would hold
   * @param options `seed`, the run's integer seed
   * @throws {TypeError} when it has no `model_type`, or one for another loader
   * @throws {RangeError} when the `model_type` is not known
   * @throws as the model's own class does, when a field is not valid
   */
  fromConfig(config: Readonly<Record<string, unknown>>, options: { readonly seed: number }): Model {
    this.#check(config, "a model from a configuration");
    return this.#Model.fromConfig(config, options);
  }

  #check({ model_type: type }: Readonly<Record<string, unknown>>, what: string): void {
    const own = LOADERS[this.#name]!;
    if (own.includes(type as string)) return;
    const start = `Cannot load ${what} with ${this.#name} as`;
    if (typeof type !== "string") {
      throw new TypeError(
        `${start} its configuration must name its model_type, one of ${own.join(", ")}: ` +
          `found ${JSON.stringify(type)}`,
      );
    }
    const other = Object.keys(LOADERS).find((name) => LOADERS[name]!.includes(type));
    if (other !== undefined) {
      throw new TypeError(`${start} its model_type is "${type}"; use ${other}`);
    }
    throw new RangeError(
      `${start} its model_type must be one of ${
        own.join(", ")
      }: found "${type}"; name a model of one ` +
        `of these types`,
    );
  }
}

/**
 * Loads encoder-decoders: T5, Flan-T5, ByT5, mT5.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../tf.ts";
 *
 * await tf.setBackend("cpu");
 * const config = { model_type: "t5", vocab_size: 11, d_model: 8, d_ff: 6, num_layers: 1 };
 * const model = AutoModelForSeq2SeqLM.fromConfig(config, { seed: 0 });
 * assert.equal(model.identity.className, "T5ForConditionalGeneration");
 * assert.throws(() => AutoModelForCausalLM.fromConfig(config, { seed: 0 }), {
 *   message: "Cannot load a model from a configuration with AutoModelForCausalLM as " +
 *     'its model_type is "t5"; use AutoModelForSeq2SeqLM',
 * });
 * model.dispose();
 * ```
 */
export const AutoModelForSeq2SeqLM: AutoModel<T5ForConditionalGeneration> = new AutoModel(
  "AutoModelForSeq2SeqLM",
  T5ForConditionalGeneration,
);

/** Loads decoders: Llama, Mistral, Qwen2, Qwen3, Gemma 2, Gemma 3 (text), Phi-3. */
export const AutoModelForCausalLM: AutoModel<LlamaForCausalLM> = new AutoModel(
  "AutoModelForCausalLM",
  LlamaForCausalLM,
);
