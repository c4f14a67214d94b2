/** Largest number of letters in a name on an axis. */
const LENGTH = 32;

/**
 * Shortens a name to fit beside an axis, by leaving out its end.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(shortName("t00 reverse + sort"), "t00 reverse + sort");
 * assert.equal(shortName("task105_story_cloze-rocstories_sentence"), "task105_story_cloze-rocstories_…");
 * ```
 */
export function shortName(name: string): string {
  return name.length <= LENGTH ? name : `${name.slice(0, LENGTH - 1)}…`;
}
