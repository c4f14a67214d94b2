/**
 * The first key that an object of a JSON text has twice; null when every key is there once.
 *
 * `JSON.parse` keeps the last of equal keys in silence, so a file could say two things at once.
 *
 * @param json a text that `JSON.parse` accepts
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(duplicateKey(`{"a": {"b": 1}, "b": 2, "\\u0061": 3}`), "a");
 * assert.equal(duplicateKey(`{"a": [{"b": 1}, {"b": 2}]}`), null);
 * ```
 */
export function duplicateKey(json: string): string | null {
  const open: Set<string>[] = []; // one set per enclosing object or array; those of arrays stay empty
  let lastString = "";
  for (let at = 0; at < json.length; at++) {
    const character = json[at];
    if (character === "{" || character === "[") open.push(new Set());
    else if (character === "}" || character === "]") open.pop();
    else if (character === '"') {
      const start = at++;
      while (json[at] !== '"') at += json[at] === "\\" ? 2 : 1;
      lastString = json.slice(start, at + 1);
    } else if (character === ":") {
      const key = JSON.parse(lastString) as string; // escapes can spell one key in several ways
      const keys = open.at(-1)!;
      if (keys.has(key)) return key;
      keys.add(key);
    }
  }
  return null;
}
