/**
 * Whether an answer is one of its references, letter by letter; white space around either is left
 * out. 1 when it is, 0 when not.
 *
 * Case and punctuation count, because tasks such as changing case are about nothing else. The
 * evaluation of Super-NaturalInstructions is milder: it compares in lower case and without
 * punctuation (Tk-Instruct, src/compute_metrics.py, `normalize_answer`), so its exact match is never
 * below this one.
 *
 * @param references at least one
 * @throws {RangeError} when there is no reference
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(exactMatch(" abc\n", ["ABC", "abc"]), 1);
 * assert.equal(exactMatch("Abc", ["abc"]), 0);
 * ```
 */
export function exactMatch(prediction: string, references: readonly string[]): 0 | 1 {
  if (references.length === 0) {
    throw new RangeError(`Cannot score "${prediction}" as it has no reference: give at least one`);
  }
  return references.some((reference) => reference.trim() === prediction.trim()) ? 1 : 0;
}
