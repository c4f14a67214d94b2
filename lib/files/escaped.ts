/**
 * A text that a message can hold: control characters, which a terminal would obey, and half surrogate
 * pairs are shown as `\x1b` and the like, and a long text is cut.
 *
 * @param longest most characters that are left
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(escaped("a\x1b[2J\0b"), String.raw`a\x1b[2J\x00b`);
 * assert.equal(escaped("abcdef", 3), "abc…");
 * ```
 */
export function escaped(text: string, longest = 1000): string {
  const cut = text.length > longest ? `${text.slice(0, longest)}…` : text;
  return cut.replace(/[\p{Cc}\u2028-\u202e\u2066-\u2069\ufeff]|\p{Surrogate}/gu, (character) => {
    const code = character.charCodeAt(0).toString(16);
    return code.length > 2 ? `\\u${code.padStart(4, "0")}` : `\\x${code.padStart(2, "0")}`;
  });
}

/**
 * A value as JSON that a message can hold, see {@linkcode escaped}; what JSON does not know is shown as
 * text.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(escapedValue({ a: [1, "b"] }), '{"a":[1,"b"]}');
 * assert.equal(escapedValue(undefined), "undefined");
 * assert.equal(escapedValue("x".repeat(1e6)).length, 1001);
 * ```
 */
export function escapedValue(value: unknown): string {
  return escaped(JSON.stringify(value) ?? String(value));
}
