import type * as tf from "../tf.ts";
import type { Call, PlainCallOptions } from "./call.ts";
import type { Identity, LanguageIdentity } from "./identity.ts";
import type { Parameters } from "./parameters.ts";

/** The outputs of a forward pass; when the inputs carry labels, `loss` is certainly among them. */
export type WithLoss<Inputs, Outputs> = Inputs extends { readonly labels: object }
  ? Outputs & { readonly loss: tf.Scalar }
  : Outputs;

/**
 * One entry of a model's module tree, named as PyTorch's `named_modules()` names it. Adapters choose
 * their targets among these.
 */
export interface ModuleInfo {
  /** The full dotted name, such as `encoder.block.0.layer.0.SelfAttention.q`. */
  readonly name: string;
  /** The PyTorch class, such as `Linear`, `Embedding`, `T5LayerNorm` or `ModuleList`. */
  readonly kind: string;
  /** Size of the last axis that goes in; only of a `Linear`. */
  readonly inFeatures?: number;
  /** Size of the last axis that comes out; only of a `Linear`. */
  readonly outFeatures?: number;
}

/** A frozen model whose parts have names that adapters can target. */
export interface BaseModel<
  Inputs extends object = ForwardInputs,
  Outputs extends object = ForwardOutputs,
> {
  /** Class and origin of the model, in Hugging Face's words. */
  readonly identity: Identity;
  /** Every module in the order of PyTorch's `named_modules()`, the root left out. */
  readonly modules: readonly ModuleInfo[];
  /** The linear layer that makes the logits; "all-linear" leaves it out. Null where there is none. */
  readonly outputEmbedding: string | null;
  /** The weights by their Hugging Face names. */
  readonly parameters: Parameters;

  /** A call that computes this model as it is. */
  plainCall(options?: PlainCallOptions): Call;

  /**
   * One pass over a batch, with gradients. The caller disposes what comes out, or wraps the call in
   * `tf.tidy`. Without `call` the model is computed as it is, in evaluation.
   */
  forward<I extends Inputs>(inputs: I, call?: Call): WithLoss<I, Outputs>;

  /** Frees the weights. */
  dispose(): void;
}

/** Integers as a tensor or as nested arrays. */
export type Ids = tf.Tensor2D | readonly (readonly number[])[];

/** Inputs of a language model. `B` rows, `L` positions, `M` target positions, `V` vocabulary. */
export interface ForwardInputs {
  /** Token ids; shape `[B, L]`; in [0, V). */
  readonly inputIds: Ids;
  /** 1 where a token counts, 0 where it is padding; shape `[B, L]`; all ones when absent. */
  readonly attentionMask?: Ids | undefined;
  /** Target ids, −100 where ignored; `[B, M]` of an encoder-decoder, `[B, L]` (not shifted) of a decoder. */
  readonly labels?: Ids | undefined;
  /** Share of each target that is spread evenly over the vocabulary; in [0, 1]; 0 when absent. */
  readonly labelSmoothing?: number | undefined;
  /** Encoder-decoder only: what the decoder reads; the labels shifted right when absent. */
  readonly decoderInputIds?: Ids | undefined;
}

/** Outputs of a language model. */
export interface ForwardOutputs {
  /** Unnormalised log-probabilities of the next token; `[B, M, V]` or `[B, L, V]`. */
  readonly logits: tf.Tensor3D;
  /** Mean cross-entropy over the labels that are not −100; the sum of `losses` where there are several. */
  readonly loss?: tf.Scalar;
  /** The mean cross-entropy of each of the call's `P` parts where there are several; `[P]`. */
  readonly losses?: tf.Tensor;
  /** Encoder-decoder only: the encoder's output; `[B, L, D]`. */
  readonly encoderLastHiddenState?: tf.Tensor3D;
}

/**
 * A decoder between two steps of generation: everything it has seen, as tensors whose first axis is
 * the row. Whoever holds it disposes it.
 */
export interface DecoderState {
  /** A state whose row `i` is row `rows[i]` of this one; this one stays valid. */
  select(rows: readonly number[]): DecoderState;
  /** Frees what it holds. */
  dispose(): void;
}

/** A prompt on the host, where its ids have been checked; both `[B, L]`. */
export interface Prompt {
  /** Token ids. */
  readonly inputIds: readonly (readonly number[])[];
  /** 1 where a token counts, 0 where it is padding. */
  readonly attentionMask: readonly (readonly number[])[];
}

/** A base model that reads and writes tokens. */
export interface LanguageModel extends BaseModel<ForwardInputs, ForwardOutputs> {
  /** Class and origin of the model, and the ids that start, end and pad its sequences. */
  readonly identity: LanguageIdentity;
  /** Whether an encoder reads the prompt and a decoder writes; a decoder alone does both. */
  readonly isEncoderDecoder: boolean;
  /** Size of the vocabulary, V; every token id is below it. */
  readonly vocabSize: number;

  /**
   * Reads the prompt. An encoder-decoder runs its encoder and returns `logits: null`, as its first
   * step reads the start token; a decoder reads the whole prompt and returns the logits `[B, V]` that
   * follow it. Not differentiable; the caller disposes both results.
   */
  prefill(
    prompt: Prompt,
    call: Call,
  ): { readonly logits: tf.Tensor2D | null; readonly state: DecoderState };

  /**
   * Reads one more token per row and returns the logits `[B, V]` that follow, with the state after
   * it. The state that went in is used up: it is disposed, also when the step throws.
   */
  decode(
    tokens: readonly number[],
    state: DecoderState,
    call: Call,
  ): { readonly logits: tf.Tensor2D; readonly state: DecoderState };
}
