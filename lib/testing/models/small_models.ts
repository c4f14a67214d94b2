/** Small T5 and Llama models, a batch for them, and helpers for the values of their adapters. */
import { LlamaForCausalLM } from "../../models/llama/model.ts";
import { T5ForConditionalGeneration } from "../../models/t5/model.ts";
import { parseT5Config } from "../../models/t5/config.ts";
import { t5Shapes } from "../../models/t5/weights.ts";
import type { Adapter } from "../../poly/adapter.ts";
import { slots } from "../../peft/adapter_slots.ts";
import * as tf from "../../tf.ts";
import { wave } from "../wave.ts";

/** Config of a T5 of two encoder blocks and one decoder block, whose sizes are all different. */
export const T5_CONFIG: Readonly<Record<string, unknown>> = {
  model_type: "t5",
  d_model: 12,
  d_kv: 6,
  d_ff: 20,
  num_layers: 2,
  num_decoder_layers: 1,
  num_heads: 3,
  vocab_size: 23,
  relative_attention_num_buckets: 6,
  relative_attention_max_distance: 9,
  feed_forward_proj: "gated-gelu",
  tie_word_embeddings: false,
  dropout_rate: 0,
  decoder_start_token_id: 0,
};

/** Config of a Llama of two layers, whose sizes are all different. */
export const LLAMA_CONFIG: Readonly<Record<string, unknown>> = {
  model_type: "llama",
  hidden_size: 16,
  intermediate_size: 22,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  vocab_size: 29,
  max_position_embeddings: 64,
  tie_word_embeddings: false,
  initializer_range: 0.3,
};

/** Makes a T5 with a head of its own, whose logits are neither nearly equal nor far apart. */
export function smallT5(
  changes: Readonly<Record<string, unknown>> = {},
): T5ForConditionalGeneration {
  const config = { ...T5_CONFIG, ...changes };
  const shapes = [...t5Shapes(parseT5Config(config))].filter(([name]) =>
    !name.endsWith("embed_tokens.weight")
  );
  const tensors = shapes.map(([name, shape], i): [string, tf.Tensor] => {
    const size = shape.reduce((product, n) => product * n, 1);
    const values = wave(size, 0.61 * i, shape.length === 1 ? 0.2 : 0.5);
    return [name, tf.tensor(shape.length === 1 ? values.map((value) => 1 + value) : values, shape)];
  });
  return T5ForConditionalGeneration.fromTensors(config, new Map(tensors));
}

export function smallLlama(
  changes: Readonly<Record<string, unknown>> = {},
): LlamaForCausalLM {
  return LlamaForCausalLM.fromConfig({ ...LLAMA_CONFIG, ...changes }, { seed: 2 });
}

/** A mixed batch of three rows. */
export const BATCH = {
  inputIds: [[5, 9, 3, 17], [20, 4, 4, 8], [11, 2, 19, 6]],
  attentionMask: [[1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1]],
  labels: [[7, 12, 1, 3], [15, 3, 1, 4], [21, 6, 1, 9]],
  taskIds: [2, 0, 1],
};

/**
 * Sets every number of an adapter to a different value, so that a swap or a transposition shows.
 */
export function fillWithWaves(adapter: Adapter, phase = 0): void {
  for (const [i, { variable, part }] of slots(adapter).entries()) {
    const values = wave(variable.size, phase + 0.37 * i, part === "router" ? 2 : 0.4);
    tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
  }
}

/** The values of every tensor of an adapter, by its name in the file. */
export async function valuesOf(adapter: Adapter): Promise<Map<string, Float32Array>> {
  const values = new Map<string, Float32Array>();
  for (const { name, variable } of slots(adapter)) {
    values.set(name, await variable.data() as Float32Array);
  }
  return values;
}
