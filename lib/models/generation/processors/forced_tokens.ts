/**
 * Tokens that must or must not come at certain places.
 *
 * Source: transformers generation/logits_process.py
 *
 * @module
 */
import type { LogitsProcessor } from "./processor.ts";

/**
 * Forbids the end of a sequence until it has `minimum` ids, those it began with among them.
 *
 * Source: `MinLengthLogitsProcessor`
 *
 * @param minimum how many ids come before the end at least
 * @param eos the ids that end a sequence
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const scores = new Float32Array([1, 5]);
 * minLength(4, [1])(scores, { ids: [7, 3, 0], row: 0 });
 * assert.deepEqual([...scores], [1, -Infinity]);
 * ```
 */
export function minLength(minimum: number, eos: readonly number[]): LogitsProcessor {
  return (scores, { ids }) => {
    if (ids.length < minimum) { for (const id of eos) scores[id] = -Infinity; }
  };
}

/**
 * Forbids tokens everywhere, or where a sequence has one length.
 *
 * Source: `SuppressTokensLogitsProcessor`, `SuppressTokensAtBeginLogitsProcessor`
 *
 * @param tokens those outside the vocabulary are passed over
 * @param length of the sequence before the token; any when absent
 */
export function suppressTokens(tokens: readonly number[], length?: number): LogitsProcessor {
  return (scores, { ids }) => {
    if (length !== undefined && ids.length !== length) return;
    for (const token of tokens) if (token < scores.length) scores[token] = -Infinity;
  };
}

/**
 * Leaves nothing but some tokens, all equally good, where a sequence has one length.
 *
 * Source: `ForcedBOSTokenLogitsProcessor`, `ForcedEOSTokenLogitsProcessor`
 *
 * @param tokens in the vocabulary
 * @param length of the sequence before the token
 */
export function forceTokens(tokens: readonly number[], length: number): LogitsProcessor {
  return (scores, { ids }) => {
    if (ids.length !== length) return;
    scores.fill(-Infinity);
    for (const token of tokens) scores[token] = 0;
  };
}

/**
 * Adds |s| · (factor^n − 1) to the scores s of the ends, from `start` new tokens on; n counts the tokens
 * after those.
 *
 * Source: `ExponentialDecayLengthPenalty`
 *
 * @param start how many ids a sequence has, those it began with among them, before this begins
 * @param factor above 1 the end becomes more probable with every token
 * @param eos the ids that end a sequence
 */
export function exponentialDecay(
  start: number,
  factor: number,
  eos: readonly number[],
): LogitsProcessor {
  return (scores, { ids }) => {
    if (ids.length <= start) return;
    const weight = Math.fround(factor ** (ids.length - start) - 1);
    for (const id of eos) scores[id]! += Math.fround(Math.abs(scores[id]!) * weight);
  };
}

/**
 * Replaces NaN by 0 and ±∞ by the largest finite numbers.
 *
 * Source: `InfNanRemoveLogitsProcessor`
 */
export function removeInvalidValues(): LogitsProcessor {
  const largest = (2 - 2 ** -23) * 2 ** 127;
  return (scores) => {
    for (let token = 0; token < scores.length; token++) {
      const score = scores[token]!;
      if (Number.isFinite(score)) continue;
      scores[token] = Number.isNaN(score) ? 0 : score > 0 ? largest : -largest;
    }
  };
}
