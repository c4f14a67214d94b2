import type { GenerateOptions } from "./options.ts";
import { Largest } from "./largest.ts";

/**
 * Changes the scores of one row, in place, before the next token is chosen; a token at −∞ cannot be.
 *
 * @param scores the row's scores, one per token of the vocabulary
 * @param newTokens how many tokens the row has been given so far
 */
export type LogitsProcessor = (scores: Float32Array, newTokens: number) => void;

/** Applies one processor after the other, in place, and returns the scores. */
export function applyProcessors(
  processors: readonly LogitsProcessor[],
  scores: Float32Array,
  newTokens: number,
): Float32Array {
  for (const processor of processors) processor(scores, newTokens);
  return scores;
}

/**
 * Forbids the end of a sequence until it has `minimum` new tokens.
 *
 * Source: transformers generation/logits_process.py, `MinNewTokensLengthLogitsProcessor`
 *
 * @param minimum how many tokens come before the end at least
 * @param eos the ids that end a sequence
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const scores = new Float32Array([1, 5]);
 * minNewTokens(2, [1])(scores, 1);
 * assert.deepEqual([...scores], [1, -Infinity]);
 * ```
 */
export function minNewTokens(minimum: number, eos: readonly number[]): LogitsProcessor {
  return (scores, newTokens) => {
    if (newTokens < minimum) { for (const id of eos) scores[id] = -Infinity; }
  };
}

/**
 * Divides the scores by `value`: above 1 the choice is more even, below 1 more decided.
 *
 * Source: transformers generation/logits_process.py, `TemperatureLogitsWarper`
 *
 * @param value the temperature; above 0
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const scores = new Float32Array([1, 3]);
 * temperature(2)(scores, 0);
 * assert.deepEqual([...scores], [0.5, 1.5]);
 * ```
 */
export function temperature(value: number): LogitsProcessor {
  const divisor = Math.fround(value);
  return (scores) => {
    for (let token = 0; token < scores.length; token++) scores[token]! /= divisor;
  };
}

/**
 * Forbids all but the `size` best tokens; those that equal the last of them stay too.
 *
 * Source: transformers generation/logits_process.py, `TopKLogitsWarper`
 *
 * @param size how many tokens to keep; at least 1
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const scores = new Float32Array([1, 3, 2, 2]);
 * topK(2)(scores, 0);
 * assert.deepEqual([...scores], [-Infinity, 3, 2, 2]);
 * ```
 */
export function topK(size: number): LogitsProcessor {
  return (scores) => {
    const best = new Largest(Math.min(size, scores.length));
    for (let token = 0; token < scores.length; token++) best.offer(scores[token]!, token);
    const least = best.values.at(-1)!;
    for (let token = 0; token < scores.length; token++) {
      if (scores[token]! < least) scores[token] = -Infinity;
    }
  };
}

/**
 * Keeps the smallest set of best tokens whose probabilities add up to `mass` at least, one token at
 * least. Of equal tokens at the border those of higher id stay.
 *
 * Source: transformers generation/logits_process.py, `TopPLogitsWarper`, with single precision where
 * PyTorch has it.
 *
 * @param mass the probability to keep; in [0, 1]
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const scores = Float32Array.from([0.1, 0.6, 0.3], Math.log);
 * topP(0.7)(scores, 0);
 * assert.deepEqual([...scores].map(Number.isFinite), [false, true, true]);
 * ```
 */
export function topP(mass: number): LogitsProcessor {
  const tail = Math.fround(1 - mass);
  return (scores) => {
    const ascending: number[] = [];
    for (let token = 0; token < scores.length; token++) {
      if (scores[token] !== -Infinity) ascending.push(token);
    }
    ascending.sort((a, b) => scores[a]! - scores[b]! || a - b);
    const highest = scores[ascending.at(-1)!]!;
    const weights = ascending.map((token) => Math.exp(Math.fround(scores[token]! - highest)));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    let cumulative = 0;
    for (const [rank, token] of ascending.slice(0, -1).entries()) {
      cumulative += Math.fround(weights[rank]! / total);
      if (Math.fround(cumulative) > tail) break;
      scores[token] = -Infinity;
    }
  };
}

/** The options that change what sampling may draw. */
export type SamplingOptions = Required<Pick<GenerateOptions, "temperature" | "top_k" | "top_p">>;

/**
 * What sampling applies to the scores, in the reference's order: temperature, top-k, top-p.
 *
 * Source: transformers generation/utils.py, `_get_logits_processor`
 */
export function samplingProcessors(options: SamplingOptions): LogitsProcessor[] {
  const processors: LogitsProcessor[] = [];
  if (options.temperature !== 1) processors.push(temperature(options.temperature));
  if (options.top_k > 0) processors.push(topK(options.top_k));
  if (options.top_p < 1) processors.push(topP(options.top_p));
  return processors;
}
