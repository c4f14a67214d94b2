import { isFolder, namesIn } from "../files/file_system.ts";
import { pathIn } from "../files/path.ts";
import { download, onDisk, takeFile } from "./download.ts";
import { HubError, type HubFailure } from "./error.ts";
import { expandUser } from "./expand_path.ts";
import { isAsListed, type ListedFile } from "./file_fault.ts";
import { type HubModel, hubModel } from "./hub_model.ts";
import { fetchListing, type Listing } from "./hugging_face_listing.ts";
import { OwnFolder, savedListing, stale } from "./own_folder.ts";
import { isCommit, PythonCache } from "./python_cache.ts";
import { hubCache, offlineVariable } from "./python_environment.ts";
import { hasEssentials, namesInIndex, unreadWeights, wantedFiles } from "./weight_files.ts";

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
  /** Whether nobody is asked and only what is there is taken, as with HF_HUB_OFFLINE. */
  readonly offline?: boolean;
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

/**
 * The folder of a model: `nameOrPath` itself when it is a folder, else that of a hub's model in the
 * cache, downloaded as far as it is not there.
 *
 * Downloads are kept as Python's client keeps them, in `<cache>/models--<org>--<name>`, so that either
 * uses what the other has downloaded; where a hub lists no commit or no hashes, they are kept in
 * `<cache>/polytropos/<org>--<name>/<revision>`, as earlier versions kept all: what stands there is used
 * as long as it is what the hub lists. A broken download is resumed, every file is checked against the
 * size and hash the hub lists, and one that is there is not fetched again unless the hub lists another.
 * Without a network, or with HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE set, a model that is completely there
 * is used as it is.
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
  const own = new OwnFolder(root, hub);
  const { dir } = own;
  const python = new PythonCache(root, hub.id);
  const patterns = options.patterns ?? [...MODEL_FILES, ...TOKENIZER_FILES];

  const saved = await own.listing();
  const noted = await python.listing(hub.revision);
  const complete = saved !== null && await holds(dir, saved.files, patterns)
    ? dir
    : await notedFolder(python, hub, noted, patterns);
  const offline = options.offline === true ? "offline" : offlineVariable();
  if (complete !== null && (offline !== null || isCommit(hub.revision))) {
    return complete;
  }
  const without = async () => complete ?? await withoutListing(python, hub, noted, patterns);
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
  const unread = unreadWeights(listing.files, patterns);
  if (unread !== null) {
    throw new HubError(
      "not_found",
      `Cannot download ${hub.id} as its weights must be in safetensors files: it has ${unread}; load it ` +
        `once with Python, save it into a folder with save_pretrained, and pass the folder`,
    );
  }
  const isFresh = saved !== null && stale(saved, listing).length === 0;
  if (isFresh && await holds(dir, listing.files, patterns)) return dir;
  if (listing.commit !== null) {
    const snapshot = python.snapshot(listing.commit);
    if (await holds(snapshot, listing.files, patterns)) {
      await python.noteAgain(hub.revision, listing).catch(() => {}); // a cache may be for reading only
      return snapshot;
    }
  }
  return await fill({ own, python }, hub, listing, files, options);
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

/** The folder of Python's cache that has what the last listing says; null when there is none. */
async function notedFolder(
  python: PythonCache,
  { revision }: HubModel,
  noted: Listing | null,
  patterns: readonly string[],
): Promise<string | null> {
  // Python may have downloaded a later commit since.
  if (noted === null || noted.commit === null) return null;
  if (await python.commitOf(revision) !== noted.commit) return null;
  const dir = python.snapshot(noted.commit);
  return await holds(dir, noted.files, patterns) ? dir : null;
}

/** The folder of Python's cache that can serve where the hub cannot be asked; null when there is none. */
async function withoutListing(
  python: PythonCache,
  { revision }: HubModel,
  noted: Listing | null,
  patterns: readonly string[],
): Promise<string | null> {
  const commit = await python.commitOf(revision);
  if (commit === null || commit === noted?.commit) return null; // files that the listing denies
  const files = await python.filesOf(commit);
  if (!hasEssentials(wantedFiles(files, patterns), patterns)) return null;
  const dir = python.snapshot(commit);
  return await holds(dir, files, patterns) ? dir : null;
}

/** How a file gets into a folder of downloads: `get` puts it where it is told. */
type Put = (file: ListedFile, get: (to: string) => Promise<void>) => Promise<void>;

/** Downloads what is missing in Python's cache, or in a folder of its own where that is not possible. */
async function fill(
  { own, python }: { readonly own: OwnFolder; readonly python: PythonCache },
  hub: HubModel,
  listing: Listing,
  files: readonly ListedFile[],
  options: ResolveOptions,
): Promise<string> {
  const { commit } = listing;
  try {
    if (commit === null || listing.files.some(({ hash }) => hash === null)) {
      const lock = await own.open(listing);
      try {
        const put: Put = (file, get) => get(pathIn(own.dir, file.name));
        const known = (file: ListedFile) => python.find(file, commit);
        await fillWith(own.dir, hub, listing, files, put, known, options);
        return own.dir;
      } finally {
        lock[Symbol.dispose]();
      }
    }
    const dir = python.snapshot(commit);
    const put: Put = (file, get) => python.put(commit, { ...file, hash: file.hash! }, get);
    const known = async (file: ListedFile) => {
      const older = pathIn(own.dir, file.name);
      return await isAsListed(older, file) ? older : null;
    };
    await fillWith(dir, hub, listing, files, put, known, options);
    await python.point(hub.revision, commit);
    await python.note(hub.revision, listing);
    await own.retire();
    return dir;
  } catch (error) {
    throw onDisk(hub, error, python.dir);
  }
}

/** Downloads what is missing in a folder: first the files that are wanted, then those an index names. */
async function fillWith(
  dir: string,
  hub: HubModel,
  listing: Listing,
  files: readonly ListedFile[],
  put: Put,
  known: (file: ListedFile) => Promise<string | null>,
  options: ResolveOptions,
): Promise<void> {
  const todo = await missing(dir, files);
  const report = options.onProgress ?? (() => {});
  const commit = encodeURIComponent(listing.commit ?? hub.revision);
  const fetchFrom = async (first: number) => {
    for (const [fileIndex, file] of todo.entries()) {
      if (fileIndex < first) continue;
      await put(file, async (to) => {
        const found = await known(file);
        if (found !== null) return await takeFile(hub, found, to);
        const event = { file: file.name, total: file.size, files: todo.length, fileIndex };
        const from = `/${hub.id}/resolve/${commit}/${encodeURIComponent(file.name)}`;
        await download(hub, from, file, to, (received) => report({ ...event, received }));
      });
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
