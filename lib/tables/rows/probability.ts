import type { Cell } from "../table.ts";

/**
 * A p-value as people read it: three decimals, or that it is smaller than they show; a dash stands for none.
 *
 * @param p in [0, 1]
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual([0.0312, 1, 0.0004, null].map(probability), ["0.031", "1.000", "< 0.001", "—"]);
 * ```
 */
export function probability(p: Cell): string {
  if (typeof p !== "number") return "—";
  return p < 0.001 ? "< 0.001" : p.toFixed(3);
}
