import { writeFilesAtomically } from "../files/atomic_write.ts";
import {
  isFolder,
  makeFolder,
  namesIn,
  readTextIfThere,
  removeIfThere,
} from "../files/file_system.ts";
import { lockFile } from "../files/lock.ts";
import { pathIn } from "../files/path.ts";
import { download, takeFile } from "./download.ts";
import { HubError, type HubFailure } from "./error.ts";
import { expandUser } from "./expand_path.ts";
import { isAsListed, type ListedFile } from "./file_fault.ts";
import { type HubModel, hubModel } from "./hub_model.ts";
import { fetchListing, type Listing, parseSavedListing } from "./hugging_face_listing.ts";
import { PythonCache } from "./python_cache.ts";
import { hubCache, offlineVariable } from "./python_environment.ts";
import { hasEssentials, namesInIndex, wantedFiles } from "./weight_files.ts";

export { HubError, type HubFailure };

/** What a base model needs; and the files of weights that its index names. */
export const MODEL_FILES: readonly string[] = [
  "config.json",
  "generation_config.json",
  "model.safetensors",
  "model.safetensors.index.json",
];

/** Files that a tokenizer needs. */
export const TOKENIZER_FILES: readonly string[] = [
  "config.json",
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "added_tokens.json",
];

/** Files that an adapter needs. */
export const ADAPTER_FILES: readonly string[] = [
  "adapter_config.json",
  "adapter_model.safetensors",
  "README.md",
];

/** State of a download. */
export interface DownloadEvent {
  /** The file's name. */
  readonly file: string;
  /** Bytes of it that are there, those of an earlier call included. */
  readonly received: number;
  /** Its size in bytes; null when not known. */
  readonly total: number | null;
  /** Number of files that this call downloads. */
  readonly files: number;
  /** Index of this file among them; from 0. */
  readonly fileIndex: number;
}

/** Options of {@linkcode resolveModel} for a model that is not a folder. */
export interface ResolveOptions {
  /**
   * The files wanted, by name; `*` stands for any characters. By default those of a base model and
   * its tokenizer. With `model.safetensors.index.json` come the files that it names, unless the model
   * has a `model.safetensors`.
   */
  readonly patterns?: readonly string[];
  /** Branch, tag or commit; `main` by default. */
  readonly revision?: string;
  /** The folder that an earlier call found: nobody is asked, and nothing is checked again. */
  readonly foundIn?: string;
  /**
   * The hub's address, with `name:password@` where it wants them; by default HF_ENDPOINT, else the public
   * Hugging Face hub.
   */
  readonly endpoint?: string;
  /** By default HF_TOKEN, else HUGGING_FACE_HUB_TOKEN, else the file of the Hugging Face login. */
  readonly token?: string;
  /** The folder of all downloads; by default HF_HUB_CACHE, else `hub` in HF_HOME. `~` is put in. */
  readonly cacheDir?: string;
  /** Stops a download; what has come stays, and the next call goes on from there. */
  readonly signal?: AbortSignal;
  /** Called with the state of a download whenever bytes of it have come. */
  readonly onProgress?: (event: DownloadEvent) => void;
  /** Milliseconds to wait before each further try after a broken connection or a server's error. */
  readonly retryDelays?: readonly number[];
  /**
   * Milliseconds without a byte after which a connection counts as broken; by default what
   * HF_HUB_DOWNLOAD_TIMEOUT, and HF_HUB_ETAG_TIMEOUT for the listing, say in seconds, else 60,000.
   */
  readonly patience?: number;
}

/** File in which a downloaded revision keeps the hub's listing of its files. */
const LISTING = ".listing.json";

/**
 * The folder of a model: `nameOrPath` itself when it is a folder, else that of a hub's model in the
 * cache, downloaded as far as it is not there.
 *
 * Downloads are kept in `<cache>/polytropos/<org>--<name>/<revision>`. A broken download is resumed,
 * every file is checked against the size and hash the hub lists, and one that is there is not fetched
 * again unless the hub lists another. What Python's client has in the same cache is used and left as it
 * is: its folder, where that is complete, else its single files. Without a network, or with
 * HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE set, a model that is completely there is used as it is.
 *
 * Of the environment, HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, HF_HOME, XDG_CACHE_HOME, HF_ENDPOINT,
 * HUGGINGFACE_CO_STAGING, HF_TOKEN, HUGGING_FACE_HUB_TOKEN, HF_TOKEN_PATH,
 * HF_HUB_DISABLE_IMPLICIT_TOKEN, HF_HUB_OFFLINE, TRANSFORMERS_OFFLINE, HF_HUB_DOWNLOAD_TIMEOUT and
 * HF_HUB_ETAG_TIMEOUT mean what they mean in Python, but an empty variable is as one that is not set.
 * Deno itself takes proxies from HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY, and certificates from
 * DENO_CERT and DENO_TLS_CA_STORE in place of SSL_CERT_FILE.
 *
 * @throws {HubError} when there is no such folder or model, the hub cannot be reached or refuses, a
 * file is not what the hub lists, or the cache cannot be written; `failure` says which
 * @throws the signal's reason when it is aborted
 *
 * Source: huggingface_hub, constants.py, file_download.py and utils/_validators.py
 *
 * @example A folder is taken as it is
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const dir = await Deno.makeTempDir();
 * assert.equal(await resolveModel(dir), dir);
 * await Deno.remove(dir);
 * await assert.rejects(() => resolveModel("./no-such-model"), HubError);
 * ```
 */
export async function resolveModel(
  nameOrPath: string,
  options: ResolveOptions = {},
): Promise<string> {
  if (options.foundIn !== undefined) return options.foundIn;
  if (await isFolder(nameOrPath)) return nameOrPath;
  const hub = await hubModel(nameOrPath, options);
  const root = options.cacheDir ? await expandUser(options.cacheDir) : await hubCache();
  const dir = ownFolder(root, hub);
  const python = new PythonCache(root, hub.id);
  const patterns = options.patterns ?? [...MODEL_FILES, ...TOKENIZER_FILES];

  const saved = await savedListing(dir);
  const isComplete = saved !== null && await holds(dir, saved.files, patterns);
  const offline = offlineVariable();
  if (isComplete && (offline !== null || /^[0-9a-f]{40}$/.test(hub.revision))) return dir;
  const without = async () => isComplete ? dir : await withoutListing(python, hub, patterns);
  if (offline !== null) {
    const found = await without();
    if (found !== null) return found;
    throw new HubError(
      "unreachable",
      `Cannot download ${hub.id} as ${offline} is set and neither ${dir} nor ${python.dir} holds all ` +
        `its files as they should be; unset it, or pass a folder`,
    );
  }
  let listing: Listing;
  try {
    listing = await fetchListing(hub);
  } catch (error) {
    const found = error instanceof HubError && isAway(error) ? await without() : null;
    if (found !== null) return found;
    throw error;
  }
  const files = wantedFiles(listing.files, patterns);
  if (files.length === 0) {
    throw new HubError(
      "not_found",
      `Cannot download ${hub.id} as none of its files is wanted: ` +
        `it has ${namesOf(listing.files)}; wanted are ${patterns.join(", ")}`,
    );
  }
  const isFresh = saved !== null && stale(saved, listing).length === 0;
  if (isFresh && await holds(dir, listing.files, patterns)) return dir;
  if (listing.commit !== null) {
    const snapshot = python.snapshot(listing.commit);
    if (await holds(snapshot, listing.files, patterns)) return snapshot;
  }
  await fill(dir, hub, listing, files, python, options);
  return dir;
}

/**
 * The commit that a folder of {@linkcode resolveModel} has the files of, as the hub said it, or as
 * Python's client calls its folder; null for a folder that is of no hub.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const commit = "c".repeat(40);
 * assert.equal(await commitOf(`hub/models--org--name/snapshots/${commit}`), commit);
 * assert.equal(await commitOf("data/base"), null);
 * ```
 */
export async function commitOf(dir: string): Promise<string | null> {
  const snapshot = /(?:^|[\\/])snapshots[\\/]([0-9a-f]{40})[\\/]?$/.exec(dir)?.[1];
  return snapshot ?? (await savedListing(dir))?.commit ?? null;
}

/**
 * The files that loading a model and its tokenizer from a folder reads, in a fixed order: those of
 * {@linkcode MODEL_FILES} and {@linkcode TOKENIZER_FILES} that are there, and the files of weights that an
 * index names.
 *
 * @returns names directly inside the folder
 * @throws {SyntaxError} when the index of the weights is malformed
 * @throws whatever the file system refuses
 */
export async function loadedFiles(dir: string): Promise<string[]> {
  const present = (await namesIn(dir)).map((name) => ({ name, size: null, hash: null }));
  const files = wantedFiles(present, [...MODEL_FILES, ...TOKENIZER_FILES]);
  return [...files.map(({ name }) => name), ...await namesInIndex(dir, files)].sort();
}

/** Whether a folder has all files that patterns mean, and those that an index names, as listed. */
async function holds(
  dir: string,
  listed: readonly ListedFile[],
  patterns: readonly string[],
): Promise<boolean> {
  const files = wantedFiles(listed, patterns);
  if (files.length === 0 || (await missing(dir, files)).length > 0) return false;
  const names = await namesInIndex(dir, files).catch(() => null);
  if (names === null) return false;
  const shards = names.map((name) => listed.find((file) => file.name === name));
  return !shards.includes(undefined) && (await missing(dir, shards as ListedFile[])).length === 0;
}

/** The folder of Python's cache that can serve where the hub cannot be asked; null when there is none. */
async function withoutListing(
  python: PythonCache,
  { revision }: HubModel,
  patterns: readonly string[],
): Promise<string | null> {
  const commit = await python.commitOf(revision);
  if (commit === null) return null;
  const files = await python.filesOf(commit);
  if (!hasEssentials(wantedFiles(files, patterns), patterns)) return null;
  const dir = python.snapshot(commit);
  return await holds(dir, files, patterns) ? dir : null;
}

/** Downloads what is missing. One process at a time: the others wait, and find it there. */
async function fill(
  dir: string,
  hub: HubModel,
  listing: Listing,
  files: readonly ListedFile[],
  python: PythonCache,
  options: ResolveOptions,
): Promise<void> {
  await makeFolder(dir).catch((error) => {
    throw new HubError(
      "disk",
      `Cannot make the folder ${dir}: ${error.message}; set HF_HOME to a folder that can be written`,
      error,
    );
  });
  const lock = await lockFile(pathIn(dir, ".lock"));
  try {
    await fillLocked(dir, hub, listing, files, python, options);
  } finally {
    lock[Symbol.dispose]();
  }
}

async function fillLocked(
  dir: string,
  hub: HubModel,
  listing: Listing,
  files: readonly ListedFile[],
  python: PythonCache,
  options: ResolveOptions,
): Promise<void> {
  // From here on a file under its own name, or its part, is of the saved listing.
  for (const name of stale(await savedListing(dir), listing)) {
    await removeIfThere(pathIn(dir, name));
    await removeIfThere(pathIn(dir, `${name}.incomplete`));
  }
  await writeFilesAtomically(dir, new Map([[LISTING, JSON.stringify(listing)]]));
  const todo = await missing(dir, files);
  const report = options.onProgress ?? (() => {});
  const commit = encodeURIComponent(listing.commit ?? hub.revision);
  const fetchFrom = async (first: number) => {
    for (const [fileIndex, file] of todo.entries()) {
      if (fileIndex < first) continue;
      const path = pathIn(dir, file.name);
      const known = await python.find(file, listing.commit);
      if (known !== null) {
        await takeFile(hub, known, path);
        continue;
      }
      const event = { file: file.name, total: file.size, files: todo.length, fileIndex };
      await download(
        hub,
        `/${hub.id}/resolve/${commit}/${encodeURIComponent(file.name)}`,
        file,
        path,
        (received) => report({ ...event, received }),
      );
    }
  };
  await fetchFrom(0);
  const first = todo.length;
  todo.push(...await missing(dir, await shardsOf(dir, hub, listing, files)));
  await fetchFrom(first);
}

/** The files of weights that the index in `dir` names, which must be listed. */
async function shardsOf(
  dir: string,
  hub: HubModel,
  listing: Listing,
  files: readonly ListedFile[],
): Promise<ListedFile[]> {
  const fail = (found: string) =>
    new HubError("content", `Cannot download ${hub.id} as its index is wrong: ${found}`);
  const names = await namesInIndex(dir, files).catch((error) => {
    throw error instanceof SyntaxError ? fail(error.message) : error;
  });
  return names.map((name) => {
    const file = listing.files.find((file) => file.name === name);
    if (file === undefined) {
      throw fail(`it names ${name}, which is not among its files ${namesOf(listing.files)}`);
    }
    return file;
  });
}

/** Names for a message: the first few of what may be many. */
function namesOf(files: readonly ListedFile[]): string {
  const more = files.length > 10 ? ` and ${files.length - 10} more` : "";
  return (files.slice(0, 10).map(({ name }) => name).join(", ") || "none") + more;
}

function ownFolder(root: string, { id, revision }: HubModel): string {
  const model = pathIn(pathIn(root, "polytropos"), id.replace("/", "--"));
  return pathIn(model, encodeURIComponent(revision));
}

function isAway({ failure }: HubError): boolean {
  return failure === "unreachable" || failure === "server";
}

/** The files that are not there as they should be. */
async function missing(dir: string, files: readonly ListedFile[]): Promise<ListedFile[]> {
  const found: ListedFile[] = [];
  for (const file of files) {
    if (!await isAsListed(pathIn(dir, file.name), file)) found.push(file);
  }
  return found;
}

/** The names of files that were listed otherwise before, or may have been. */
function stale(before: Listing | null, now: Listing): string[] {
  // Without hashes only an equal commit says that a file is the same.
  const isSame = before !== null && before.commit === now.commit;
  const known = new Map(before?.files.map(({ name, hash }) => [name, hash]));
  const changed = now.files.filter(({ name, hash }) =>
    hash === null ? !isSame : known.has(name) && known.get(name) !== hash
  );
  const hashes = new Set(now.files.map(({ name }) => name));
  const gone = (before?.files ?? []).filter(({ name }) => !hashes.has(name));
  return [...changed, ...gone].map(({ name }) => name);
}

/** The hub's listing from the last download into `dir`; null when there is none to rely on. */
async function savedListing(dir: string): Promise<Listing | null> {
  const text = await readTextIfThere(pathIn(dir, LISTING)).catch(() => null);
  return text === null ? null : parseSavedListing(text);
}
