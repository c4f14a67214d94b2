import { IGNORED_LABEL, lossOfParts } from "../../ops/cross_entropy.ts";
import * as tf from "../../tf.ts";
import type {
  DecoderState,
  ForwardInputs,
  ForwardOutputs,
  Ids,
  LanguageModel,
  ModuleInfo,
  Prompt,
  WithLoss,
} from "../base_model.ts";
import { type Call, PlainCall, type PlainCallOptions } from "../call.ts";
import { type LanguageIdentity, languageIdentity, type Origin } from "../identity.ts";
import { countsAll, idsTensor } from "../ids.ts";
import type { Parameters } from "../parameters.ts";
import { parseT5Config, type T5Config } from "./config.ts";
import { t5Modules } from "./modules.ts";
import { T5Pass } from "./stack.ts";
import { T5State } from "./state.ts";
import { freshT5Weights, takeT5Weights } from "./weights.ts";

/**
 * A T5: an encoder reads a text, a decoder writes what follows from it. Version 1.0 (ReLU, the head
 * tied and its input scaled), and 1.1, Flan, LM-adapted and mT5 (gated GELU, mostly a head of its own).
 *
 * Source: Exploring the Limits of Transfer Learning with a Unified Text-to-Text Transformer,
 * arXiv:1910.10683; transformers 5.17 models/t5/modeling_t5.py.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../../tf.ts";
 *
 * await tf.setBackend("cpu");
 * const model = T5ForConditionalGeneration.fromConfig(
 *   { vocab_size: 11, d_model: 8, d_kv: 4, d_ff: 6, num_heads: 2, num_layers: 1 },
 *   { seed: 0 },
 * );
 * const { logits, loss } = model.forward({ inputIds: [[4, 5, 1]], labels: [[7, 1]] });
 * assert.deepEqual(logits.shape, [1, 2, 11]);
 * assert.ok(loss.arraySync() > 0);
 * ```
 */
export class T5ForConditionalGeneration implements LanguageModel {
  /** An encoder reads, a decoder writes. */
  readonly isEncoderDecoder = true;
  readonly identity: LanguageIdentity;
  readonly modules: readonly ModuleInfo[];
  readonly outputEmbedding = "lm_head";
  /** The weights; the head and the embeddings are tied unless the file holds them apart. */
  readonly parameters: Parameters;
  /** Size of the vocabulary, V; every token id is below it. */
  readonly vocabSize: number;
  readonly #config: T5Config;

  private constructor(identity: LanguageIdentity, config: T5Config, parameters: Parameters) {
    this.identity = identity;
    this.modules = t5Modules(config);
    this.parameters = parameters;
    this.vocabSize = config.vocabSize;
    this.#config = config;
  }

  /**
   * A model with weights that were read.
   *
   * @param config `config.json` as read
   * @param tensors the weights by name; the model's from now on, the caller's again if this throws
   * @param nameOrPath the folder or hub id they come from
   * @param generationConfig `generation_config.json` as read; what generation does where a call
   *   says nothing
   * @param warnings what is worth knowing about the files
   * @throws {TypeError} when a field of a configuration has a wrong type, or a tensor is not float32
   * @throws {RangeError} when a field is out of range, or tensors are missing, unexpected or misshapen
   */
  static fromTensors(
    config: Readonly<Record<string, unknown>>,
    tensors: ReadonlyMap<string, tf.Tensor>,
    nameOrPath: string | null = null,
    generationConfig: Readonly<Record<string, unknown>> | null = null,
    warnings: readonly string[] = [],
  ): T5ForConditionalGeneration {
    const parsed = parseT5Config(config);
    const identity = identify(config, parsed, { nameOrPath, generationConfig, warnings });
    return new T5ForConditionalGeneration(identity, parsed, takeT5Weights(parsed, tensors));
  }

  /**
   * A model with fresh random weights.
   *
   * @param config what `config.json` would hold
   * @param options `seed`, the run's integer seed
   * @throws {TypeError} when a field of the configuration has a wrong type
   * @throws {RangeError} when a field is out of range
   */
  static fromConfig(
    config: Readonly<Record<string, unknown>>,
    { seed }: { readonly seed: number },
  ): T5ForConditionalGeneration {
    const parsed = parseT5Config(config);
    const parameters = freshT5Weights(parsed, seed);
    return new T5ForConditionalGeneration(identify(config, parsed), parsed, parameters);
  }

  plainCall(options: PlainCallOptions = {}): Call {
    return new PlainCall(this.parameters, options);
  }

  /**
   * One pass over a batch, with gradients.
   *
   * @throws {TypeError} when inputs are not ids of rank 2, or there is nothing for the decoder
   * @throws {RangeError} when ids are out of range, or inputs differ in shape
   */
  forward<I extends ForwardInputs>(
    inputs: I,
    call: Call = this.plainCall(),
  ): WithLoss<I, ForwardOutputs> {
    return tf.tidy(() => {
      const ids = this.#ids(inputs.inputIds, "inputIds");
      const counts = inputs.attentionMask === undefined
        ? null
        : sameShape(idsTensor(inputs.attentionMask, "attentionMask", { vocabSize: 2 }), ids, [
          "attentionMask",
          "inputIds",
        ]);
      const mask = counts === null || countsAll(inputs.attentionMask!) ? null : counts;
      const labels = inputs.labels === undefined
        ? null
        : idsTensor(inputs.labels, "labels", { vocabSize: this.vocabSize, allowIgnored: true });
      const decoderIds = this.#decoderIds(inputs.decoderInputIds, labels, ids.shape[0]);

      const pass = new T5Pass(this.#config, call);
      const encoderLastHiddenState = pass.encode(ids, mask);
      const hidden = pass.decode(decoderIds, encoderLastHiddenState, pass.textBias(mask));
      const logits = this.#logits(hidden, call); // [B, M, V]
      if (labels === null) return { logits, encoderLastHiddenState };
      const N = labels.size;
      const loss = lossOfParts(
        tf.reshape(logits, [N, this.vocabSize]) as tf.Tensor2D,
        tf.reshape(labels, [N]) as tf.Tensor1D,
        inputs.labelSmoothing,
        call.parts,
      );
      return { logits, ...loss, encoderLastHiddenState };
    }) as WithLoss<I, ForwardOutputs>;
  }

  /**
   * Runs the encoder over a prompt; there are no logits before the start token is read.
   *
   * @throws {RangeError} when ids are out of range, or prompt and mask differ in shape
   */
  prefill(
    { inputIds, attentionMask }: Prompt,
    call: Call,
  ): { readonly logits: null; readonly state: DecoderState } {
    const text = tf.tidy(() => {
      const ids = this.#ids(inputIds, "inputIds");
      const counts = idsTensor(attentionMask, "attentionMask", { vocabSize: 2 });
      sameShape(counts, ids, ["attentionMask", "inputIds"]);
      const mask = countsAll(attentionMask) ? null : counts;
      const pass = new T5Pass(this.#config, call);
      return { memory: pass.textMemory(pass.encode(ids, mask)), bias: pass.textBias(mask) };
    });
    return { logits: null, state: new T5State(inputIds.length, text, null) };
  }

  /**
   * Reads one more token per row.
   *
   * @throws {TypeError} when the state is another model's
   * @throws {RangeError} when there is not one id per row, an id is out of range, or the state has been
   *   used before
   */
  decode(
    tokens: readonly number[],
    state: DecoderState,
    call: Call,
  ): { readonly logits: tf.Tensor2D; readonly state: DecoderState } {
    try {
      if (!(state instanceof T5State)) {
        throw new TypeError(
          `Cannot decode with ${this.identity.className} as the state must be one of its own: ` +
            `pass what prefill or decode returned`,
        );
      }
      if (tokens.length !== state.rows) {
        throw new RangeError(
          `Cannot decode as each row reads one token: ` +
            `got ${tokens.length} tokens for ${state.rows} rows`,
        );
      }
      const { text, past } = state.memory;
      const { logits, memory } = tf.tidy(() => {
        const ids = this.#ids(tokens.map((token) => [token]), "tokens");
        const { hidden, memory } = new T5Pass(this.#config, call).step(ids, text, past);
        const logits = tf.reshape(this.#logits(hidden, call), [tokens.length, this.vocabSize]);
        return { logits: logits as tf.Tensor2D, memory };
      });
      return { logits, state: state.advance(memory) };
    } finally {
      state.dispose();
    }
  }

  dispose(): void {
    this.parameters.dispose();
  }

  #ids(ids: Ids, what: string): tf.Tensor2D {
    return idsTensor(ids, what, { vocabSize: this.vocabSize });
  }

  /** What the decoder reads: what was given, or the labels one to the right; int32 `[B, M]`. */
  #decoderIds(given: Ids | undefined, labels: tf.Tensor2D | null, rows: number): tf.Tensor2D {
    if (given === undefined && labels === null) {
      throw new TypeError(
        `Cannot run ${this.identity.className} without anything for its decoder: ` +
          `pass labels or decoderInputIds`,
      );
    }
    const ids = given === undefined
      ? this.#shiftRight(labels!)
      : this.#ids(given, "decoderInputIds");
    if (labels !== null) sameShape(labels, ids, ["labels", "decoderInputIds"]);
    if (ids.shape[0] !== rows) {
      throw new RangeError(
        `Cannot run ${this.identity.className} as all inputs must have the same rows: inputIds has ${rows}, ` +
          `${given === undefined ? "labels" : "decoderInputIds"} has ${ids.shape[0]}`,
      );
    }
    return ids;
  }

  /** Source: transformers models/t5/modeling_t5.py, `_shift_right`. */
  #shiftRight(labels: tf.Tensor2D): tf.Tensor2D {
    const { pad, decoderStart } = this.#config.generationIds;
    const [B, M] = labels.shape;
    const start = tf.fill([B, 1], decoderStart, "int32") as tf.Tensor2D;
    if (M === 1) return start;
    const before = tf.slice(labels, [0, 0], [B, M - 1]);
    const isIgnored = tf.equal(before, IGNORED_LABEL);
    return tf.concat(
      [start, tf.where(isIgnored, tf.fill(before.shape, pad, "int32"), before)],
      1,
    ) as tf.Tensor2D;
  }

  #logits(hidden: tf.Tensor3D, call: Call): tf.Tensor3D {
    const { scaleDecoderOutputs, dModel } = this.#config;
    return call.linear("lm_head", scaleDecoderOutputs ? tf.mul(hidden, dModel ** -0.5) : hidden);
  }
}

function identify(
  raw: Readonly<Record<string, unknown>>,
  config: T5Config,
  origin: Origin = {},
): LanguageIdentity {
  const className = `${config.modelType === "mt5" ? "M" : ""}T5ForConditionalGeneration`;
  return languageIdentity(raw, config, className, origin);
}

/** The first tensor, if the second has its shape. */
function sameShape(
  tensor: tf.Tensor2D,
  other: tf.Tensor2D,
  [name, otherName]: readonly [string, string],
): tf.Tensor2D {
  if (`${tensor.shape}` === `${other.shape}`) return tensor;
  throw new RangeError(
    `Cannot run T5ForConditionalGeneration as ${name} must have the shape of ${otherName}: ` +
      `they are [${tensor.shape}] and [${other.shape}]`,
  );
}
