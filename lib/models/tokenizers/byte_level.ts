/** Bytes that are written as the character of the same code: those that are visible in Latin-1. */
const visible = (byte: number) =>
  (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;

/** The character that stands for each byte; those that are not visible come from U+0100 on. */
const CHARACTERS: readonly string[] = (() => {
  let next = 0x100;
  return Array.from(
    { length: 256 },
    (_, byte) => String.fromCharCode(visible(byte) ? byte : next++),
  );
})();
const BYTES: ReadonlyMap<string, number> = new Map(CHARACTERS.map((c, byte) => [c, byte]));

const ENCODER = new TextEncoder();

/**
 * A text as GPT-2 writes its UTF-8 bytes, one visible character for each.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(toByteLevel(" \u00e9"), "\u0120\u00c3\u00a9");
 * assert.deepEqual(fromByteLevel("\u0120\u00c3\u00a9"), [0x20, 0xc3, 0xa9]);
 * assert.deepEqual(fromByteLevel(" "), [0x20]);
 * ```
 */
export function toByteLevel(text: string): string {
  let written = "";
  for (const byte of ENCODER.encode(text)) written += CHARACTERS[byte]!;
  return written;
}

/** The bytes of a token that {@linkcode toByteLevel} wrote; of another token, its own in UTF-8. */
export function fromByteLevel(token: string): readonly number[] {
  const bytes = Array.from(token, (character) => BYTES.get(character));
  return bytes.includes(undefined) ? [...ENCODER.encode(token)] : bytes as number[];
}
