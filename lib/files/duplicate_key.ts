/**
 * The first key that an object of a JSON text has twice; null when every key is there once.
 *
 * `JSON.parse` keeps the last of equal keys in silence, so a file could say two things at once.
 *
 * @param json a text that `JSON.parse` accepts
 * @param among the keys that matter; all when not given
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(duplicateKey(`{"a": {"b": 1}, "b": 2, "\\u0061": 3}`), "a");
 * assert.equal(duplicateKey(`{"a": [{"b": 1}, {"b": 2}]}`), null);
 * ```
 */
export function duplicateKey(json: string, among?: readonly string[]): string | null {
  const open: (Set<string> | null)[] = []; // per enclosing object or array: the keys so far
  let [from, to] = [0, 0]; // the last string, without its quotes
  for (let at = 0; at < json.length; at++) {
    const character = json[at];
    if (character === '"') {
      [from, to] = [at + 1, endOfString(json, at) - 1];
      at = to;
    } else if (character === "{" || character === "[") open.push(null);
    else if (character === "}" || character === "]") open.pop();
    else if (character === ":") {
      const written = json.slice(from, to);
      // Escapes can spell one key in several ways.
      const key = written.includes("\\") ? JSON.parse(`"${written}"`) as string : written;
      const keys = open.at(-1) ?? new Set();
      if (keys.has(key) && (among?.includes(key) ?? true)) return key;
      keys.add(key);
      open[open.length - 1] = keys;
    }
  }
  return null;
}

/**
 * Where a string of a JSON text ends, after its closing quote; the end of the text when it has none.
 *
 * @param start where its opening quote is
 */
export function endOfString(json: string, start: number): number {
  for (let from = start + 1;;) {
    const quote = json.indexOf('"', from);
    if (quote < 0) return json.length;
    let before = quote;
    while (json[before - 1] === "\\") before--;
    if ((quote - before) % 2 === 0) return quote + 1; // an even number of backslashes: not escaped
    from = quote + 1;
  }
}
