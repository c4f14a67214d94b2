import * as tf from "../../tf.ts";
import { randomStream } from "../../util/random.ts";
import { checkTensors, sameValues, type Shaped } from "../check_tensors.ts";
import { Parameters } from "../parameters.ts";
import type { T5Config } from "./config.ts";
import { t5Modules } from "./modules.ts";

const SHARED = "shared.weight";
/** Matrices tied to the shared embedding, unless the weights have them apart. */
const TIED = ["lm_head.weight", "encoder.embed_tokens.weight", "decoder.embed_tokens.weight"];
/** A weight in files of the first releases that is never used. */
const UNUSED = "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight";

/**
 * Every parameter of a T5 by its name, in the order of `named_parameters()`, with the tied ones
 * among them.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseT5Config } from "./config.ts";
 *
 * const shapes = t5Shapes(parseT5Config({ d_model: 8, d_ff: 5, num_layers: 1 }));
 * assert.deepEqual(shapes.get("encoder.block.0.layer.1.DenseReluDense.wi.weight"), [5, 8]);
 * ```
 */
export function t5Shapes(config: T5Config): Map<string, number[]> {
  const shapes = new Map<string, number[]>();
  for (const { name, kind, inFeatures, outFeatures } of t5Modules(config)) {
    const weight = `${name}.weight`;
    if (kind === "Linear") shapes.set(weight, [outFeatures!, inFeatures!]);
    else if (kind.endsWith("LayerNorm")) shapes.set(weight, [config.dModel]);
    else if (name.endsWith(".relative_attention_bias")) {
      shapes.set(weight, [config.numBuckets, config.numHeads]);
    } else if (kind === "Embedding") shapes.set(weight, [config.vocabSize, config.dModel]);
  }
  return shapes;
}

/** The tensors of a T5 under the names of its parameters. */
interface NamedWeights<T> {
  readonly weights: Map<string, T>;
  readonly shapes: Map<string, number[]>;
  /** Parameters that are other parameters. */
  readonly aliases: Map<string, string>;
}

/**
 * Finds the parameters of a T5 among tensors, which may still be in their file.
 *
 * @throws as {@linkcode takeT5Weights}
 */
export function nameT5Weights<T extends Shaped>(
  config: T5Config,
  tensors: ReadonlyMap<string, T>,
): NamedWeights<T> {
  const weights = new Map(tensors);
  weights.delete(UNUSED);
  const standIn = TIED.find((name) => weights.has(name));
  if (!weights.has(SHARED) && standIn !== undefined) {
    weights.set(SHARED, weights.get(standIn)!);
    weights.delete(standIn);
  }
  const shapes = t5Shapes(config);
  const aliases = new Map<string, string>();
  for (const name of TIED) {
    if (weights.has(name)) continue;
    shapes.delete(name);
    aliases.set(name, SHARED);
  }
  checkTensors("T5ForConditionalGeneration", shapes, weights);
  return { weights, shapes, aliases };
}

/**
 * Takes tensors over as the parameters of a T5.
 *
 * The head and the embeddings of encoder and decoder are the shared embedding, unless the tensors hold
 * another matrix under their names. Where the shared embedding is missing, the first of them stands in
 * for it.
 *
 * Source: transformers 5.17 modeling_utils.py, `tie_weights`, and models/t5/modeling_t5.py,
 * `_tied_weights_keys`.
 *
 * @param tensors the tensors by name; the caller's again if this throws
 * @throws {RangeError} when names or shapes are not the model's
 * @throws {TypeError} when a tensor is not float32
 */
export function takeT5Weights(
  config: T5Config,
  tensors: ReadonlyMap<string, tf.Tensor>,
): Parameters {
  const { weights, shapes, aliases } = nameT5Weights(config, tensors);
  for (const name of TIED) {
    if (!weights.has(name) || !sameValues(weights.get(name)!, weights.get(SHARED)!)) continue;
    weights.get(name)!.dispose();
    weights.delete(name);
    shapes.delete(name);
    aliases.set(name, SHARED);
  }
  tensors.get(UNUSED)?.dispose();
  return new Parameters([...shapes.keys()].map((name) => [name, weights.get(name)!]), aliases);
}

/**
 * Fresh weights: normal with the deviation that belongs to each kind of matrix, norms constant. Each
 * has a stream of its own; the head is tied.
 *
 * Source: transformers models/t5/modeling_t5.py, `_init_weights`.
 *
 * @param seed the run's integer seed
 */
export function freshT5Weights(config: T5Config, seed: number): Parameters {
  const shapes = t5Shapes(config);
  for (const name of TIED) shapes.delete(name);
  const weights = [...shapes].map(([name, shape]): [string, tf.Tensor] => {
    const deviation = config.initializerFactor * scaleOf(name, config);
    if (shape.length === 1) return [name, tf.fill(shape, deviation)];
    const stream = randomStream(seed, `init/${name}`);
    const values = new Float32Array(shape[0]! * shape[1]!);
    for (let i = 0; i < values.length; i++) values[i] = deviation * stream.normal();
    return [name, tf.tensor(values, shape)];
  });
  return new Parameters(weights, new Map(TIED.map((name) => [name, SHARED])));
}

/** The deviation of a parameter's first values, or a norm's value, at an initializer factor of 1. */
function scaleOf(name: string, { dModel, dKv, dFf, numHeads }: T5Config): number {
  const [layer] = name.split(".").slice(-2);
  switch (layer) {
    case "q":
      return (dModel * dKv) ** -0.5;
    case "o":
      return (numHeads * dKv) ** -0.5;
    case "wo":
      return dFf ** -0.5;
    case "k":
    case "v":
    case "wi":
    case "wi_0":
    case "wi_1":
    case "relative_attention_bias":
      return dModel ** -0.5;
    default: // the embedding and the norms
      return 1;
  }
}
