import * as tf from "../../tf.ts";
import type { DecoderState } from "../base_model.ts";
import type { LlamaMemory } from "./layers.ts";

/** State of a Llama between two steps of generation: the keys and values of each layer. */
export class LlamaState implements DecoderState {
  readonly #memory: LlamaMemory;
  #isUsedUp = false;
  /** 1 where a position counts, 0 where it is padding; `[B][L]`. */
  readonly attentionMask: readonly (readonly number[])[];
  /** The position of each row's last token, which padding does not count towards; `[B]`. */
  readonly positions: readonly number[];

  constructor(
    memory: LlamaMemory,
    attentionMask: readonly (readonly number[])[],
    positions: readonly number[],
  ) {
    this.#memory = memory;
    this.attentionMask = attentionMask;
    this.positions = positions;
  }

  /**
   * The keys and values of each layer.
   * @throws {RangeError} when the state has been used or disposed
   */
  get memory(): LlamaMemory {
    if (this.#isUsedUp) {
      throw new RangeError("Cannot decode from this state as it has been used: pass the next one");
    }
    return this.#memory;
  }

  /** @throws {RangeError} when there is no such row, or the state has been used or disposed */
  select(rows: readonly number[]): LlamaState {
    const { keys, values } = this.memory;
    const stray = rows.find((row) => !(row in this.positions));
    if (stray !== undefined || rows.length === 0) {
      throw new RangeError(
        `Cannot select rows [${rows}] of a decoder state as rows must be in ` +
          `[0, ${this.positions.length}), at least one`,
      );
    }
    const memory = tf.tidy(() => {
      const indices = tf.tensor1d([...rows], "int32");
      const pick = (tensor: tf.Tensor4D) => tf.gather(tensor, indices);
      return { keys: keys.map(pick), values: values.map(pick) };
    });
    return new LlamaState(
      memory,
      rows.map((row) => this.attentionMask[row]!),
      rows.map((row) => this.positions[row]!),
    );
  }

  dispose(): void {
    this.#isUsedUp = true;
    tf.dispose(this.#memory);
  }
}
