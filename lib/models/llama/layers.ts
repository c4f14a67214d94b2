import { gatedActivation } from "../../ops/activation.ts";
import { embedding } from "../../ops/embedding.ts";
import {
  inverseFrequencies,
  type RopeParameters,
  rotaryScale,
} from "../../ops/rope_frequencies.ts";
import { type RotaryTables, rotaryTables } from "../../ops/rotary.ts";
import * as tf from "../../tf.ts";
import type { Call } from "../call.ts";
import { type LayerContext, selfAttention } from "./attention.ts";
import type { LlamaConfig } from "./config.ts";
import { FAMILIES } from "./family.ts";
import { namedNorm } from "./norm.ts";

/** The keys and values of every layer; each `[B, G, L, Dh]` with `G` heads of keys. */
export type LlamaMemory = { keys: tf.Tensor4D[]; values: tf.Tensor4D[] };

/** Inputs of one pass through the layers. `Lp` positions came before, `L` are new. */
export interface LlamaInputs {
  /** Token ids; int32 `[B, L]`. */
  readonly ids: tf.Tensor2D;
  /** The position of each token; `[B][L]`, or one row for all. */
  readonly positions: readonly (readonly number[])[];
  /** 1 where a position counts, 0 where it is padding; int32 `[B, Lp + L]`; null where all count. */
  readonly padding: tf.Tensor2D | null;
  /** Keys and values of the positions before; null when there are none. */
  readonly past: LlamaMemory | null;
}

/**
 * Runs the layers of a Llama or a relative, without the last norm. To be called within `tf.tidy`.
 *
 * Source: transformers models/llama/modeling_llama.py, `LlamaModel.forward`, and the same of
 * mistral, qwen2, qwen3, gemma2, gemma3 and phi3.
 *
 * @returns the hidden states `[B, L, D]`, and the keys and values of all Lp + L positions
 */
export function llamaLayers(
  config: LlamaConfig,
  { ids, positions, padding, past }: LlamaInputs,
  call: Call,
): { readonly hidden: tf.Tensor3D; readonly memory: LlamaMemory } {
  const L = ids.shape[1];
  const seenBefore = past === null ? 0 : past.keys[0]!.shape[2];
  const group = config.numHeads / config.numKeyValueHeads;
  const masks = new Map<number | null, tf.Tensor4D | undefined>();
  for (const window of config.windows) {
    if (!masks.has(window)) masks.set(window, layerMask(L, seenBefore, window, padding, group));
  }

  const far = tablesOf(config, config.rope, positions);
  const near = config.localRope === null ? far : tablesOf(config, config.localRope, positions);

  let hidden = embedding(
    ids,
    call.parameter("model.embed_tokens.weight") as tf.Tensor2D,
    config.padTokenId,
  ) as tf.Tensor3D;
  if (FAMILIES[config.modelType].isGemma) hidden = tf.mul(hidden, Math.sqrt(config.hiddenSize));
  const keys: tf.Tensor4D[] = [];
  const values: tf.Tensor4D[] = [];
  config.windows.forEach((window, i) => {
    const before = past === null ? null : { key: past.keys[i]!, value: past.values[i]! };
    const layer = llamaLayer(config, `model.layers.${i}`, hidden, {
      tables: window === null ? far : near,
      mask: masks.get(window),
      before,
      call,
    });
    hidden = layer.hidden;
    keys.push(layer.key);
    values.push(layer.value);
  });
  return { hidden, memory: { keys, values } };
}

/** Cosines and sines, which of some types depend on the length of the longest text of the pass. */
function tablesOf(
  { rotaryDim }: LlamaConfig,
  rope: RopeParameters,
  positions: LlamaInputs["positions"],
): RotaryTables {
  const reached = positions.reduce((most, row) => row.reduce((a, b) => Math.max(a, b), most), 0);
  return rotaryTables(
    positions,
    inverseFrequencies(rotaryDim, rope, reached + 1),
    rotaryScale(rope),
  );
}

function llamaLayer(
  config: LlamaConfig,
  name: string,
  x: tf.Tensor3D,
  context: LayerContext,
): { hidden: tf.Tensor3D; key: tf.Tensor4D; value: tf.Tensor4D } {
  const { call } = context;
  const { isGemma } = FAMILIES[config.modelType];
  const norm = (x: tf.Tensor3D, which: string) => namedNorm(config, `${name}.${which}`, x, call);
  const dropped = (x: tf.Tensor3D, which: string) =>
    config.residualDropout === 0 ? x : call.dropout(x, config.residualDropout, `${name}.${which}`);

  return tf.tidy(() => {
    const { added, key, value } = selfAttention(
      config,
      `${name}.self_attn`,
      norm(x, "input_layernorm"),
      context,
    );
    const seen = isGemma ? norm(added, "post_attention_layernorm") : added;
    const attended = tf.add(x, dropped(seen, "resid_attn_dropout")) as tf.Tensor3D;

    const before = isGemma ? "pre_feedforward_layernorm" : "post_attention_layernorm";
    const made = feedForward(config, `${name}.mlp`, norm(attended, before), call);
    const thought = isGemma ? norm(made, "post_feedforward_layernorm") : made;
    const hidden = tf.add(attended, dropped(thought, "resid_mlp_dropout"));
    return { hidden: hidden as tf.Tensor3D, key, value };
  });
}

function feedForward(config: LlamaConfig, name: string, x: tf.Tensor3D, call: Call): tf.Tensor3D {
  const [gate, up] = FAMILIES[config.modelType].isFused
    ? tf.split(call.linear(`${name}.gate_up_proj`, x), 2, 2) as tf.Tensor3D[]
    : [call.linear(`${name}.gate_proj`, x), call.linear(`${name}.up_proj`, x)];
  return call.linear(`${name}.down_proj`, gatedActivation(config.hiddenAct, gate!, up!));
}

/**
 * 1 where a query may see a key: not after it, not `window` or more positions before it, and no
 * padding; undefined where it may see all. `[B or 1, 1, group · L, Lp + L]`, the same for each head
 * of a group.
 */
function layerMask(
  L: number,
  seenBefore: number,
  window: number | null,
  padding: tf.Tensor2D | null,
  group: number,
): tf.Tensor4D | undefined {
  const total = seenBefore + L;
  if (L === 1 && padding === null && (window === null || window >= total)) return undefined;
  return tf.tidy(() => {
    const allowed = new Float32Array(L * total);
    for (let i = 0; i < L; i++) {
      const last = seenBefore + i;
      const first = window === null ? 0 : Math.max(0, last - window + 1);
      allowed.fill(1, i * total + first, i * total + last + 1);
    }
    let mask = tf.tensor4d(allowed, [1, 1, L, total]);
    // Before rows come in: WebAssembly's tile is slower than the attention that reads it.
    if (group > 1) mask = tf.tile(mask, [1, 1, group, 1]);
    if (padding === null) return mask;
    const [B] = padding.shape;
    return tf.mul(mask, tf.cast(tf.reshape(padding, [B, 1, 1, total]), "float32"));
  });
}
