/** What a run reads, by its content: the data of its tasks and its base model. */
import { createHash } from "node:crypto";
import { escapedValue } from "../files/escaped.ts";
import { fileState, knownHash } from "../files/file_hash.ts";
import { isFolderSync } from "../files/file_system.ts";
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

/** What a run reads, as it was found before the run, and what tells whether it is still the same. */
export interface KnownInputs {
  readonly inputs: RunInputs;
  /** Folder that the base model is in; null where the run has none. */
  readonly baseDir: string | null;
  /** Text that changes when one of the files is written or replaced. */
  readonly state: string;
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
  return (await knownInputs(config, baseDir)).inputs;
}

/**
 * As {@linkcode inputsOf}, with what another process needs to use the same files and to see whether they
 * have changed.
 *
 * @throws as {@linkcode inputsOf}
 */
export async function knownInputs(config: RunConfig, baseDir?: string): Promise<KnownInputs> {
  const hasBase = config.suite !== "planted";
  const dir = hasBase ? baseDir ?? await resolveModel(config.base_model, revisionOf(config)) : null;
  const { data, model } = await filesOf(config, dir);
  const state = await stateOf(data, model); // before the first byte is read
  const inputs = {
    data_sha256: data === null ? null : await hashOfFiles(data),
    base_model_sha256: model === null ? null : await hashOfFiles(model),
    base_model_commit: dir === null ? null : await commitOf(dir),
  };
  return { inputs, baseDir: dir, state };
}

/**
 * Fails when what a run reads is no longer what was found before. Files that were only written again with
 * what they held are no change.
 *
 * @throws {Error} naming what has changed, from which hash to which
 * @throws as {@linkcode inputsOf} when files are gone
 */
export async function refuseChangedInputs(config: RunConfig, known: KnownInputs): Promise<void> {
  const { data, model } = await filesOf(config, known.baseDir);
  if (await stateOf(data, model) === known.state) return;
  const now = await inputsOf(config, known.baseDir ?? undefined);
  const keys = ["data_sha256", "base_model_sha256"] as const;
  const key = keys.find((key) => now[key] !== known.inputs[key]);
  if (key === undefined) return;
  const [before, after] = [known.inputs, now].map((inputs) => shortHash(inputs[key]));
  throw new Error(
    `Cannot use the result of this run as ${inputName(config, key)} has changed since the sweep ` +
      `began: its hash was ${before} and is ${after}; run the same command again`,
  );
}

/**
 * The revision of a base model, as an option of the hub.
 *
 * @returns nothing where none is set, which is the hub's `main`
 * @throws {RangeError} when one is set for a folder, which has no revisions
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const pinned = { base_model: "google/byt5-small", base_model_revision: "main" };
 * assert.deepEqual(revisionOf(pinned), { revision: "main" });
 * assert.throws(() => revisionOf({ ...pinned, base_model: "data/base" }), /"data\/base" is a folder/);
 * ```
 */
export function revisionOf(
  { base_model, base_model_revision }: Pick<RunConfig, "base_model" | "base_model_revision">,
): { readonly revision?: string } {
  if (base_model_revision === null) return {};
  if (isFolderSync(base_model)) {
    throw new RangeError(
      `Cannot use base_model_revision "${base_model_revision}" as base_model "${base_model}" is a ` +
        `folder, which has no revisions: leave it out, or name a model of the hub`,
    );
  }
  return { revision: base_model_revision };
}

/** The setting that says where an input is, and what it says: `data_file "tasks.jsonl"`. */
export function inputName(
  { suite, data_file, data_dir, base_model }: RunConfig,
  key: "data_sha256" | "base_model_sha256",
): string {
  if (key === "base_model_sha256") return `base_model ${escapedValue(base_model)}`;
  return suite === "jsonl"
    ? `data_file ${escapedValue(data_file)}`
    : `data_dir ${escapedValue(data_dir)}`;
}

/** The first eight digits of a hash, which tell it from others before a reader's eyes. */
export function shortHash(hash: string | null): string {
  return hash === null ? "none" : hash.slice(0, 8);
}

type Files = ReadonlyMap<string, string>;

/** The files that a run reads, by the names that count in their hash; null for none. */
async function filesOf(
  config: RunConfig,
  baseDir: string | null,
): Promise<{ data: Files | null; model: Files | null }> {
  const names = baseDir === null ? null : await loadedFiles(baseDir);
  return {
    data: await suiteFiles(config),
    model: names && new Map(names.map((name) => [name, pathIn(baseDir!, name)])),
  };
}

async function stateOf(...groups: (Files | null)[]): Promise<string> {
  const state = createHash("sha256");
  for (const files of groups) {
    for (const [name, path] of files ?? []) state.update(`${name} ${await fileState(path)}\n`);
  }
  return state.digest("hex");
}

/** The hash of one file without a name, or else of the list of names and hashes. */
async function hashOfFiles(files: Files): Promise<string> {
  const single = files.size === 1 ? files.get("") : undefined;
  if (single !== undefined) return await knownHash(single, "sha256");
  const list = createHash("sha256");
  for (const [name, path] of files) list.update(`${await knownHash(path, "sha256")}  ${name}\n`);
  return list.digest("hex");
}
