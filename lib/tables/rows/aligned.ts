/** Numbers of a column as people compare them: three digits, with the points below each other. */
import type { Cell } from "../table.ts";

/**
 * Formats the numbers of a column. Whole numbers have marks between thousands. Others have as many decimals
 * as the middle one needs for three digits, the same in all; where sizes differ by more than a hundred times,
 * each has three digits of its own. Missing values are dashes.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(alignedNumbers([0.4932, 0.08225, null]), ["0.493", "0.082", "—"]);
 * assert.deepEqual(alignedNumbers([516096, 32256]), ["516,096", "32,256"]);
 * assert.deepEqual(alignedNumbers([12.25, 0.0004]), ["12.3", "0.000400"]);
 * ```
 */
export function alignedNumbers(values: readonly (number | null)[]): string[] {
  const numbers = values.filter((value) => value !== null);
  const format = formatOf(numbers);
  return values.map((value) => value === null ? "—" : format(value));
}

/** How {@linkcode alignedNumbers} formats a number of a column with these numbers. */
export function formatOf(numbers: readonly number[]): (value: number) => string {
  if (numbers.every(Number.isInteger)) return (value) => marked(value, 0);
  const sizes = numbers.map(Math.abs).filter((size) => size > 0);
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
  if (most / least > 100) return (value) => ownDigits(value);
  // Of numbers above 0, such as losses, the middle one has three digits; differences of both signs are as
  // exact as the largest.
  const size = numbers.every((number) => number > 0)
    ? sizes.sort((a, b) => a - b)[Math.floor(sizes.length / 2)]!
    : most;
  return (value) => marked(value, decimalsFor(size));
}

/** Whether a column is one of numbers: all its cells are numbers or missing, and not all missing. */
export function isNumbers(cells: readonly Cell[]): cells is (number | null)[] {
  return cells.every((cell) => cell === null || typeof cell === "number") &&
    cells.some((cell) => cell !== null);
}

/** Decimals that a number of this size, above 0, needs for three digits. */
export function decimalsFor(size: number): number {
  return Math.max(0, Math.min(6, 2 - Math.floor(Math.log10(size))));
}

function ownDigits(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return "0";
  return size < 1e-5
    ? value.toExponential(1)
    : marked(value, decimalsFor(size) + (size < 1e-4 ? 1 : 0));
}

function marked(value: number, decimals: number): string {
  const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  return value.toLocaleString("en-US", digits).replace("-", "−");
}
