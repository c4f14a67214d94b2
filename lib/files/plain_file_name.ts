/**
 * Whether `name` names a file directly inside a folder: no separators, no drive, not `.` or `..`.
 *
 * Names that come from a file must pass this before they are joined to a folder, or they could lead
 * outside it.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.ok(isPlainFileName("model-00001-of-00002.safetensors"));
 * assert.ok(!isPlainFileName("../secret.txt"));
 * ```
 */
export function isPlainFileName(name: string): boolean {
  // deno-lint-ignore no-control-regex
  return name !== "" && name !== "." && name !== ".." && !/[/\\:\x00-\x1f]/.test(name);
}
