import { porterStem } from "./porter_stemmer.ts";

/**
 * How much of an answer's words stand in a reference in the same order: the F-measure of Rouge-L with
 * stemming, for the reference it fits best. In [0, 1].
 *
 * Texts are lower-cased, everything but a-z and 0-9 parts words, and words of more than three letters
 * are stemmed. An answer or reference without words scores 0.
 *
 * Source: C.-Y. Lin, "ROUGE: a package for automatic evaluation of summaries", 2004, as computed by
 * google-research rouge/rouge_scorer.py, `RougeScorer(["rougeL"], use_stemmer=True)`; the best
 * reference counts as in Super-NaturalInstructions' evaluation
 *
 * @param references at least one
 * @throws {RangeError} when there is no reference
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(rougeL("testing one", ["testing one two"]), 0.8);
 * assert.equal(rougeL("It was tested.", ["no", "IT WAS TESTING"]), 1);
 * ```
 */
export function rougeL(prediction: string, references: readonly string[]): number {
  if (references.length === 0) {
    throw new RangeError(`Cannot score "${prediction}" as it has no reference: give at least one`);
  }
  const predicted = words(prediction);
  return Math.max(...references.map((reference) => fMeasure(predicted, words(reference))));
}

function words(text: string): string[] {
  const found = text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  return found.map((word) => word.length > 3 ? porterStem(word) : word);
}

function fMeasure(predicted: readonly string[], reference: readonly string[]): number {
  const common = longestCommonSubsequence(predicted, reference);
  if (common === 0) return 0;
  const precision = common / predicted.length;
  const recall = common / reference.length;
  return 2 * precision * recall / (precision + recall);
}

/** Length of the longest common subsequence of words of two texts. */
function longestCommonSubsequence(a: readonly string[], b: readonly string[]): number {
  // Entry j: the longest one of what is read of `a` and the first j words of `b`.
  let longest = new Array<number>(b.length + 1).fill(0);
  for (const word of a) {
    const next = [0];
    for (let j = 1; j <= b.length; j++) {
      next.push(
        word === b[j - 1] ? longest[j - 1]! + 1 : Math.max(longest[j]!, next[j - 1]!),
      );
    }
    longest = next;
  }
  return longest[b.length]!;
}
