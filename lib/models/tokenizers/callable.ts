/** A tokenizer that is called like a function, as those of Python and transformers.js are. */
import type { EncodeBatchOptions, EncodedBatch, EncodeOptions } from "./encode_batch.ts";

/** Turns texts into the ids a model reads, and back. */
export interface Tokenizer {
  /** Fills up the rows of a batch. */
  readonly padId: number;
  /** Ends a sequence; null when nothing does. */
  readonly eosId: number | null;
  /** Begins a sequence; null when nothing does. */
  readonly bosId: number | null;
  /** Stands for what is unknown; null when nothing does. */
  readonly unkId: number | null;
  /** Every id is below it, those of added tokens too. */
  readonly vocabSize: number;
  /**
   * The ids of a text.
   * @throws {RangeError} when half of a surrogate pair is missing, or `maxLength` is not a whole
   * number that leaves room for the special tokens
   */
  encode(text: string, options?: EncodeOptions): number[];
  /**
   * The ids of texts as one batch, filled up to the longest.
   * @throws as {@linkcode encode} does
   */
  encodeBatch(texts: readonly string[], options?: EncodeBatchOptions): EncodedBatch;
  /**
   * The text of ids.
   * @throws {RangeError} when one of them cannot be an id
   */
  decode(ids: readonly number[], options?: { readonly skipSpecialTokens?: boolean }): string;
}

/** Options of a tokenizer that is called, in the words of transformers.js. */
export interface TokenizeOptions {
  /** Whether rows are filled up to the longest; a batch for a model needs that. */
  readonly padding?: boolean | undefined;
  /** Whether longer texts are cut to `max_length`. */
  readonly truncation?: boolean | undefined;
  /** Most ids of a row, those around the text included. */
  readonly max_length?: number | null | undefined;
  /** Whether to add what the model expects around a text, such as the end of the sequence. */
  readonly add_special_tokens?: boolean | undefined;
}

/** A tokenizer that turns texts into a batch when it is called. */
export interface CallableTokenizer extends Tokenizer {
  /**
   * The ids of one text or of several, a row for each.
   * @throws {RangeError} when `truncation` lacks `max_length`, an option is unknown, or as `encode` does
   */
  (texts: string | readonly string[], options?: TokenizeOptions): EncodedBatch;
}

const OPTIONS = ["padding", "truncation", "max_length", "add_special_tokens"];

/**
 * Makes a tokenizer callable; everything else it does as before.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { ByteTokenizer } from "./byte_tokenizer.ts";
 *
 * const tokenizer = callable(new ByteTokenizer());
 * assert.deepEqual(tokenizer(["hi", "a"], { padding: true }), {
 *   inputIds: [[107, 108, 1], [100, 1, 0]],
 *   attentionMask: [[1, 1, 1], [1, 1, 0]],
 * });
 * assert.deepEqual(tokenizer("hi").inputIds, [[107, 108, 1]]);
 * assert.deepEqual(tokenizer.encode("hi"), [107, 108, 1]);
 * ```
 */
export function callable(tokenizer: Tokenizer): CallableTokenizer {
  const tokenize = (
    texts: string | readonly string[],
    options: TokenizeOptions = {},
  ): EncodedBatch => {
    const unknown = Object.keys(options).find((name) => !OPTIONS.includes(name));
    if (unknown !== undefined) {
      throw new RangeError(
        `Cannot tokenize with option "${unknown}" as there are ${OPTIONS.join(", ")}`,
      );
    }
    const { padding = false, truncation = false, max_length, add_special_tokens = true } = options;
    if (truncation && (max_length === undefined || max_length === null)) {
      throw new RangeError("Cannot cut texts as max_length must be given beside truncation");
    }
    const encode = {
      addSpecialTokens: add_special_tokens,
      ...(truncation ? { maxLength: max_length! } : {}),
    };
    const list = typeof texts === "string" ? [texts] : texts;
    if (padding) return tokenizer.encodeBatch(list, encode);
    const inputIds = list.map((text) => tokenizer.encode(text, encode));
    return { inputIds, attentionMask: inputIds.map((row) => row.map(() => 1)) };
  };
  const { padId, eosId, bosId, unkId, vocabSize } = tokenizer;
  return Object.assign(tokenize, {
    ...{ padId, eosId, bosId, unkId, vocabSize },
    encode: tokenizer.encode.bind(tokenizer),
    encodeBatch: tokenizer.encodeBatch.bind(tokenizer),
    decode: tokenizer.decode.bind(tokenizer),
  });
}
