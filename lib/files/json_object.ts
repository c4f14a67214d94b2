import { duplicateKey } from "./duplicate_key.ts";

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

/**
 * The object that a JSON text holds.
 *
 * @param source what errors call the file
 * @throws {SyntaxError} when the text is not a JSON object, or says one key twice
 */
export function parseObject(text: string, source: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new SyntaxError(
      `Cannot read "${source}" as it must be JSON: ${(error as Error).message}`,
    );
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new SyntaxError(
      `Cannot read "${source}" as it must hold an object: found ${text.trim().slice(0, 40)}`,
    );
  }
  const twice = duplicateKey(text);
  if (twice !== null) {
    throw new SyntaxError(`Cannot read "${source}" as it says ${JSON.stringify(twice)} twice`);
  }
  return value as Record<string, unknown>;
}
