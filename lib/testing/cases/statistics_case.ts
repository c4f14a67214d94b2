import assert from "node:assert/strict";
import file from "./statistics_cases.json" with { type: "json" };

/** What scipy and statsmodels compute; see make_statistics_cases.py. */
export const STATISTICS_CASES = file;

/** Relative to the larger of the number and this, so that what is 0 but for rounding compares. */
const SMALLEST = 1e-6;

/**
 * Throws unless numbers are equal to 1e-9 of their size.
 *
 * @param actual an object whose further properties do not count, or a list
 */
export function assertAgrees(actual: object, expected: object, what = ""): void {
  for (const [key, value] of Object.entries(expected)) {
    const ours = (actual as Record<string, unknown>)[key];
    const isNear = typeof ours === "number" &&
      Math.abs(ours - value) <= 1e-9 * Math.max(SMALLEST, Math.abs(value));
    assert.ok(isNear, `${what} ${key}: ${ours} must be ${value}`);
  }
}
