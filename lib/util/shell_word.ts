/**
 * A word as a shell reads it, quoted where it must be.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(["n_skills=2,4", "my sweep"].map(shellWord), ["n_skills=2,4", "'my sweep'"]);
 * ```
 */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
