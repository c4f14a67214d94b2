/**
 * How many words an answer and a reference have in common, in whatever order: the harmonic mean of the
 * shares that they are of both, for the reference it fits best. In [0, 1].
 *
 * Texts are lower-cased; ASCII punctuation and the English articles are left out. An answer without words
 * fits a reference without words, with score 1, and no other.
 *
 * Source: Rajpurkar et al. 2018 (arXiv 1806.03822), the evaluation script of SQuAD 2.0, `compute_f1`.
 *
 * @param references at least one
 * @throws {RangeError} when there is no reference
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(tokenF1("The dog's bone", ["bone of a dog", "Dogs bone!"]), 1);
 * assert.equal(tokenF1("one two", ["two three"]), 0.5);
 * ```
 */
export function tokenF1(prediction: string, references: readonly string[]): number {
  if (references.length === 0) {
    throw new RangeError(`Cannot score "${prediction}" as it has no reference: give at least one`);
  }
  const predicted = words(prediction);
  return Math.max(...references.map((reference) => fMeasure(predicted, words(reference))));
}

/** An article that stands alone, in letters of any script as Python's `\b` sees them. */
const ARTICLE = /(?<![\p{L}\p{N}_])(?:a|an|the)(?![\p{L}\p{N}_])/gu;

function words(text: string): string[] {
  const plain = text.toLowerCase().replace(/[!-/:-@[-`{-~]/g, "").replace(ARTICLE, " ");
  return plain.split(/\p{White_Space}+/u).filter((word) => word !== "");
}

function fMeasure(predicted: readonly string[], reference: readonly string[]): number {
  if (predicted.length === 0 || reference.length === 0) {
    return predicted.length === reference.length ? 1 : 0;
  }
  const left = new Map<string, number>();
  for (const word of reference) left.set(word, (left.get(word) ?? 0) + 1);
  let common = 0;
  for (const word of predicted) {
    const count = left.get(word) ?? 0;
    if (count === 0) continue;
    left.set(word, count - 1);
    common++;
  }
  return 2 * common / (predicted.length + reference.length);
}
