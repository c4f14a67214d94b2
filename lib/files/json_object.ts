import { duplicateKey } from "./duplicate_key.ts";
import { isTooDeep, MAX_JSON_DEPTH } from "./json_depth.ts";
import { readTextIfThere } from "./file_system.ts";
import { escaped, escapedValue } from "./escaped.ts";

/** Whether a value of JSON is an object, and neither null nor a list. */
export function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * The object that a JSON text holds. Of a key that it says twice the later value counts, as in Python.
 *
 * @param source what errors call the file
 * @throws {SyntaxError} when the text is something else than one JSON object, or nests too deeply
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(parseJsonObject('{"d_model": 8}', "config.json"), { d_model: 8 });
 * assert.throws(() => parseJsonObject("[8]", "config.json"), {
 *   message: 'Cannot read "config.json" as it must hold one JSON object: got [8]',
 * });
 * ```
 */
export function parseJsonObject(text: string, source: string): Record<string, unknown> {
  const fault = (found: string) =>
    new SyntaxError(`Cannot read "${source}" as it must hold one JSON object: ${escaped(found)}`);
  if (isTooDeep(text)) throw fault(`it nests more than ${MAX_JSON_DEPTH} lists and objects`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw fault((error as Error).message);
  }
  if (!isJsonObject(value)) throw fault(`got ${text.trim().slice(0, 40)}`);
  return value;
}

/**
 * The object that a JSON text holds, in which every key stands once.
 *
 * @param source what errors call the file
 * @throws {SyntaxError} when the text is something else than one JSON object, or says one key twice
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.throws(() => parseStrictJsonObject('{"r": 2, "r": 4}', "adapter_config.json"), SyntaxError);
 * ```
 */
export function parseStrictJsonObject(text: string, source: string): Record<string, unknown> {
  const object = parseJsonObject(text, source);
  const twice = duplicateKey(text);
  if (twice === null) return object;
  throw new SyntaxError(`Cannot read "${source}" as it says ${escapedValue(twice)} twice`);
}

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
export async function readJsonObject(path: string): Promise<Record<string, unknown> | null> {
  const text = await readTextIfThere(path);
  return text === null ? null : parseJsonObject(text, path);
}

/**
 * Lets errors about a value say which file it is in.
 *
 * @throws what `read` throws, with the file's name in the message of a TypeError or RangeError
 */
export function naming<T>(source: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) {
      error.message = `Cannot read "${source}": ${error.message}`;
    }
    throw error;
  }
}
