import { gatedActivation } from "../../ops/activation.ts";
import { attention } from "../../ops/attention.ts";
import { embedding } from "../../ops/embedding.ts";
import { rmsNorm } from "../../ops/rms_norm.ts";
import { inverseFrequencies, rotary, type RotaryTables, rotaryTables } from "../../ops/rotary.ts";
import { mergeHeads, splitHeads } from "../../ops/split_heads.ts";
import * as tf from "../../tf.ts";
import type { Call } from "../call.ts";
import type { LlamaConfig } from "./config.ts";

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
 * Runs the layers of a Llama, Mistral or Qwen2, without the last norm. To be called within
 * `tf.tidy`.
 *
 * Source: transformers models/llama/modeling_llama.py, `LlamaModel.forward`, and the same of
 * mistral and qwen2.
 *
 * @returns the hidden states `[B, L, D]`, and the keys and values of all Lp + L positions
 */
export function llamaLayers(
  config: LlamaConfig,
  { ids, positions, padding, past }: LlamaInputs,
  call: Call,
): { readonly hidden: tf.Tensor3D; readonly memory: LlamaMemory } {
  const L = ids.shape[1];
  const tables = rotaryTables(positions, inverseFrequencies(config.headDim, config.rope));
  const seenBefore = past === null ? 0 : past.keys[0]!.shape[2];
  const group = config.numHeads / config.numKeyValueHeads;
  const masks = new Map<number | null, tf.Tensor4D | undefined>();
  for (const window of config.windows) {
    if (!masks.has(window)) masks.set(window, layerMask(L, seenBefore, window, padding, group));
  }

  let hidden = embedding(
    ids,
    call.parameter("model.embed_tokens.weight") as tf.Tensor2D,
    config.padTokenId,
  ) as tf.Tensor3D;
  const keys: tf.Tensor4D[] = [];
  const values: tf.Tensor4D[] = [];
  config.windows.forEach((window, i) => {
    const before = past === null ? null : { key: past.keys[i]!, value: past.values[i]! };
    const layer = llamaLayer(config, `model.layers.${i}`, hidden, {
      tables,
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

/** What all layers of one pass share, and what this one saw before. */
interface LayerContext {
  readonly tables: RotaryTables;
  readonly mask: tf.Tensor4D | undefined;
  readonly before: { readonly key: tf.Tensor4D; readonly value: tf.Tensor4D } | null;
  readonly call: Call;
}

function llamaLayer(
  config: LlamaConfig,
  name: string,
  x: tf.Tensor3D,
  { tables, mask, before, call }: LayerContext,
): { hidden: tf.Tensor3D; key: tf.Tensor4D; value: tf.Tensor4D } {
  const { numHeads: N, numKeyValueHeads: G, headDim: Dh, rmsNormEps } = config;
  const [B, L] = x.shape;
  const norm = (x: tf.Tensor3D, which: string) =>
    rmsNorm(x, call.parameter(`${name}.${which}.weight`) as tf.Tensor1D, rmsNormEps);
  const append = (before: tf.Tensor4D | undefined, now: tf.Tensor4D) =>
    before === undefined ? now : tf.concat([before, now], 2);

  return tf.tidy(() => {
    const self = `${name}.self_attn`;
    const y = norm(x, "input_layernorm");
    const query = rotary(splitHeads(call.linear(`${self}.q_proj`, y), N), tables); // [B, N, L, Dh]
    const key = append(
      before?.key,
      rotary(splitHeads(call.linear(`${self}.k_proj`, y), G), tables),
    ); // [B, G, Lp + L, Dh]
    const value = append(before?.value, splitHeads(call.linear(`${self}.v_proj`, y), G));
    // The heads of a group read the same keys: laid end to end, they need no copies of them.
    const grouped = tf.reshape(query, [B, G, N / G * L, Dh]) as tf.Tensor4D;
    const seen = attention(grouped, key, value, {
      scale: 1 / Math.sqrt(Dh),
      mask,
      dropout: config.attentionDropout === 0 || !call.training
        ? undefined
        : (weights) => call.dropout(weights, config.attentionDropout, self),
    });
    const together = mergeHeads(tf.reshape(seen, [B, N, L, Dh]));
    const attended = tf.add(x, call.linear(`${self}.o_proj`, together)) as tf.Tensor3D;

    const mlp = `${name}.mlp`;
    const z = norm(attended, "post_attention_layernorm");
    const gate = call.linear(`${mlp}.gate_proj`, z);
    const up = call.linear(`${mlp}.up_proj`, z);
    const wide = gatedActivation(config.hiddenAct, gate, up);
    const hidden = tf.add(attended, call.linear(`${mlp}.down_proj`, wide));
    return { hidden: hidden as tf.Tensor3D, key, value };
  });
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
