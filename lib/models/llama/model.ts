import { IGNORED_LABEL, lossOfParts } from "../../ops/cross_entropy.ts";
import { softCap } from "../../ops/soft_cap.ts";
import * as tf from "../../tf.ts";
import type {
  DecoderState,
  ForwardInputs,
  ForwardOutputs,
  LanguageModel,
  ModuleInfo,
  Prompt,
  WithLoss,
} from "../base_model.ts";
import { type Call, PlainCall, type PlainCallOptions } from "../call.ts";
import { type LanguageIdentity, languageIdentity, type Origin } from "../identity.ts";
import { countsAll, idsTensor } from "../ids.ts";
import { type LlamaConfig, parseLlamaConfig } from "./config.ts";
import { type LlamaInputs, llamaLayers, type LlamaMemory } from "./layers.ts";
import { llamaClass, llamaModules } from "./modules.ts";
import { namedNorm } from "./norm.ts";
import { LlamaState } from "./state.ts";
import { freshLlamaWeights, takeLlamaWeights } from "./weights.ts";
import type { Parameters } from "../parameters.ts";

/**
 * A Llama, Mistral, Qwen2, Qwen3, Gemma 2, Gemma 3 (text) or Phi-3: a decoder that reads a text from left
 * to right and, at each position, scores what comes next.
 *
 * Rows of a batch are padded on the left, as in `transformers`. There `forward` counts positions from
 * the first column, padding included, while generation counts from each row's first token; so it is
 * here.
 *
 * Source: transformers 5.17 models/{llama,mistral,qwen2,qwen3,gemma2,gemma3,phi3}/modeling_*.py.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../../tf.ts";
 *
 * await tf.setBackend("cpu");
 * const model = LlamaForCausalLM.fromConfig({
 *   model_type: "llama", vocab_size: 11, hidden_size: 8, intermediate_size: 6,
 *   num_hidden_layers: 1, num_attention_heads: 2,
 * }, { seed: 0 });
 * const { logits, loss } = model.forward({ inputIds: [[1, 5, 3]], labels: [[-100, 5, 3]] });
 * assert.deepEqual(logits.shape, [1, 3, 11]);
 * assert.ok(Math.abs(loss.arraySync() - Math.log(11)) < 0.1);
 * ```
 */
export class LlamaForCausalLM implements LanguageModel {
  /** Always false, as there is no encoder. */
  readonly isEncoderDecoder = false;
  /** A class of `transformers` such as `Qwen2ForCausalLM`. */
  readonly identity: LanguageIdentity;
  /** Every module in the order of `named_modules()`. */
  readonly modules: readonly ModuleInfo[];
  /** The layer that makes the logits. */
  readonly outputEmbedding = "lm_head";
  /** The weights. */
  readonly parameters: Parameters;
  /** Number of token ids. */
  readonly vocabSize: number;
  readonly #config: LlamaConfig;

  private constructor(identity: LanguageIdentity, config: LlamaConfig, parameters: Parameters) {
    this.identity = identity;
    this.modules = llamaModules(config);
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
  ): LlamaForCausalLM {
    const parsed = parseLlamaConfig(config);
    const identity = identify(config, parsed, { nameOrPath, generationConfig, warnings });
    return new LlamaForCausalLM(identity, parsed, takeLlamaWeights(parsed, tensors));
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
  ): LlamaForCausalLM {
    const parsed = parseLlamaConfig(config);
    return new LlamaForCausalLM(identify(config, parsed), parsed, freshLlamaWeights(parsed, seed));
  }

  /** A call that computes this model as it is. */
  plainCall(options: PlainCallOptions = {}): Call {
    return new PlainCall(this.parameters, options);
  }

  /**
   * Scores the next token at every position; with labels, the mean loss over those that are not −100.
   *
   * @param inputs ids, mask and labels, all `[B, L]`; labels are shifted inside
   * @param call how the parts are computed; the model as it is when absent
   * @throws {TypeError} when inputs are not ids of rank 2, or are those of an encoder-decoder
   * @throws {RangeError} when ids are out of range, or inputs differ in shape
   */
  forward<I extends ForwardInputs>(
    inputs: I,
    call: Call = this.plainCall(),
  ): WithLoss<I, ForwardOutputs> {
    if (inputs.decoderInputIds !== undefined) {
      throw new TypeError(
        `Cannot run ${this.identity.className} on decoderInputIds as it has no encoder: pass inputIds alone`,
      );
    }
    return tf.tidy(() => {
      const ids = idsTensor(inputs.inputIds, "inputIds", { vocabSize: this.vocabSize });
      const alike = (tensor: tf.Tensor2D, what: string) => {
        if (`${tensor.shape}` === `${ids.shape}`) return tensor;
        throw new RangeError(
          `Cannot run ${this.identity.className} as ${what} must have the shape of inputIds: ` +
            `they are [${tensor.shape}] and [${ids.shape}]`,
        );
      };
      const mask = inputs.attentionMask === undefined ? null : alike(
        idsTensor(inputs.attentionMask, "attentionMask", { vocabSize: 2 }),
        "attentionMask",
      );
      const padding = mask === null || countsAll(inputs.attentionMask!) ? null : mask;
      const labels = inputs.labels === undefined ? null : alike(
        idsTensor(inputs.labels, "labels", { vocabSize: this.vocabSize, allowIgnored: true }),
        "labels",
      );
      const positions = [Array.from({ length: ids.shape[1] }, (_, i) => i)];
      const { hidden } = llamaLayers(this.#config, { ids, positions, padding, past: null }, call);
      const logits = this.#logits(hidden, call);
      if (labels === null) return { logits };
      return { logits, ...nextTokenLoss(logits, labels, inputs.labelSmoothing, call.parts) };
    }) as WithLoss<I, ForwardOutputs>;
  }

  /**
   * Reads the prompt, of which the last position of each row is not padding.
   *
   * @returns the logits `[B, V]` that follow it, and the state; the caller disposes both
   * @throws {RangeError} when ids are out of range, or prompt and mask differ in shape
   */
  prefill(
    { inputIds, attentionMask }: Prompt,
    call: Call,
  ): { readonly logits: tf.Tensor2D; readonly state: DecoderState } {
    if (
      attentionMask.length !== inputIds.length ||
      attentionMask.some((row, i) => row.length !== inputIds[i]!.length)
    ) {
      throw new RangeError(
        `Cannot read a prompt as its mask must have the shape of its ids: ` +
          `there are ${attentionMask.length} and ${inputIds.length} rows, ` +
          `of ${attentionMask[0]?.length} and ${inputIds[0]?.length} positions`,
      );
    }
    const positions = attentionMask.map(textPositions);
    return this.#step(inputIds, positions, attentionMask, null, call);
  }

  /**
   * Reads one more token per row.
   *
   * @param state used up by this, also when it throws
   * @returns the logits `[B, V]` that follow, and the next state; the caller disposes both
   * @throws {TypeError} when the state is not that of such a model
   * @throws {RangeError} when there is not one id per row, an id is out of range, the state has been used,
   *   or a Phi-3 with `longrope` would get longer than the texts it was first trained with
   */
  decode(
    tokens: readonly number[],
    state: DecoderState,
    call: Call,
  ): { readonly logits: tf.Tensor2D; readonly state: DecoderState } {
    try {
      if (!(state instanceof LlamaState)) {
        throw new TypeError(
          `Cannot decode with ${this.identity.className} as the state must be one of its own: ` +
            `pass what prefill or decode returned`,
        );
      }
      const rows = state.positions.length;
      if (tokens.length !== rows) {
        throw new RangeError(
          `Cannot decode as each row reads one token: got ${tokens.length} tokens for ${rows} rows`,
        );
      }
      this.#refuseOtherAngles(state);
      return this.#step(
        tokens.map((token) => [token]),
        state.positions.map((position) => [position + 1]),
        state.attentionMask.map((row) => [...row, 1]),
        state.memory,
        call,
      );
    } finally {
      state.dispose();
    }
  }

  /** transformers reads a Phi-3's text anew where its long angles begin; here what was read is gone. */
  #refuseOtherAngles(state: LlamaState): void {
    const { modelType, rope } = this.#config;
    if (modelType !== "phi3" || rope.rope_type !== "longrope") return;
    const most = rope.original_max_position_embeddings;
    if (state.attentionMask[0]!.length !== most) return;
    throw new RangeError(
      `Cannot decode with ${this.identity.className} beyond ${most} positions as its angles change ` +
        `there: pass a smaller max_new_tokens, or a prompt that is longer than that already`,
    );
  }

  /** Frees the weights. */
  dispose(): void {
    this.parameters.dispose();
  }

  /** Reads tokens after what came before; logits of the last one, and what has been seen with it. */
  #step(
    tokens: readonly (readonly number[])[],
    positions: readonly (readonly number[])[],
    attentionMask: readonly (readonly number[])[],
    past: LlamaMemory | null,
    call: Call,
  ): { readonly logits: tf.Tensor2D; readonly state: DecoderState } {
    const { logits, memory } = tf.tidy(() => {
      const ids = idsTensor(tokens, "inputIds", { vocabSize: this.vocabSize });
      const [B, L] = ids.shape;
      const mask = idsTensor(attentionMask, "attentionMask", { vocabSize: 2 });
      const padding = countsAll(attentionMask) ? null : mask;
      const inputs: LlamaInputs = { ids, positions, padding, past };
      const { hidden, memory } = llamaLayers(this.#config, inputs, call);
      const last = tf.slice(hidden, [0, L - 1, 0], [B, 1, -1]);
      const logits = tf.reshape(this.#logits(last, call), [B, this.vocabSize]) as tf.Tensor2D;
      return { logits, memory };
    });
    const reached = positions.map((row) => row.at(-1)!);
    return { logits, state: new LlamaState(memory, attentionMask, reached) };
  }

  #logits(hidden: tf.Tensor3D, call: Call): tf.Tensor3D {
    const logits = call.linear("lm_head", namedNorm(this.#config, "model.norm", hidden, call));
    const cap = this.#config.caps.logits;
    return cap === null ? logits : softCap(logits, cap);
  }
}

function identify(
  raw: Readonly<Record<string, unknown>>,
  config: LlamaConfig,
  origin: Origin = {},
): LanguageIdentity {
  return languageIdentity(raw, config, llamaClass(config.modelType), origin);
}

/** Counts each row's tokens from 0; padding stands at 0, where nothing reads it. */
function textPositions(mask: readonly number[]): number[] {
  let tokens = 0;
  return mask.map((counts) => counts === 0 ? 0 : tokens++);
}

/** Mean cross-entropy of each position's logits with the label of the position after it. */
function nextTokenLoss(
  logits: tf.Tensor3D,
  labels: tf.Tensor2D,
  labelSmoothing: number | undefined,
  parts: number | undefined,
): { readonly loss: tf.Scalar; readonly losses?: tf.Tensor1D } {
  const [B, L, V] = logits.shape;
  return tf.tidy(() => {
    const nothing = tf.fill([B, 1], IGNORED_LABEL, "int32") as tf.Tensor2D;
    const next = tf.concat([tf.slice(labels, [0, 1], [B, L - 1]), nothing], 1); // [B, L]
    return lossOfParts(
      tf.reshape(logits, [B * L, V]),
      tf.reshape(next, [B * L]),
      labelSmoothing,
      parts,
    );
  });
}
