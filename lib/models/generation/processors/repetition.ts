/**
 * What keeps a text from saying the same again, or makes it say what the prompt says.
 *
 * Source: transformers generation/logits_process.py
 *
 * @module
 */
import type { LogitsProcessor } from "./processor.ts";

/** Multiplies negative scores by `penalty` and divides the others by it, once for each token. */
function penalise(scores: Float32Array, tokens: Iterable<number>, penalty: number): void {
  const factor = Math.fround(penalty);
  for (const token of new Set(tokens)) {
    if (scores[token]! < 0) scores[token]! *= factor;
    else scores[token]! /= factor;
  }
}

/**
 * Makes the tokens that the sequence has already, its prompt and padding among them, less probable.
 *
 * Source: `RepetitionPenaltyLogitsProcessor`
 *
 * @param penalty above 0; below 1 the tokens become more probable
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const scores = new Float32Array([3, -1, 5]);
 * repetitionPenalty(2)(scores, { ids: [0, 1, 0], row: 0 });
 * assert.deepEqual([...scores], [1.5, -2, 5]);
 * ```
 */
export function repetitionPenalty(penalty: number): LogitsProcessor {
  return (scores, { ids }) => penalise(scores, ids, penalty);
}

/**
 * Makes the tokens of the prompt more probable. As in the reference, row `i` of what is generated is
 * held against row `i` of the prompt, and rows beyond the prompt's are left as they are: with beams or
 * several returned sequences that is not the row which they continue.
 *
 * Source: `EncoderRepetitionPenaltyLogitsProcessor`
 *
 * @param penalty above 0; below 1 the tokens become less probable
 * @param prompt what the encoder reads, or a decoder's prompt
 */
export function encoderRepetitionPenalty(
  penalty: number,
  prompt: readonly (readonly number[])[],
): LogitsProcessor {
  return (scores, { row }) => penalise(scores, prompt[row] ?? [], 1 / penalty);
}

/**
 * Forbids every token that would complete a run of `size` tokens which the sequence has already.
 *
 * Source: `NoRepeatNGramLogitsProcessor`
 *
 * @param size at least 1
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const scores = new Float32Array([1, 1, 1]);
 * noRepeatNgram(2)(scores, { ids: [0, 2, 0], row: 0 });
 * assert.deepEqual([...scores], [1, 1, -Infinity]);
 * ```
 */
export function noRepeatNgram(size: number): LogitsProcessor {
  return (scores, { ids }) => forbidRepeated(scores, ids, ids, size);
}

/**
 * Forbids every token that would complete a run of `size` tokens which the prompt has.
 *
 * Source: `EncoderNoRepeatNGramLogitsProcessor`
 *
 * @param size at least 1
 * @param prompt what the encoder reads, or a decoder's prompt
 * @param copies how many rows are generated for each of the prompt
 */
export function encoderNoRepeatNgram(
  size: number,
  prompt: readonly (readonly number[])[],
  copies: number,
): LogitsProcessor {
  return (scores, { ids, row }) =>
    forbidRepeated(scores, prompt[Math.floor(row / copies)]!, ids, size);
}

/** Forbids what follows the last `size − 1` ids of a sequence anywhere in `text`. */
function forbidRepeated(
  scores: Float32Array,
  text: readonly number[],
  ids: readonly number[],
  size: number,
): void {
  const last = ids.length - (size - 1);
  if (last < 0) return;
  for (let at = 0; at + size <= text.length; at++) {
    let i = 0;
    while (i < size - 1 && text[at + i] === ids[last + i]) i++;
    if (i === size - 1) scores[text[at + i]!] = -Infinity;
  }
}
