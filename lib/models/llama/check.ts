import type { LlamaType } from "./family.ts";

/**
 * Refuses a configuration unless something holds of it.
 *
 * @throws {RangeError} with the fault, unless `holds`
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * check(true, "llama", "nothing");
 * assert.throws(() => check(false, "llama", "head_dim must be even: it is 7"), {
 *   message: 'Cannot read the configuration of a "llama" as head_dim must be even: it is 7',
 * });
 * ```
 */
export function check(holds: boolean, type: LlamaType, fault: string): void {
  if (!holds) throw new RangeError(`Cannot read the configuration of a "${type}" as ${fault}`);
}
