/**
 * A language model whose logits come from integer arithmetic, so that Python's transformers can
 * generate from the same model.
 */
import type { DecoderState, LanguageModel, Prompt } from "../../models/base_model.ts";
import type { Call } from "../../models/call.ts";
import * as tf from "../../tf.ts";

/** Settings of a table model. */
export interface TableOptions {
  readonly isEncoderDecoder: boolean;
  readonly vocabSize: number;
  /** Seed of the table, in [0, 1000). */
  readonly seed: number;
  /**
   * Bias of the tokens that end a sequence, added to their logits; a multiple of 2⁻¹⁷, in [−32,
   * 32].
   */
  readonly eosBias?: number;
  readonly eos?: readonly number[];
  readonly pad?: number;
  /** What its `generation_config.json` says; no such file when absent. */
  readonly generationConfig?: Readonly<Record<string, unknown>>;
}

/**
 * The logits that follow `history`: integers over 2¹⁷, exact in single precision, by integer
 * arithmetic that other languages repeat to the last bit.
 */
export function tableLogits(
  { vocabSize, seed, eosBias = 0, eos = [1] }: TableOptions,
  key: number,
  history: readonly number[],
): number[] {
  const [last, before = 0] = [history.at(-1)!, history.at(-2)];
  return Array.from({ length: vocabSize }, (_, token) => {
    const x = last * 7 + before * 13 + history.length * 29 + key * 31 + token * 17 + seed * 19;
    return (x ** 3 + 12345) % 1000003 / 131072 + (eos.includes(token) ? eosBias : 0);
  });
}

/** Number that an encoder-decoder's table derives from the prompt. */
export function promptKey(ids: readonly number[], mask: readonly number[]): number {
  const real = ids.filter((_, position) => mask[position] === 1);
  return real.reduce((sum, id, i) => sum + (i + 1) * id, 0) % 1009;
}

/**
 * A language model without weights whose logits come from {@linkcode tableLogits}, for tests of
 * generation. Its state holds a tensor, so that a state that is not disposed is noticed.
 *
 * @param beforeDecode called with the number of each step, from 1; may throw
 */
export function tableModel(
  options: TableOptions,
  beforeDecode: (step: number, call: Call) => void = () => {},
): LanguageModel {
  const { isEncoderDecoder, vocabSize, eos = [1], pad = 0 } = options;
  let step = 0;

  class State implements DecoderState {
    readonly tensor = tf.tensor1d([0]);
    constructor(readonly keys: readonly number[], readonly histories: readonly number[][]) {}
    select(rows: readonly number[]): State {
      return new State(rows.map((row) => this.keys[row]!), rows.map((row) => this.histories[row]!));
    }
    dispose() {
      if (this.tensor.isDisposed) throw new Error("A state was disposed twice");
      this.tensor.dispose();
    }
    logits(): tf.Tensor2D {
      return tf.tensor2d(this.histories.map((h, row) => tableLogits(options, this.keys[row]!, h)));
    }
  }

  return {
    isEncoderDecoder,
    vocabSize,
    identity: {
      generationIds: { pad, eos, decoderStart: isEncoderDecoder ? 3 : null },
      ...(options.generationConfig !== undefined && { generationConfig: options.generationConfig }),
    },
    plainCall: () => ({ select: () => tableCall([]), dispose() {} }) as unknown as Call,
    prefill({ inputIds, attentionMask }: Prompt) {
      if (isEncoderDecoder) {
        const keys = inputIds.map((ids, row) => promptKey(ids, attentionMask[row]!));
        return { logits: null, state: new State(keys, keys.map(() => [])) };
      }
      const histories = inputIds.map((ids, row) =>
        ids.filter((_, i) => attentionMask[row]![i] === 1)
      );
      const state = new State(histories.map(() => 0), histories);
      return { logits: state.logits(), state };
    },
    decode(tokens: readonly number[], state: State, call: Call) {
      try {
        step++;
        beforeDecode(step, call);
        if (tokens.length !== state.keys.length) throw new Error("One token per row is needed");
        const next = new State(state.keys, state.histories.map((h, row) => [...h, tokens[row]!]));
        return { logits: next.logits(), state: next };
      } finally {
        state.dispose();
      }
    },
  } as unknown as LanguageModel;
}

/** A call that records the rows it stands for, and whether it was disposed. */
export interface TableCall extends Call {
  readonly rows: readonly number[];
  readonly isDisposed: boolean;
  /** All calls selected from this one. */
  readonly selected: readonly TableCall[];
}

export function tableCall(rows: readonly number[]): TableCall {
  const selected: TableCall[] = [];
  const call = {
    rows,
    isDisposed: false,
    selected,
    select(of: readonly number[]) {
      const next = tableCall(of.map((row) => rows[row]!));
      selected.push(next);
      return next;
    },
    dispose() {
      if (call.isDisposed) throw new Error("A call was disposed twice");
      call.isDisposed = true;
    },
  };
  return call as unknown as TableCall;
}
