import { writeFilesAtomically } from "../files/atomic_write.ts";
import { fileSize, isFolder, makeFolder, readText, removeIfThere } from "../files/file_system.ts";
import { lockFile } from "../files/lock.ts";
import { pathIn } from "../files/path.ts";
import { download } from "./download.ts";
import type { ListedFile } from "./file_fault.ts";
import { HubError, type HubFailure } from "./error.ts";
import type { Refusal } from "./request.ts";
import { fetchListing, type HubModel, type Listing } from "./hugging_face_listing.ts";

export { HubError, type HubFailure };

/** Files that a base model needs. */
export const MODEL_FILES: readonly string[] = [
  "config.json",
  "generation_config.json",
  "model.safetensors",
  "model.safetensors.index.json",
  "model-*-of-*.safetensors",
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
   * its tokenizer.
   */
  readonly patterns?: readonly string[];
  /** Branch, tag or commit; `main` by default. */
  readonly revision?: string;
  /** The hub's address; by default HF_ENDPOINT, else the public Hugging Face hub. */
  readonly endpoint?: string;
  /** Access token; by default HF_TOKEN. */
  readonly token?: string;
  /** The folder of all downloads; by default HF_HUB_CACHE, else `hub` in HF_HOME. */
  readonly cacheDir?: string;
  /** Stops a download; what has come stays, and the next call goes on from there. */
  readonly signal?: AbortSignal;
  /** Called with the state of a download whenever bytes of it have come. */
  readonly onProgress?: (event: DownloadEvent) => void;
  /** Milliseconds to wait before each further try after a broken connection or a server's error. */
  readonly retryDelays?: readonly number[];
  /** Milliseconds without a byte after which a connection counts as broken. */
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
 * again unless the hub lists another. Without a network, or with HF_HUB_OFFLINE set, a model that is
 * completely there is used as it is. Environment: HF_HUB_CACHE, HF_HOME, HF_ENDPOINT, HF_TOKEN and
 * HF_HUB_OFFLINE mean what they mean in Python.
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
  if (await isFolder(nameOrPath)) return nameOrPath;
  const hub = asHubModel(nameOrPath, options);
  const dir = await cacheFolder(hub, options);
  const patterns = options.patterns ?? [...MODEL_FILES, ...TOKENIZER_FILES];

  const saved = await savedListing(dir);
  const known = saved === null ? [] : wanted(saved, patterns);
  const complete = known.length > 0 && (await missing(dir, known)).length === 0;
  const offline = isOffline();
  if (complete && (offline || /^[0-9a-f]{40}$/.test(hub.revision))) return dir;
  if (offline) {
    throw new HubError(
      "unreachable",
      `Cannot download ${hub.id} as HF_HUB_OFFLINE is set and ${dir} does not hold all its files; ` +
        `unset it, or pass a folder`,
    );
  }
  let listing: Listing;
  try {
    listing = await fetchListing(hub);
  } catch (error) {
    if (complete && error instanceof HubError && isAway(error)) return dir;
    throw error;
  }
  const files = wanted(listing, patterns);
  if (files.length === 0) {
    throw new HubError(
      "not_found",
      `Cannot download ${hub.id} as none of its files is wanted: ` +
        `it has ${listing.files.map((file) => file.name).join(", ") || "none"}; ` +
        `wanted are ${patterns.join(", ")}`,
    );
  }
  if (
    saved !== null && stale(saved, listing).length === 0 && (await missing(dir, files)).length === 0
  ) {
    return dir;
  }
  await fill(dir, hub, listing, files, options);
  return dir;
}

/** Downloads what is missing. One process at a time: the others wait, and find it there. */
async function fill(
  dir: string,
  hub: HubModel,
  listing: Listing,
  files: readonly ListedFile[],
  options: ResolveOptions,
): Promise<void> {
  await makeFolder(dir).catch((error) => {
    throw new HubError(
      "disk",
      `Cannot make the folder ${dir}: ${error.message}; set HF_HOME to a folder that can be written`,
      error,
    );
  });
  using _lock = await lockFile(pathIn(dir, ".lock"));
  // From here on a file under its own name, or its part, is of the saved listing.
  for (const name of stale(await savedListing(dir), listing)) {
    await removeIfThere(pathIn(dir, name));
    await removeIfThere(pathIn(dir, `${name}.incomplete`));
  }
  await writeFilesAtomically(dir, new Map([[LISTING, JSON.stringify(listing)]]));
  const todo = await missing(dir, files);
  const report = options.onProgress ?? (() => {});
  const commit = encodeURIComponent(listing.commit ?? hub.revision);
  for (const [fileIndex, file] of todo.entries()) {
    const event = { file: file.name, total: file.size, files: todo.length, fileIndex };
    await download(
      hub,
      `/${hub.id}/resolve/${commit}/${encodeURIComponent(file.name)}`,
      file,
      pathIn(dir, file.name),
      (received) => report({ ...event, received }),
    );
  }
}

/** Checks the name as the hub's own client does, so that nothing else can come into a path. */
function asHubModel(id: string, options: ResolveOptions): HubModel {
  const shown = JSON.stringify(id);
  if (/^[./~]|\\|\/.*\//.test(id)) {
    throw new HubError("name", `Cannot load a model from ${shown} as there is no such folder`);
  }
  const wellFormed = /^(\b[\w.-]{1,96}\b\/)?\b[\w.-]{1,96}\b$/.test(id);
  if (!wellFormed || /--|\.\.|\.git$/.test(id)) {
    throw new HubError(
      "name",
      `Cannot load a model from ${shown} as it is neither a folder nor a hub's "org/name"`,
    );
  }
  const revision = options.revision ?? "main";
  if (!/^[\w+-][\w.+/-]{0,199}$/.test(revision) || /\.\.|\/\.|\/\/|[./]$/.test(revision)) {
    throw new HubError(
      "name",
      `Cannot download ${id} as the revision must be the name of a branch or tag, or a commit: ` +
        `found ${JSON.stringify(revision)}`,
    );
  }
  const endpoint = options.endpoint || Deno.env.get("HF_ENDPOINT") || "https://huggingface.co";
  if (!/^https?:\/\//.test(endpoint) || !URL.canParse(endpoint)) {
    throw new HubError(
      "name",
      `Cannot download ${id} as the endpoint must be an address that starts with https:// or ` +
        `http://: found ${JSON.stringify(endpoint)}; set HF_ENDPOINT`,
    );
  }
  const token = (options.token ?? Deno.env.get("HF_TOKEN"))?.trim() || null;
  return {
    id,
    revision,
    endpoint: endpoint.replace(/\/+$/, ""),
    token,
    signal: options.signal,
    retryDelays: options.retryDelays ?? [500, 1000, 2000, 4000],
    patience: options.patience ?? 60_000,
    otherWays: "set HF_ENDPOINT, or pass a folder",
    otherFolder: "set HF_HOME to",
    refusal: (status, headers) => refusal(revision, token, status, headers),
  };
}

function refusal(
  revision: string,
  token: string | null,
  status: number,
  headers: Headers,
): Refusal | null {
  if (status === 401 || status === 403) {
    const asked = token === null
      ? `set HF_TOKEN to a token that may read it`
      : `check that the token in HF_TOKEN may read it, and that its terms are accepted on its page`;
    return {
      failure: "unauthorized",
      text:
        `does not let this reader have it (status ${status}): it is gated, private or does not ` +
        `exist; check the spelling, or ${asked}`,
    };
  }
  if (status !== 404) return null;
  return {
    failure: "not_found",
    text: headers.get("x-error-code") === "RevisionNotFound"
      ? `has no revision "${revision}" of it; check the revision`
      : `has no such model or revision: revision is "${revision}"; check the spelling, or pass a ` +
        `folder`,
  };
}

async function cacheFolder({ id, revision }: HubModel, options: ResolveOptions): Promise<string> {
  const root = options.cacheDir || Deno.env.get("HF_HUB_CACHE") ||
    pathIn(Deno.env.get("HF_HOME") || pathIn(await userCache(), "huggingface"), "hub");
  const model = pathIn(pathIn(root, "polytropos"), id.replace("/", "--"));
  return pathIn(model, encodeURIComponent(revision));
}

/** Folder of this user's caches, for data that can be downloaded again. */
async function userCache(): Promise<string> {
  const named = Deno.env.get("XDG_CACHE_HOME");
  if (named) return named;
  // Loaded here, as Node's part of Deno takes its time and most calls do not need it.
  const { homedir } = await import("node:os");
  return pathIn(homedir(), ".cache");
}

function isOffline(): boolean {
  return /^(1|on|yes|true)$/i.test(Deno.env.get("HF_HUB_OFFLINE") ?? "");
}

function isAway({ failure }: HubError): boolean {
  return failure === "unreachable" || failure === "server";
}

/** As in a shell, patterns do not match hidden files, such as the cache's own. */
function wanted(listing: Listing, patterns: readonly string[]): ListedFile[] {
  const expressions = patterns.map((pattern) =>
    new RegExp(`^${pattern.split("*").map((part) => RegExp.escape(part)).join(".*")}$`)
  );
  return listing.files.filter(({ name }) =>
    !name.startsWith(".") && expressions.some((one) => one.test(name))
  );
}

/** The files that are not there with the size they should have. */
async function missing(dir: string, files: readonly ListedFile[]): Promise<ListedFile[]> {
  const sizes = await Promise.all(files.map(({ name }) => fileSize(pathIn(dir, name))));
  return files.filter(({ size }, i) => sizes[i] === null || (size !== null && sizes[i] !== size));
}

/** The names of files that were listed otherwise before. */
function stale(before: Listing | null, now: Listing): string[] {
  const hashes = new Map(now.files.map(({ name, hash }) => [name, hash]));
  return (before?.files ?? [])
    .filter(({ name, hash }) => hashes.get(name) !== hash)
    .map(({ name }) => name);
}

/** The hub's listing from the last download into `dir`; null when there is none to rely on. */
async function savedListing(dir: string): Promise<Listing | null> {
  try {
    return JSON.parse(await readText(pathIn(dir, LISTING)));
  } catch {
    return null;
  }
}
