import type { LanguageModel } from "./base_model.ts";
import { writeCheckpoint } from "./checkpoint.ts";

/**
 * Writes a model into a folder as `save_pretrained` of transformers does: `config.json` and the
 * weights in float32 by their Hugging Face names, those tied to another left out; and the
 * `generation_config.json` that the model was loaded with.
 *
 * @param dir made when absent; a model that is there is replaced
 * @throws {RangeError} when a weight or setting cannot be written
 *
 * Source: transformers modeling_utils.py (`save_pretrained`)
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../tf.ts";
 * import { AutoModelForSeq2SeqLM } from "./auto_model.ts";
 *
 * await tf.setBackend("cpu");
 * const config = { model_type: "t5", vocab_size: 11, d_model: 8, d_ff: 6, num_layers: 1 };
 * const model = AutoModelForSeq2SeqLM.fromConfig(config, { seed: 0 });
 * const dir = await Deno.makeTempDir();
 * await saveBaseModel(model, dir);
 * const same = await AutoModelForSeq2SeqLM.fromPretrained(dir);
 * assert.deepEqual(same.parameters.names, model.parameters.names);
 * model.dispose();
 * same.dispose();
 * await Deno.remove(dir, { recursive: true });
 * ```
 */
export async function saveBaseModel(
  model: Pick<LanguageModel, "identity" | "parameters">,
  dir: string,
): Promise<void> {
  const { parameters, identity: { className, modelType, generationConfig, config: read } } = model;
  const tensors = await Promise.all(parameters.names.map(async (name) => {
    const { shape } = parameters.get(name);
    return [name, { shape, data: await parameters.get(name).data<"float32">() }] as const;
  }));
  // transformers loads in the type that the configuration names, whatever the file has.
  const { torch_dtype: _, ...config } = read;
  const whole = { model_type: modelType, ...config, architectures: [className], dtype: "float32" };
  await writeCheckpoint(dir, whole, tensors, { generationConfig });
}
