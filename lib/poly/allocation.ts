/** Amount of each skill that each task takes; rows are tasks, columns skills, shape `[T, S]`. */
export type Allocation = readonly (readonly number[])[];

/** A logit whose sigmoid is exactly 0 in single precision. */
const NEVER = -200;
/** A logit whose sigmoid is exactly 1 in single precision. */
const ALWAYS = 200;

/**
 * The routing logits whose mixing weights in evaluation equal a fixed allocation. PEFT learns every
 * allocation, and computes the same from these.
 *
 * PEFT divides sigmoids by their sum, so the scale of a row is free: the largest amount gets
 * sigmoid ½, which is logit 0. Amounts equal to the largest, and amounts of 0, are exact; others
 * are within rounding.
 *
 * @param allocation amounts of each skill for each task, `[T, S]`, not negative; no row is all
 * zeros
 * @param nSplits number of splits H; all of them get the same allocation
 * @returns Z, shape `[T, H·S]`, split-major, as one flat array
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual([...allocationLogits([[1, 1, 0]], 2)], [0, 0, -200, 0, 0, -200]);
 * ```
 */
export function allocationLogits(
  allocation: Allocation,
  nSplits: number,
): Float32Array {
  const rows = allocation.map((row) => {
    const largest = Math.max(...row);
    return row.map((amount) => {
      const share = amount / largest / 2;
      return Math.max(NEVER, Math.log(share / (1 - share)));
    });
  });
  return Float32Array.from(
    rows.flatMap((row) => Array.from({ length: nSplits }, () => row).flat()),
  );
}

/**
 * Routing logits whose sigmoids are 1 for the last skill of every split, which all tasks share, and for all
 * others what they were.
 *
 * @param logits Z, shape `[T, H·S]`, as one flat array
 * @param S number of skills
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const logits = Float32Array.of(1, 2, 3, 4);
 * assert.deepEqual([...sharedSkillLogits(logits, 2)], [1, 200, 3, 200]);
 * ```
 */
export function sharedSkillLogits(logits: Float32Array, S: number): Float32Array {
  return logits.map((logit, i) => i % S === S - 1 ? ALWAYS : logit);
}
