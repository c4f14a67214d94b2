import * as tf from "../../tf.ts";
import { randomStream } from "../../util/random.ts";
import { checkTensors, sameValues, type Shaped } from "../check_tensors.ts";
import type { LlamaConfig } from "./config.ts";
import { FAMILIES } from "./family.ts";
import { llamaClass, llamaModules } from "./modules.ts";
import { Parameters } from "../parameters.ts";

const EMBEDDING = "model.embed_tokens.weight";
const HEAD = "lm_head.weight";

/**
 * Every parameter of a Llama or a relative by its name in the order of `named_parameters()`;
 * without the head where it is tied to the embedding.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseLlamaConfig } from "./config.ts";
 *
 * const config = parseLlamaConfig({ model_type: "qwen2", hidden_size: 8, num_attention_heads: 2,
 *   num_key_value_heads: 1, num_hidden_layers: 1 });
 * const shapes = llamaShapes(config);
 * assert.deepEqual(shapes.get("model.layers.0.self_attn.k_proj.bias"), [4]);
 * ```
 */
export function llamaShapes(config: LlamaConfig): Map<string, number[]> {
  const shapes = new Map<string, number[]>();
  for (const { name, kind, inFeatures, outFeatures } of llamaModules(config)) {
    if (name === "lm_head" && config.tieWordEmbeddings) continue;
    if (name === "model.embed_tokens") {
      shapes.set(`${name}.weight`, [config.vocabSize, config.hiddenSize]);
    }
    if (kind.endsWith("RMSNorm")) {
      const isOfHeads = name.endsWith(".q_norm") || name.endsWith(".k_norm");
      shapes.set(`${name}.weight`, [isOfHeads ? config.headDim : config.hiddenSize]);
    }
    if (kind !== "Linear") continue;
    shapes.set(`${name}.weight`, [outFeatures!, inFeatures!]);
    if (hasBias(name, config)) shapes.set(`${name}.bias`, [outFeatures!]);
  }
  return shapes;
}

function hasBias(linear: string, { bias }: LlamaConfig): boolean {
  if (linear === "lm_head") return false;
  if (linear.includes(".mlp.")) return bias.mlp;
  return linear.endsWith(".o_proj") ? bias.o : bias.qkv;
}

/** Buffers of the rotary embedding, which old files have. */
const isBuffer = (name: string) => name.endsWith("rotary_emb.inv_freq");

/** The tensors of a model under the names of its parameters. */
interface NamedWeights<T> {
  readonly weights: Map<string, T>;
  readonly shapes: Map<string, number[]>;
  /** Parameters that are other parameters. */
  readonly aliases: Map<string, string>;
}

/**
 * Finds the parameters of a model among tensors, which may still be in their file.
 *
 * @throws as {@linkcode takeLlamaWeights}
 */
export function nameLlamaWeights<T extends Shaped>(
  config: LlamaConfig,
  tensors: ReadonlyMap<string, T>,
): NamedWeights<T> {
  const weights = new Map([...tensors].filter(([name]) => !isBuffer(name)));
  const shapes = llamaShapes(config);
  const aliases = new Map<string, string>();
  if (config.tieWordEmbeddings) {
    if (weights.has(HEAD)) {
      if (weights.has(EMBEDDING)) shapes.set(HEAD, shapes.get(EMBEDDING)!);
      else weights.set(EMBEDDING, weights.get(HEAD)!);
    }
    if (!shapes.has(HEAD)) {
      weights.delete(HEAD);
      aliases.set(HEAD, EMBEDDING);
    }
  }
  checkTensors(llamaClass(config.modelType), shapes, weights);
  return { weights, shapes, aliases };
}

/**
 * Takes tensors over as the parameters of a model.
 *
 * Of a model with `tie_word_embeddings`, a file may hold the embedding, the head, or both. Where both
 * are there and differ they stay apart, as in transformers 5 (modeling_utils.py, `tie_weights`).
 *
 * @param tensors the tensors by name; the caller's again if this throws; buffers of the rotary embedding, which
 *   old files have, are dropped
 * @throws {RangeError} when names or shapes are not the model's
 * @throws {TypeError} when a tensor is not float32
 */
export function takeLlamaWeights(
  config: LlamaConfig,
  tensors: ReadonlyMap<string, tf.Tensor>,
): Parameters {
  const { weights, shapes, aliases } = nameLlamaWeights(config, tensors);
  if (
    config.tieWordEmbeddings && weights.has(HEAD) &&
    sameValues(weights.get(HEAD)!, weights.get(EMBEDDING)!)
  ) {
    weights.get(HEAD)!.dispose();
    shapes.delete(HEAD);
    aliases.set(HEAD, EMBEDDING);
  }
  for (const [name, tensor] of tensors) if (isBuffer(name)) tensor.dispose();
  return new Parameters([...shapes.keys()].map((name) => [name, weights.get(name)!]), aliases);
}

/**
 * Fresh weights: normal with deviation `initializer_range`, norms 1 (0 in a Gemma, which adds 1), biases
 * 0, and 0 for the embedding of the padding. Each has a stream of its own.
 *
 * Source: transformers modeling_utils.py, `_init_weights`.
 *
 * @param seed the run's integer seed
 */
export function freshLlamaWeights(config: LlamaConfig, seed: number): Parameters {
  const { isGemma } = FAMILIES[config.modelType];
  const weights = [...llamaShapes(config)].map(([name, shape]): [string, tf.Tensor] => {
    if (name.endsWith(".bias")) return [name, tf.zeros(shape)];
    if (shape.length === 1) return [name, isGemma ? tf.zeros(shape) : tf.ones(shape)];
    const stream = randomStream(seed, `init/${name}`);
    const values = new Float32Array(shape[0]! * shape[1]!);
    for (let i = 0; i < values.length; i++) values[i] = config.initializerRange * stream.normal();
    if (name === EMBEDDING && config.padTokenId !== null) {
      const row = config.padTokenId * config.hiddenSize;
      values.fill(0, row, row + config.hiddenSize);
    }
    return [name, tf.tensor(values, shape)];
  });
  return new Parameters(
    weights,
    config.tieWordEmbeddings ? new Map([[HEAD, EMBEDDING]]) : undefined,
  );
}
