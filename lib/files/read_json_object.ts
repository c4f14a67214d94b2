/**
 * Reads the object in a JSON file; null when there is no such file.
 *
 * @throws {SyntaxError} when the file holds something else than one JSON object
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const path = await Deno.makeTempFile();
 * await Deno.writeTextFile(path, `{"d_model": 8}`);
 * assert.deepEqual(await readJsonObject(path), { d_model: 8 });
 * await Deno.remove(path);
 * assert.equal(await readJsonObject(path), null);
 * ```
 */
export async function readJsonObject(
  path: string,
): Promise<Readonly<Record<string, unknown>> | null> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
  let value: unknown = null;
  try {
    value = JSON.parse(text);
  } catch { /* said below */ }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new SyntaxError(`Cannot read "${path}" as it must hold one JSON object`);
  }
  return value as Readonly<Record<string, unknown>>;
}
