/** What a run reads, by its content: the data of its tasks and its base model. */
import { createHash } from "node:crypto";
import { knownHash } from "../files/file_hash.ts";
import { pathIn } from "../files/path.ts";
import { commitOf, loadedFiles, resolveModel } from "../hub/hugging_face.ts";
import type { RunConfig } from "./config.ts";
import { suiteFiles } from "./open_suite.ts";

/** What a run reads. Each is null where there is no such thing: tasks that are made by code, no model. */
export interface RunInputs {
  /**
   * SHA-256 of the data: of the content of `data_file`, or of the list of all task files in `data_dir`
   * with their hashes.
   */
  readonly data_sha256: string | null;
  /** SHA-256 of the list of all files that loading the base model reads, with their hashes. */
  readonly base_model_sha256: string | null;
  /** Commit of the base model on its hub, 40 digits; null for a folder that is of no hub. */
  readonly base_model_commit: string | null;
}

/**
 * The hashes of what a run reads. A file is read once in a process, and again when it has changed.
 *
 * The list of several files has a line for each, its hash and its name, as the program `sha256sum` prints
 * them: `cd data_dir && sha256sum *.json | sha256sum` gives the hash of a folder of tasks.
 *
 * @param baseDir the folder that the base model is in, where that is known: the hub is not asked again
 * @throws what opening the suite or resolving the model throws, when files are missing
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseRunConfig } from "./config.ts";
 *
 * const config = parseRunConfig({ base_model: "data/base" });
 * const { data_sha256, base_model_sha256, base_model_commit } = await inputsOf(config);
 * assert.deepEqual([data_sha256, base_model_commit], [null, null]);
 * assert.match(base_model_sha256!, /^[0-9a-f]{64}$/);
 * ```
 */
export async function inputsOf(config: RunConfig, baseDir?: string): Promise<RunInputs> {
  const files = await suiteFiles(config);
  const dir = config.suite === "planted" ? null : baseDir ?? await resolveModel(config.base_model);
  return {
    data_sha256: files === null ? null : await hashOfFiles(files),
    base_model_sha256: dir === null ? null : await hashOfFiles(await modelFiles(dir)),
    base_model_commit: dir === null ? null : await commitOf(dir),
  };
}

async function modelFiles(dir: string): Promise<ReadonlyMap<string, string>> {
  return new Map((await loadedFiles(dir)).map((name) => [name, pathIn(dir, name)]));
}

/** The hash of one file without a name, or else of the list of names and hashes. */
async function hashOfFiles(files: ReadonlyMap<string, string>): Promise<string> {
  const single = files.size === 1 ? files.get("") : undefined;
  if (single !== undefined) return await knownHash(single, "sha256");
  const list = createHash("sha256");
  for (const [name, path] of files) list.update(`${await knownHash(path, "sha256")}  ${name}\n`);
  return list.digest("hex");
}
