import { closingQuote } from "./json_depth.ts";

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
  const open: (Set<string> | null)[] = []; // keys per enclosing object or list; null while there are none
  let begin = 0; // of the last string, within its quotes
  let end = 0;
  for (let at = 0; at < json.length; at++) {
    switch (json.charCodeAt(at)) {
      case 0x5b: // [
      case 0x7b: // {
        open.push(null);
        break;
      case 0x5d: // ]
      case 0x7d: // }
        open.pop();
        break;
      case 0x22: // "
        begin = at + 1;
        at = end = closingQuote(json, begin);
        break;
      case 0x3a: { // :
        const spelt = json.slice(begin, end);
        // Escapes can spell one key in several ways.
        const key = spelt.includes("\\") ? JSON.parse(`"${spelt}"`) as string : spelt;
        const keys = open[open.length - 1] ??= new Set();
        if (keys.has(key) && (among?.includes(key) ?? true)) return key;
        keys.add(key);
      }
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
