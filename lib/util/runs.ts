/** Equal values that follow one another in a list. */
export interface Run {
  /** The value. */
  readonly value: number;
  /** Index of the first of them. */
  readonly first: number;
  /** How many there are; positive. */
  readonly count: number;
}

/**
 * The runs of equal values in a list, in order.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(runsOf([7, 7, 3]), [
 *   { value: 7, first: 0, count: 2 },
 *   { value: 3, first: 2, count: 1 },
 * ]);
 * ```
 */
export function runsOf(values: readonly number[]): Run[] {
  const runs: Run[] = [];
  for (let first = 0, count = 0; first < values.length; first += count) {
    const value = values[first]!;
    for (count = 1; values[first + count] === value;) count++;
    runs.push({ value, first, count });
  }
  return runs;
}
