import type * as tf from "../../tf.ts";
import type { DecoderState, LanguageModel, Prompt } from "../base_model.ts";
import type { Call } from "../call.ts";

/** How a model is decoded. */
export interface DecodingOptions {
  /** Rows to generate for one row of the prompt; its copies are neighbours. */
  readonly copies: number;
  /** Encoder-decoder only: what the decoder of each row starts from. */
  readonly starts?: readonly number[] | null;
  /** Ends the generation between two steps. */
  readonly signal?: AbortSignal | undefined;
  /** Whether scores that are not a number or +∞ are an error; true when absent. */
  readonly finite?: boolean;
}

/**
 * A model in the middle of generating: reads one more token per row at each step and has, on the
 * host, the scores of the token after it. It owns the decoder's state.
 *
 * Letters: `B` rows of the prompt, `V` vocabulary.
 */
export class Decoding {
  readonly #model: LanguageModel;
  readonly #options: DecodingOptions;
  #call: Call;
  #ownsCall = false;
  #state: DecoderState | null = null;
  #logits = new Float32Array(0);
  #prompts: readonly (readonly number[])[];

  private constructor(
    model: LanguageModel,
    call: Call,
    prompts: readonly (readonly number[])[],
    options: DecodingOptions,
  ) {
    this.#model = model;
    this.#call = call;
    this.#prompts = prompts;
    this.#options = options;
  }

  /**
   * Reads the prompt, once per row, then sets `copies` rows side by side for each.
   *
   * @param call decides how the model is computed for the `B` rows; it stays the caller's
   */
  static async start(
    model: LanguageModel,
    prompt: Prompt,
    call: Call,
    options: DecodingOptions,
  ): Promise<Decoding> {
    const prompts = options.starts?.map((start) => [start]) ?? prompt.inputIds;
    const decoding = new Decoding(model, call, prompts, options);
    try {
      await decoding.#prefill(prompt);
      if (options.copies > 1) decoding.#repeat(options.copies);
      return decoding;
    } catch (error) {
      decoding.dispose();
      throw error;
    }
  }

  /** Number of rows that are being generated. */
  get rows(): number {
    return this.#prompts.length;
  }

  /** The ids that the decoder had read of a row before the first was generated. */
  prompt(row: number): readonly number[] {
    return this.#prompts[row]!;
  }

  /**
   * The scores of the row's next token, a copy.
   *
   * @throws {RangeError} when a score is not a number or +∞, unless the options allow it
   */
  scores(row: number): Float32Array {
    const size = this.#logits.length / this.rows;
    const scores = this.#logits.slice(row * size, (row + 1) * size);
    if (this.#options.finite === false) return scores;
    const wrong = scores.findIndex((score) => Number.isNaN(score) || score === Infinity);
    if (wrong >= 0) {
      throw new RangeError(
        `Cannot choose the next token as scores must be finite: ` +
          `row ${row} has ${scores[wrong]} for token ${wrong}`,
      );
    }
    return scores;
  }

  /** Lets row `i` go on from where row `rows[i]` is. */
  select(rows: readonly number[]): void {
    if (rows.length === this.rows && rows.every((row, i) => row === i)) return;
    const selected = this.#state!.select(rows);
    this.#state!.dispose();
    this.#state = selected;
  }

  /** Reads one more token per row. */
  async step(tokens: readonly number[]): Promise<void> {
    this.#options.signal?.throwIfAborted();
    const state = this.#state!;
    this.#state = null; // `decode` uses it up, also when it throws
    const next = this.#model.decode(tokens, state, this.#call);
    this.#state = next.state;
    this.#logits = await read(next.logits);
  }

  /** Frees the decoder's state. */
  dispose(): void {
    this.#state?.dispose();
    this.#state = null;
    if (this.#ownsCall) this.#call.dispose();
    this.#ownsCall = false;
  }

  async #prefill(prompt: Prompt): Promise<void> {
    this.#options.signal?.throwIfAborted();
    const { logits, state } = this.#model.prefill(prompt, this.#call);
    this.#state = state;
    if (logits !== null) this.#logits = await read(logits);
    else await this.step([...this.#options.starts!]);
  }

  #repeat(copies: number): void {
    const rows = Array.from({ length: this.rows * copies }, (_, i) => Math.floor(i / copies));
    this.select(rows);
    this.#call = this.#call.select(rows);
    this.#ownsCall = true;
    const size = this.#logits.length / this.rows;
    const logits = new Float32Array(rows.length * size);
    for (const [row, from] of rows.entries()) {
      logits.set(this.#logits.subarray(from * size, (from + 1) * size), row * size);
    }
    this.#logits = logits;
    this.#prompts = rows.map((row) => this.#prompts[row]!);
  }
}

async function read(logits: tf.Tensor2D): Promise<Float32Array<ArrayBuffer>> {
  try {
    return await logits.data() as Float32Array<ArrayBuffer>;
  } finally {
    logits.dispose();
  }
}
