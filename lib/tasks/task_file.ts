import { isFolder, namesIn, readText } from "../files/file_system.ts";
import { duplicateKey, endOfString } from "../files/duplicate_key.ts";
import { isJsonObject } from "../files/json_object.ts";
import { escaped } from "../files/escaped.ts";
import { pathIn } from "../files/path.ts";

/** Thrown when a file of tasks cannot be read as what it should be. */
export class TaskFileError extends SyntaxError {
  override readonly name = "TaskFileError";
}

/**
 * Paths of the files in `dir` whose names end in `ending`, sorted by name.
 * @throws {TaskFileError} when the folder is missing, is not a folder, or has no such file
 */
export async function listTaskFiles(dir: string, ending: string): Promise<string[]> {
  if (!await isFolder(dir)) {
    throw new TaskFileError(
      `Cannot read tasks from "${dir}" as there is no such folder; set data_dir to the folder ` +
        `that holds the task files`,
    );
  }
  const names = (await namesIn(dir)).filter((name) => name.endsWith(ending)).sort();
  if (names.length === 0) {
    throw new TaskFileError(`Cannot read tasks from "${dir}" as it has no file named *${ending}`);
  }
  return names.map((name) => pathIn(dir, name));
}

/**
 * The JSON object in a file.
 *
 * @param keys those that are read, at any depth; others are not looked at
 * @throws {TaskFileError} when it is not one, or says one of `keys` twice
 */
export async function readTaskObject(
  path: string,
  keys: readonly string[],
): Promise<Record<string, unknown>> {
  const text = await readText(path).catch((error: Error) => {
    throw error instanceof SyntaxError
      ? new TaskFileError(error.message)
      : new TaskFileError(`Cannot read "${path}": ${error.message}`);
  });
  return parseTaskObject(text, `"${path}"`, keys);
}

/**
 * The object in a JSON text that Python wrote: `NaN`, `Infinity` and `-Infinity`, which are no JSON and
 * stand in some official task files, are read as null.
 *
 * @param place the file, or file and line, as errors name it
 * @param keys those that are read, and so must not be there twice; all when not given
 * @throws {TaskFileError} when the text is something else than one object, or an object says a key twice
 */
export function parseTaskObject(
  text: string,
  place: string,
  keys?: readonly string[],
): Record<string, unknown> {
  const value = parseTaskJson(text, place, "one JSON object", keys);
  if (isJsonObject(value)) return value;
  throw new TaskFileError(
    `Cannot read ${place} as it must hold one JSON object: got ${
      escaped(text.trim().slice(0, 40))
    }`,
  );
}

/**
 * The value of a JSON text that Python wrote, as {@linkcode parseTaskObject} reads it.
 *
 * @param what it must hold, for the message: `one JSON object`
 * @throws {TaskFileError} when it is no JSON, or an object says a key twice
 */
export function parseTaskJson(
  text: string,
  place: string,
  what: string,
  keys?: readonly string[],
): unknown {
  let json = text;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    json = withoutNaN(text);
    try {
      value = JSON.parse(json);
    } catch (error) {
      throw new TaskFileError(
        `Cannot read ${place} as it must hold ${what}: ${escaped((error as Error).message)}`,
      );
    }
  }
  const twice = duplicateKey(json, keys);
  if (twice === null) return value;
  throw new TaskFileError(
    `Cannot read ${place} as a key can be there only once: ${escaped(JSON.stringify(twice))}`,
  );
}

/** Replaces the numbers that Python writes and JSON does not know, outside of strings. */
function withoutNaN(text: string): string {
  const parts: string[] = [];
  let copied = 0;
  const mark = /"|-?\b(?:NaN|Infinity)\b/g;
  for (let found; (found = mark.exec(text)) !== null;) {
    if (found[0] === '"') {
      mark.lastIndex = endOfString(text, found.index);
    } else {
      parts.push(text.slice(copied, found.index), "null");
      copied = mark.lastIndex;
    }
  }
  return parts.join("") + text.slice(copied);
}

/**
 * Fails unless texts are well-formed Unicode: an escape such as `\\ud83d` alone is half of a surrogate pair,
 * which no tokenizer can encode.
 *
 * @throws {TaskFileError} naming the place
 */
export function refuseHalfPairs(texts: readonly string[], place: string): void {
  const wrong = texts.find((text) => !text.isWellFormed());
  if (wrong === undefined) return;
  const half = /\p{Surrogate}/u.exec(wrong)!;
  throw new TaskFileError(
    `Cannot read ${place} as its texts must be well-formed Unicode: half of a surrogate pair, ` +
      `${escaped(half[0])}, stands in "${escaped(wrong.slice(Math.max(0, half.index - 20)), 40)}"`,
  );
}

/**
 * The strings under a key; a single string counts as a list of one.
 * @throws {TaskFileError} naming the place when there is none, or something else
 */
export function stringsAt(value: unknown, place: string): string[] {
  if (value === undefined) {
    throw new TaskFileError(
      `Cannot read ${place} as it must be a string or a list of strings: there is none`,
    );
  }
  const list = typeof value === "string" ? [value] : value;
  if (
    !Array.isArray(list) || list.length === 0 || list.some((item) => typeof item !== "string")
  ) {
    throw new TaskFileError(`Cannot read ${place} as it must be a string or a list of strings`);
  }
  refuseHalfPairs(list, place);
  return list as string[];
}

/**
 * The list of objects under a key.
 * @throws {TaskFileError} naming the place when it is something else
 */
export function objectsAt(value: unknown, place: string): Record<string, unknown>[] {
  if (
    !Array.isArray(value) || value.length === 0 || !value.every(isJsonObject)
  ) {
    throw new TaskFileError(
      `Cannot read ${place} as it must be a list of objects with one or more`,
    );
  }
  return value;
}
