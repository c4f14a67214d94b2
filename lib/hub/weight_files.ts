import { readText } from "../files/file_system.ts";
import { isJsonObject, parseJsonObject } from "../files/json_object.ts";
import { pathIn } from "../files/path.ts";
import { isPlainFileName } from "../files/plain_file_name.ts";
import { matchesPattern } from "./file_pattern.ts";
import type { ListedFile } from "./file_fault.ts";

/** The weights of a model in one file. */
export const WEIGHTS = "model.safetensors";

/** The file that names the files of weights where they are several. */
export const INDEX = "model.safetensors.index.json";

/**
 * The files that patterns mean. As in a shell, a pattern does not mean hidden files, among which the
 * cache keeps its own. Where a model has its weights in one file, an index is not wanted beside it.
 */
export function wantedFiles(
  files: readonly ListedFile[],
  patterns: readonly string[],
): ListedFile[] {
  const found = files.filter(({ name }) =>
    !name.startsWith(".") && patterns.some((pattern) => matchesPattern(name, pattern))
  );
  const isWhole = patterns.includes(INDEX) && found.some(({ name }) => name === WEIGHTS);
  return isWhole ? found.filter(({ name }) => name !== INDEX) : found;
}

/**
 * The names of the files of weights that the index among `files` names, whatever they are called; none
 * when there is no index among them.
 *
 * @param dir the folder that the index is in
 * @throws {SyntaxError} when the index is malformed, or names a file outside of its folder
 */
export async function namesInIndex(dir: string, files: readonly ListedFile[]): Promise<string[]> {
  if (!files.some(({ name }) => name === INDEX)) return [];
  const path = pathIn(dir, INDEX);
  return namesInText(await readText(path), path);
}

/**
 * The names of the files of weights that the text of an index names.
 *
 * @param path where the text is from
 * @throws {SyntaxError} when it is malformed, or names a file outside of its folder
 */
export function namesInText(text: string, path: string): string[] {
  const { weight_map: map } = parseJsonObject(text, path);
  const names = isJsonObject(map) ? [...new Set(Object.values(map))] : [];
  const wrong = names.find((name) => typeof name !== "string" || !isPlainFileName(name));
  if (names.length === 0 || wrong !== undefined) {
    throw new SyntaxError(
      `Cannot read "${path}" as weight_map must name files of the same folder: ` +
        `found ${(JSON.stringify(wrong ?? map) ?? "none").slice(0, 100)}`,
    );
  }
  return names as string[];
}

/** Whether files that are there without a listing can be what patterns want of a model or an adapter. */
export function hasEssentials(
  files: readonly ListedFile[],
  patterns: readonly string[],
): boolean {
  const has = (name: string) => files.some((file) => file.name === name);
  const essential = ["config.json", "adapter_config.json", "adapter_model.safetensors"];
  return files.length > 0 &&
    essential.every((name) => !patterns.includes(name) || has(name)) &&
    (!patterns.includes(WEIGHTS) || has(WEIGHTS) || !patterns.includes(INDEX) || has(INDEX));
}

/** The weights of an adapter. */
const ADAPTER = "adapter_model.safetensors";

/** Endings of weights in formats that are not read: PyTorch's, which can run code, and others. */
const OTHER_FORMATS = /\.(?:bin|pt|pth|ckpt|h5|msgpack|gguf|ot)$/;

/**
 * A file of weights in a format that is not read, where patterns want weights of a model or an adapter and
 * there are none that are; null otherwise.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const files = [{ name: "pytorch_model.bin", size: 9, hash: null }];
 * assert.equal(unreadWeights(files, ["config.json", "model.safetensors"]), "pytorch_model.bin");
 * assert.equal(unreadWeights(files, ["config.json"]), null);
 * ```
 */
export function unreadWeights(
  files: readonly ListedFile[],
  patterns: readonly string[],
): string | null {
  const has = (name: string) => files.some((file) => file.name === name);
  const isWanting = (patterns.includes(WEIGHTS) && !has(WEIGHTS) && !has(INDEX)) ||
    (patterns.includes(ADAPTER) && !has(ADAPTER));
  if (!isWanting) return null;
  return files.find(({ name }) => OTHER_FORMATS.test(name))?.name ?? null;
}
