import * as tf from "../tf.ts";
import type { DecoderState } from "./base_model.ts";
import type { LlamaMemory } from "./llama_layers.ts";

/** What a Llama remembers between two steps of generation: the keys and values of each layer. */
export class LlamaState implements DecoderState {
  readonly memory: LlamaMemory;
  /** 1 where a position counts, 0 where it is padding; `[B][L]`. */
  readonly attentionMask: readonly (readonly number[])[];
  /** The position of each row's last token, which padding does not count towards; `[B]`. */
  readonly positions: readonly number[];

  constructor(
    memory: LlamaMemory,
    attentionMask: readonly (readonly number[])[],
    positions: readonly number[],
  ) {
    this.memory = memory;
    this.attentionMask = attentionMask;
    this.positions = positions;
  }

  /** @throws {RangeError} when there is no such row */
  select(rows: readonly number[]): LlamaState {
    const stray = rows.find((row) => !(row in this.positions));
    if (stray !== undefined) {
      throw new RangeError(
        `Cannot select row ${stray} of a decoder state as it has ${this.positions.length} rows`,
      );
    }
    const memory = tf.tidy(() => {
      const indices = tf.tensor1d([...rows], "int32");
      const pick = (tensor: tf.Tensor4D) => tf.gather(tensor, indices);
      return { keys: this.memory.keys.map(pick), values: this.memory.values.map(pick) };
    });
    return new LlamaState(
      memory,
      rows.map((row) => this.attentionMask[row]!),
      rows.map((row) => this.positions[row]!),
    );
  }

  dispose(): void {
    tf.dispose(this.memory);
  }
}
