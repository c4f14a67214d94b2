import { isFolder, namesIn, readText } from "../files/file_system.ts";
import { isJsonObject, parseJsonObject } from "../files/json_object.ts";
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

/** Python writes missing numbers as NaN, which is not JSON: some official task files hold it. */
function withoutNaN(text: string): string {
  return text.replace(
    /"(?:[^"\\]|\\.)*"|\bNaN\b/g,
    (token) => token === "NaN" ? "null" : token,
  );
}

/**
 * The JSON object in a file.
 * @throws {TaskFileError} when it is not one
 */
export async function readTaskObject(path: string): Promise<Record<string, unknown>> {
  const text = await readText(path).catch((error: Error) => {
    throw new TaskFileError(`Cannot read "${path}": ${error.message}`);
  });
  try {
    return parseJsonObject(withoutNaN(text), path);
  } catch (error) {
    throw new TaskFileError((error as Error).message);
  }
}

/**
 * The strings under a key; a single string counts as a list of one.
 * @throws {TaskFileError} naming the place when there is none, or something else
 */
export function stringsAt(value: unknown, place: string): string[] {
  const list = typeof value === "string" ? [value] : value;
  if (
    !Array.isArray(list) || list.length === 0 || list.some((item) => typeof item !== "string")
  ) {
    throw new TaskFileError(`Cannot read ${place} as it must be a string or a list of strings`);
  }
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
