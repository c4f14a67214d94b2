/**
 * Whether a name is one that a pattern means, in which `*` stands for any characters.
 *
 * It takes a time that grows with the length of the name, whatever the pattern: a regular expression of
 * two stars took minutes for a name that a server had made for it.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.ok(matchesPattern("model-00001-of-00002.safetensors", "model-*-of-*.safetensors"));
 * assert.ok(!matchesPattern("model.safetensors", "model-*"));
 * assert.ok(!matchesPattern("aba", "ab*ba"));
 * ```
 */
export function matchesPattern(name: string, pattern: string): boolean {
  const [start, ...middle] = pattern.split("*");
  const end = middle.pop();
  if (end === undefined) return name === pattern;
  if (!name.startsWith(start!) || name.length < start!.length + end.length) return false;
  if (!name.endsWith(end)) return false;
  // The first place of each part leaves the most room for the next.
  let at = start!.length;
  for (const part of middle) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= name.length - end.length;
}
