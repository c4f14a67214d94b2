import { attention } from "../../ops/attention.ts";
import { rotary, type RotaryTables } from "../../ops/rotary.ts";
import { mergeHeads, splitHeads } from "../../ops/split_heads.ts";
import * as tf from "../../tf.ts";
import type { Call } from "../call.ts";
import type { LlamaConfig } from "./config.ts";
import { FAMILIES } from "./family.ts";
import { namedNorm } from "./norm.ts";

/** What all layers of one kind share in a pass, and what this one saw before. */
export interface LayerContext {
  /** Cosines and sines of the new positions. */
  readonly tables: RotaryTables;
  /** 1 where a query may see a key; undefined where it may see all. */
  readonly mask: tf.Tensor4D | undefined;
  /** Keys and values of the positions before; null where there are none. */
  readonly before: { readonly key: tf.Tensor4D; readonly value: tf.Tensor4D } | null;
  /** How the named parts are computed. */
  readonly call: Call;
}

/** What attention adds, and the keys and values of all positions. */
interface Attended {
  /** Shape `[B, L, D]`. */
  readonly added: tf.Tensor3D;
  /** Shape `[B, G, Lp + L, Dh]`. */
  readonly key: tf.Tensor4D;
  /** Shape `[B, G, Lp + L, Dh]`. */
  readonly value: tf.Tensor4D;
}

/**
 * Attention of one layer to what came before it and to itself. To be called within `tf.tidy`. Letters: `B`
 * rows, `L` new positions, `Lp` positions before, `D` features, `N` heads of queries, `G` of keys.
 *
 * Source: transformers models/{llama,qwen3,gemma2,phi3}/modeling_*.py, `LlamaAttention.forward` and its
 * like.
 *
 * @param name the module, such as `model.layers.0.self_attn`
 * @param x shape `[B, L, D]`
 */
export function selfAttention(
  config: LlamaConfig,
  name: string,
  x: tf.Tensor3D,
  { tables, mask, before, call }: LayerContext,
): Attended {
  const { numHeads: N, numKeyValueHeads: G, headDim: Dh } = config;
  const [B, L] = x.shape;
  const append = (before: tf.Tensor4D | undefined, now: tf.Tensor4D) =>
    before === undefined ? now : tf.concat([before, now], 2);
  const { hasHeadNorms } = FAMILIES[config.modelType];
  const normalised = (heads: tf.Tensor4D, norm: string) =>
    hasHeadNorms ? headNorm(config, `${name}.${norm}`, heads, call) : heads;

  const [q, k, v] = queriesKeysValues(config, name, x, call);
  const query = turned(config, normalised(splitHeads(q, N), "q_norm"), tables); // [B, N, L, Dh]
  const key = append(
    before?.key,
    turned(config, normalised(splitHeads(k, G), "k_norm"), tables),
  ); // [B, G, Lp + L, Dh]
  const value = append(before?.value, splitHeads(v, G));
  // The heads of a group read the same keys: laid end to end, they need no copies of them.
  const grouped = tf.reshape(query, [B, G, N / G * L, Dh]) as tf.Tensor4D;
  const seen = attention(grouped, key, value, {
    scale: config.attentionScale,
    cap: config.caps.attention,
    mask,
    dropout: config.attentionDropout === 0 || !call.training
      ? undefined
      : (weights) => call.dropout(weights, config.attentionDropout, name),
  });
  const together = mergeHeads(tf.reshape(seen, [B, N, L, Dh]));
  return { added: call.linear(`${name}.o_proj`, together), key, value };
}

type Projections = [q: tf.Tensor3D, k: tf.Tensor3D, v: tf.Tensor3D];

function queriesKeysValues(
  { modelType, numHeads, numKeyValueHeads, headDim }: LlamaConfig,
  name: string,
  x: tf.Tensor3D,
  call: Call,
): Projections {
  if (!FAMILIES[modelType].isFused) {
    return ["q_proj", "k_proj", "v_proj"].map((layer) =>
      call.linear(`${name}.${layer}`, x)
    ) as Projections;
  }
  const [queries, keys] = [numHeads * headDim, numKeyValueHeads * headDim];
  return tf.split(call.linear(`${name}.qkv_proj`, x), [queries, keys, keys], 2) as Projections;
}

/** Normalises each head alone, all with one weight of `Dh` features. */
function headNorm(
  config: LlamaConfig,
  name: string,
  heads: tf.Tensor4D,
  call: Call,
): tf.Tensor4D {
  const [B, N, L, Dh] = heads.shape;
  const rows = tf.reshape(heads, [B, N * L, Dh]) as tf.Tensor3D;
  return tf.reshape(namedNorm(config, name, rows, call), [B, N, L, Dh]);
}

/** Turns the first features of each head by their positions, and leaves the rest as they are. */
function turned(
  { headDim, rotaryDim }: LlamaConfig,
  heads: tf.Tensor4D,
  tables: RotaryTables,
): tf.Tensor4D {
  if (rotaryDim === headDim) return rotary(heads, tables);
  const [first, rest] = tf.split(heads, [rotaryDim, headDim - rotaryDim], 3) as tf.Tensor4D[];
  return tf.concat([rotary(first!, tables), rest!], 3);
}
