/** Numbers in a row from which on a range stands for them. */
const LEAST_RANGE = 4;

/**
 * Integers as people write them, with a range for many in a row.
 *
 * @param most parts that are shown; where there are more, their number follows
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(numberList([0, 1, 5]), "0 1 5");
 * assert.equal(numberList([0, 1, 2, 3, 9], ", "), "0..3, 9");
 * assert.equal(numberList([1, 3, 5, 7], " ", 2), "1 3 … (4)");
 * ```
 */
export function numberList(numbers: readonly number[], separator = " ", most = 12): string {
  const parts: string[] = [];
  for (let at = 0; at < numbers.length;) {
    let end = at + 1;
    while (numbers[end] === numbers[end - 1]! + 1) end++;
    if (end - at < LEAST_RANGE) end = at + 1;
    parts.push(end === at + 1 ? String(numbers[at]) : `${numbers[at]}..${numbers[end - 1]}`);
    at = end;
  }
  if (parts.length <= most) return parts.join(separator);
  return `${parts.slice(0, most).join(separator)}${separator.trimEnd()} … (${numbers.length})`;
}
