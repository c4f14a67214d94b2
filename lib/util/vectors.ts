/** Plain arithmetic of lists of numbers, for everything that needs no distribution. */

/**
 * The mean of numbers. Like arithmetic it passes NaN and infinity on, so that whoever must notice them
 * can; estimates refuse them.
 *
 * @returns NaN when there is no number
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(mean([1, 2, 6]), 3);
 * assert.ok(Number.isNaN(mean([1, NaN])) && Number.isNaN(mean([])));
 * ```
 */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The inner product of two vectors of one length. */
export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
