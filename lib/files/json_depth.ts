/**
 * How many lists and objects may lie in each other in a JSON file; the bound of the reference
 * implementation of safetensors and tokenizers (serde_json). Files of models nest less than ten.
 */
export const MAX_JSON_DEPTH = 128;

/**
 * Whether more lists and objects lie in each other than {@linkcode MAX_JSON_DEPTH}. Asked before a
 * text is parsed, as millions of nested lists take minutes and gigabytes to build.
 *
 * @param json any text; one that is no JSON gets an answer too
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(isTooDeep(`{"a": [1, "[[["]}`), false);
 * assert.equal(isTooDeep("[".repeat(129)), true);
 * ```
 */
export function isTooDeep(json: string): boolean {
  let depth = 0;
  for (let at = 0; at < json.length; at++) {
    switch (json.charCodeAt(at)) {
      case 0x5b: // [
      case 0x7b: // {
        if (++depth > MAX_JSON_DEPTH) return true;
        break;
      case 0x5d: // ]
      case 0x7d: // }
        depth--;
        break;
      case 0x22: // "
        at = closingQuote(json, at + 1);
    }
  }
  return false;
}

/** Where the quote is that ends the string whose first character is at `begin`; the end of the text where none is. */
export function closingQuote(json: string, begin: number): number {
  for (let at = begin; at < json.length; at++) {
    const character = json.charCodeAt(at);
    if (character === 0x22) return at;
    if (character === 0x5c) at++; // what a backslash is before
  }
  return json.length;
}
