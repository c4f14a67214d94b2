/**
 * The bytes that a text of base64 stands for. `Uint8Array.fromBase64` is not everywhere that this library
 * runs: Node has it from version 25 on.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual([...bytesOf("AGFzbQ==")], [0, 0x61, 0x73, 0x6d]);
 * ```
 */
export function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const letters = atob(base64);
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i++) bytes[i] = letters.charCodeAt(i);
  return bytes;
}
