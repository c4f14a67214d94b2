import * as tf from "../../tf.ts";
import type { DecoderState } from "../base_model.ts";
import type { EncodedText, KeysAndValues } from "./stack.ts";

/** State of a T5's decoder between two steps of generation. */
export class T5State implements DecoderState {
  readonly rows: number;
  readonly #text: EncodedText;
  readonly #past: readonly KeysAndValues[] | null;
  #isUsedUp = false;

  /**
   * @param rows how many rows there are
   * @param text what the decoder sees of the text; the state's from now on
   * @param past keys and values per layer of what it has read; null at the start; the state's too
   */
  constructor(rows: number, text: EncodedText, past: readonly KeysAndValues[] | null) {
    this.rows = rows;
    this.#text = text;
    this.#past = past;
  }

  /**
   * What the next step needs.
   * @throws {RangeError} when the state has been used or disposed
   */
  get memory(): { readonly text: EncodedText; readonly past: readonly KeysAndValues[] | null } {
    if (this.#isUsedUp) {
      throw new RangeError("Cannot decode from this state as it has been used: pass the next one");
    }
    return { text: this.#text, past: this.#past };
  }

  /** The state after one more position. The text goes over to it, and this one is used up. */
  advance(past: readonly KeysAndValues[]): T5State {
    const { text } = this.memory;
    this.#isUsedUp = true;
    disposeAll(this.#past ?? []);
    return new T5State(this.rows, text, past);
  }

  /** @throws {RangeError} when there is no such row, or the state has been used or disposed */
  select(rows: readonly number[]): T5State {
    const { text, past } = this.memory;
    const stray = rows.find((row) => !(Number.isInteger(row) && row >= 0 && row < this.rows));
    if (stray !== undefined || rows.length === 0) {
      throw new RangeError(
        `Cannot select rows [${rows}] of a decoder state as rows must be in [0, ${this.rows}), ` +
          `at least one`,
      );
    }
    const selected = tf.tidy(() => {
      const indices = tf.tensor1d([...rows], "int32");
      const pick = ({ keys, values }: KeysAndValues): KeysAndValues => ({
        keys: tf.gather(keys, indices),
        values: tf.gather(values, indices),
      });
      const bias = text.bias === undefined ? undefined : tf.gather(text.bias, indices);
      return { text: { memory: text.memory.map(pick), bias }, past: past?.map(pick) };
    });
    return new T5State(rows.length, selected.text, selected.past ?? null);
  }

  dispose(): void {
    if (this.#isUsedUp) return;
    this.#isUsedUp = true;
    disposeAll([...this.#text.memory, ...this.#past ?? []]);
    this.#text.bias?.dispose();
  }
}

function disposeAll(memory: readonly KeysAndValues[]): void {
  for (const { keys, values } of memory) {
    keys.dispose();
    values.dispose();
  }
}
