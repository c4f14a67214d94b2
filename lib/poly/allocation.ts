/** How much of each skill each task takes; rows are tasks, columns skills, shape `[T, S]`. */
export type Allocation = readonly (readonly number[])[];

/** A logit whose sigmoid is exactly 0 in single precision. */
const NEVER = -200;

/**
 * The routing logits whose weights in evaluation are a fixed allocation, so that PEFT, which learns
 * every allocation, computes the same.
 *
 * PEFT divides sigmoids by their sum, so a row's scale is free: the largest amount gets sigmoid ½,
 * that is logit 0. Equal amounts, and none, come out exact; others within rounding.
 *
 * @param allocation amounts of each skill for each task, `[T, S]`, not negative, none of the rows zero
 * @param nSplits H, whose splits all get the same
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
