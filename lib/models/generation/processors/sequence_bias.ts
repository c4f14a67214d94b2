import type { LogitsProcessor } from "./processor.ts";

/** Token ids, at least one, and what is added to the score of the last where the others stand before it. */
export type SequenceBias = readonly [readonly number[], number];

/**
 * Adds numbers to the scores of tokens that would complete given sequences. Of a sequence that is given
 * twice the later number counts. A sequence longer than what there is already does nothing.
 *
 * Source: transformers generation/logits_process.py, `SequenceBiasLogitsProcessor`
 *
 * @param biases whose ids are in the vocabulary
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const scores = new Float32Array([1, 1, 1]);
 * sequenceBias([[[0], 4], [[2, 1], -3]])(scores, { ids: [0, 2], row: 0 });
 * assert.deepEqual([...scores], [5, -2, 1]);
 * ```
 */
export function sequenceBias(biases: readonly SequenceBias[]): LogitsProcessor {
  const latest = [...new Map(biases.map((bias) => [bias[0].join(), bias])).values()];
  const ordered = latest.sort(([a], [b]) => Number(a.length > 1) - Number(b.length > 1));
  return (scores, { ids }) => {
    const sums = new Map<number, number>(); // added up first, as in the reference
    for (const [sequence, bias] of ordered) {
      const before = sequence.length - 1;
      if (before > 0 && sequence.length > ids.length) continue;
      const begin = ids.length - before;
      if (sequence.slice(0, -1).some((id, i) => id !== ids[begin + i])) continue;
      const token = sequence[before]!;
      sums.set(token, Math.fround((sums.get(token) ?? 0) + Math.fround(bias)));
    }
    for (const [token, sum] of sums) scores[token]! += sum;
  };
}

/**
 * Forbids the last token of each sequence where the others stand before it. A sequence that is an end
 * alone is passed over.
 *
 * Source: transformers generation/logits_process.py, `NoBadWordsLogitsProcessor`
 *
 * @param words whose ids are in the vocabulary
 * @param eos the ids that end a sequence
 */
export function badWords(
  words: readonly (readonly number[])[],
  eos: readonly number[],
): LogitsProcessor {
  const others = words.filter((word) => word.length !== 1 || !eos.includes(word[0]!));
  return sequenceBias(others.map((word) => [word, -Infinity]));
}
