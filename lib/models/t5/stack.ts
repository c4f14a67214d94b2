import { activation, gatedActivation } from "../../ops/activation.ts";
import { attention, attentionOfRows, maskedBias } from "../../ops/attention.ts";
import { embedding } from "../../ops/embedding.ts";
import { rmsNorm } from "../../ops/rms_norm.ts";
import { mergeHeads, splitHeads } from "../../ops/split_heads.ts";
import * as tf from "../../tf.ts";
import type { Call } from "../call.ts";
import { relativePositionBuckets } from "./relative_position.ts";
import type { T5Config } from "./config.ts";

/** Keys and values of one attention; each `[B, N, L, Dh]`. */
export type KeysAndValues = { readonly keys: tf.Tensor4D; readonly values: tf.Tensor4D };

/** Keys and values with the features of all heads side by side, `[B, L, N·Dh]`. */
type Rows = { readonly keys: tf.Tensor3D; readonly values: tf.Tensor3D };

type AnyKeysAndValues = KeysAndValues | Rows;

/** The encoder's text as the decoder sees it. */
export type EncodedText = {
  /** Per layer of the decoder. */
  readonly memory: KeysAndValues[];
  /** Forbids padding; `[B, 1, 1, L]`; undefined where there is none. */
  readonly bias: tf.Tensor | undefined;
};

/**
 * The passes through a T5 for one call. Letters: `B` rows, `L` positions of the text, `M` of the
 * target, `D` features, `N` heads of `Dh` features.
 *
 * Source: transformers models/t5/modeling_t5.py, `T5Stack`, with the masks of
 * integrations/sdpa_attention.py.
 */
export class T5Pass {
  readonly #config: T5Config;
  readonly #call: Call;

  constructor(config: T5Config, call: Call) {
    this.#config = config;
    this.#call = call;
  }

  /**
   * Reads a text.
   *
   * @param ids int32 `[B, L]`
   * @param mask 1 where a position counts, else 0; int32 `[B, L]`; null where all count
   * @returns the hidden states `[B, L, D]`
   */
  encode(ids: tf.Tensor2D, mask: tf.Tensor2D | null): tf.Tensor3D {
    return tf.tidy(() => {
      const L = ids.shape[1];
      const positions = this.#positionBias("encoder", L, L);
      const bias = mask === null ? positions : maskedBias(positions, overKeys(mask));
      let hidden = this.#embed("encoder", ids);
      for (let i = 0; i < this.#config.numLayers; i++) {
        const at = `encoder.block.${i}.layer`;
        hidden = this.#sublayer(`${at}.0`, hidden, (x) => {
          const name = `${at}.0.SelfAttention`;
          return this.#attend(name, x, () => this.#rows(name, x), bias);
        });
        hidden = this.#sublayer(`${at}.1`, hidden, (x) => this.#feedForward(`${at}.1`, x));
      }
      return this.#finish("encoder", hidden);
    });
  }

  /** The bias that forbids a decoder the padding of the text; `[B, L]` → `[B, 1, 1, L]`. */
  textBias(mask: tf.Tensor2D | null): tf.Tensor | undefined {
    return mask === null ? undefined : tf.tidy(() => maskedBias(tf.scalar(0), overKeys(mask)));
  }

  /** What every layer of the decoder sees of a text, for generation; `hidden` is `[B, L, D]`. */
  textMemory(hidden: tf.Tensor3D): KeysAndValues[] {
    return Array.from(
      { length: this.#config.numDecoderLayers },
      (_, i) => this.#keysAndValues(`decoder.block.${i}.layer.1.EncDecAttention`, hidden),
    );
  }

  /**
   * Reads a whole target at once, each position seeing those before it.
   *
   * @param ids int32 `[B, M]`
   * @param text the encoder's hidden states `[B, L, D]`
   * @param textBias see {@linkcode textBias}
   * @returns the hidden states `[B, M, D]`
   */
  decode(ids: tf.Tensor2D, text: tf.Tensor3D, textBias: tf.Tensor | undefined): tf.Tensor3D {
    return tf.tidy(() => {
      const M = ids.shape[1];
      const positions = this.#positionBias("decoder", M, M);
      return this.#decode(ids, {
        bias: maskedBias(positions, causalMask(M)),
        self: (name, x) => this.#rows(name, x),
        cross: (name) => this.#rows(name, text),
        textBias,
      });
    });
  }

  /**
   * Reads one more target position per row.
   *
   * @param ids int32 `[B, 1]`
   * @param text what {@linkcode textMemory} and {@linkcode textBias} gave
   * @param past keys and values per layer of the positions before; null at the first
   * @returns the hidden state `[B, 1, D]`, and keys and values with this position
   */
  step(
    ids: tf.Tensor2D,
    text: EncodedText,
    past: readonly KeysAndValues[] | null,
  ): { hidden: tf.Tensor3D; memory: KeysAndValues[] } {
    return tf.tidy(() => {
      const before = past === null ? 0 : past[0]!.keys.shape[2];
      const memory: KeysAndValues[] = [];
      const hidden = this.#decode(ids, {
        bias: this.#positionBias("decoder", 1, before + 1, before),
        self: (name, x, layer) => {
          const now = this.#keysAndValues(name, x);
          memory[layer] = past === null ? now : append(past[layer]!, now);
          return memory[layer];
        },
        cross: (_, layer) => text.memory[layer]!,
        textBias: text.bias,
      });
      return { hidden, memory };
    });
  }

  #decode(ids: tf.Tensor2D, { bias, self, cross, textBias }: {
    readonly bias: tf.Tensor;
    readonly self: (name: string, x: tf.Tensor3D, layer: number) => AnyKeysAndValues;
    readonly cross: (name: string, layer: number) => AnyKeysAndValues;
    readonly textBias: tf.Tensor | undefined;
  }): tf.Tensor3D {
    let hidden = this.#embed("decoder", ids);
    for (let i = 0; i < this.#config.numDecoderLayers; i++) {
      const at = `decoder.block.${i}.layer`;
      hidden = this.#sublayer(`${at}.0`, hidden, (x) => {
        const name = `${at}.0.SelfAttention`;
        return this.#attend(name, x, () => self(name, x, i), bias);
      });
      hidden = this.#sublayer(`${at}.1`, hidden, (x) => {
        const name = `${at}.1.EncDecAttention`;
        return this.#attend(name, x, () => cross(name, i), textBias);
      });
      hidden = this.#sublayer(`${at}.2`, hidden, (x) => this.#feedForward(`${at}.2`, x));
    }
    return this.#finish("decoder", hidden);
  }

  #embed(stack: string, ids: tf.Tensor2D): tf.Tensor3D {
    const weight = this.#call.parameter(`${stack}.embed_tokens.weight`) as tf.Tensor2D;
    return this.#dropout(embedding(ids, weight) as tf.Tensor3D, `${stack}.dropout`);
  }

  #finish(stack: string, hidden: tf.Tensor3D): tf.Tensor3D {
    return this.#dropout(this.#norm(`${stack}.final_layer_norm`, hidden), `${stack}.dropout`);
  }

  /** x + dropout(part(norm(x))). */
  #sublayer(
    name: string,
    x: tf.Tensor3D,
    part: (normed: tf.Tensor3D) => tf.Tensor3D,
  ): tf.Tensor3D {
    const y = part(this.#norm(`${name}.layer_norm`, x));
    return tf.add(x, this.#dropout(y, `${name}.dropout`));
  }

  /** PyTorch's order of calls is q, k, v, o: it decides which noise each layer's router draws. */
  #attend(
    name: string,
    x: tf.Tensor3D,
    keysAndValues: () => AnyKeysAndValues,
    bias: tf.Tensor | undefined,
  ): tf.Tensor3D {
    const query = this.#call.linear(`${name}.q`, x);
    const seen = keysAndValues();
    const options = {
      scale: 1,
      bias,
      dropout: this.#drops ? (weights: tf.Tensor4D) => this.#dropout(weights, name) : undefined,
    };
    const attended = areRows(seen)
      ? attentionOfRows(query, seen.keys, seen.values, this.#config.numHeads, options)
      : mergeHeads(attention(this.#heads(query), seen.keys, seen.values, options));
    return this.#call.linear(`${name}.o`, attended);
  }

  /** Keys and values for generation, where those of the steps to come are put behind them. */
  #keysAndValues(name: string, x: tf.Tensor3D): KeysAndValues {
    const { keys, values } = this.#rows(name, x);
    return { keys: this.#heads(keys), values: this.#heads(values) };
  }

  /** Keys and values as the layers make them, for one pass. */
  #rows(name: string, x: tf.Tensor3D): Rows {
    const keys = this.#call.linear(`${name}.k`, x);
    return { keys, values: this.#call.linear(`${name}.v`, x) };
  }

  /** `[B, L, N·Dh]` → `[B, N, L, Dh]`. */
  #heads(x: tf.Tensor3D): tf.Tensor4D {
    return splitHeads(x, this.#config.numHeads);
  }

  #feedForward(name: string, x: tf.Tensor3D): tf.Tensor3D {
    const { gated, act } = this.#config;
    const at = `${name}.DenseReluDense`;
    const inner = this.#call.linear(`${at}.${gated ? "wi_0" : "wi"}`, x);
    const y = gated
      ? gatedActivation(act, inner, this.#call.linear(`${at}.wi_1`, x))
      : activation(act)(inner);
    return this.#call.linear(`${at}.wo`, this.#dropout(y, `${at}.dropout`));
  }

  #norm(name: string, x: tf.Tensor3D): tf.Tensor3D {
    const weight = this.#call.parameter(`${name}.weight`) as tf.Tensor1D;
    return rmsNorm(x, weight, this.#config.layerNormEpsilon);
  }

  get #drops(): boolean {
    return this.#call.training && this.#config.dropoutRate > 0;
  }

  #dropout<T extends tf.Tensor>(x: T, place: string): T {
    return this.#call.dropout(x, this.#config.dropoutRate, place);
  }

  /** What relative positions add to the scores of all layers of a stack; `[1, N, queries, keys]`. */
  #positionBias(
    stack: "encoder" | "decoder",
    queries: number,
    keys: number,
    firstQuery = 0,
  ): tf.Tensor {
    const { numHeads, numBuckets, maxDistance } = this.#config;
    return tf.tidy(() => {
      const buckets = relativePositionBuckets(queries, keys, {
        bidirectional: stack === "encoder",
        numBuckets,
        maxDistance,
        firstQuery,
      });
      const weight = this.#call.parameter(
        `${stack}.block.0.layer.0.SelfAttention.relative_attention_bias.weight`,
      ) as tf.Tensor2D;
      const values = embedding(tf.tensor1d(buckets, "int32"), weight); // [queries · keys, N]
      return tf.reshape(tf.transpose(values), [1, numHeads, queries, keys]);
    });
  }
}

/** `[B, L]` → `[B, 1, 1, L]`. */
function overKeys(mask: tf.Tensor2D): tf.Tensor {
  const [B, L] = mask.shape;
  return tf.reshape(mask, [B, 1, 1, L]);
}

/** 1 where a key is not after the query; `[1, 1, M, M]`. */
function causalMask(M: number): tf.Tensor {
  const mask = new Float32Array(M * M);
  for (let query = 0; query < M; query++) mask.fill(1, query * M, query * M + query + 1);
  return tf.tensor4d(mask, [1, 1, M, M]);
}

function areRows(seen: AnyKeysAndValues): seen is Rows {
  return seen.keys.rank === 3;
}

function append(before: KeysAndValues, now: KeysAndValues): KeysAndValues {
  return {
    keys: tf.concat([before.keys, now.keys], 2),
    values: tf.concat([before.values, now.values], 2),
  };
}
