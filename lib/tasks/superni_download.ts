import { writeFilesAtomically } from "../files/atomic_write.ts";
import { fileSize, makeFolder, namesIn, removeIfThere } from "../files/file_system.ts";
import { tryLockFile } from "../files/lock.ts";
import { pathIn } from "../files/path.ts";
import { download, onDisk } from "../hub/download.ts";
import { fileFault, type ListedFile } from "../hub/file_fault.ts";
import { parseAddress } from "../hub/address.ts";
import { HubError } from "../hub/error.ts";
import { environmentVariable } from "../util/environment.ts";
import type { Hub } from "../hub/request.ts";
import { isPlainFileName } from "../files/plain_file_name.ts";
import { readJsonObject } from "../files/json_object.ts";
import { githubRefusal } from "../hub/github_api.ts";
import { fetchCommitTree } from "../hub/github_commit.ts";
import { fetchTree, type GithubEntry, isGithubFile } from "../hub/github_tree.ts";
import { UNFINISHED } from "./superni.ts";

/** GitHub repository of Super-NaturalInstructions, kept by its authors. */
const REPOSITORY = "allenai/natural-instructions";

/**
 * The commit that is downloaded: the newest of the branch `master`, as of 2026, with 1,613 tasks.
 * Most publications on this data that name a commit name this one.
 */
const COMMIT = "55a365637381ce7f3748fa2eac7aef1a113bbb82";

/** Files that define the official split. */
const SPLIT_FILES = ["train_tasks.txt", "test_tasks.txt", "excluded_tasks.txt"];

/** File in which a finished download records its origin. */
const PROVENANCE = "provenance.json";

/** The most bytes of one file on GitHub, which refuses larger ones. */
const MOST_FILE_BYTES = 100 * 2 ** 20;

/** Downloads at once: enough to hide waiting, few enough for a server that counts. */
const AT_ONCE = 6;

/** Options of {@linkcode downloadSuperni}; all have defaults. */
export interface SuperniDownloadOptions {
  /** Another commit of the repository: 40 hexadecimal digits. */
  readonly commit?: string;
  /** The address of GitHub's API; by default POLY_GITHUB_API, else GitHub's own. */
  readonly api?: string;
  /** The address of GitHub's raw files; by default POLY_GITHUB_RAW, else GitHub's own. */
  readonly raw?: string;
  /** Access token; by default GITHUB_TOKEN, which is sent to GitHub's own addresses only. */
  readonly token?: string;
  /** Stops the download; what has come stays, and the next call goes on from there. */
  readonly signal?: AbortSignal;
  /** Called with the progress after every step. */
  readonly onProgress?: (progress: SuperniProgress) => void;
  /** Milliseconds to wait before each further try after a broken connection or a server's error. */
  readonly retryDelays?: readonly number[];
  /** Milliseconds without a byte after which a connection counts as broken. */
  readonly patience?: number;
}

/** Progress of a download. */
export interface SuperniProgress {
  /** Files that are there and right. */
  readonly done: number;
  /** Files of the data. */
  readonly files: number;
  /** Bytes that are there, those of an earlier call included. */
  readonly received: number;
  /** Bytes of the data. */
  readonly bytes: number;
}

/** Result of {@linkcode downloadSuperni}. */
export interface SuperniDownload {
  /** The commit it is of. */
  readonly commit: string;
  /** Files of the data, all of them there and right. */
  readonly files: number;
  /** Their bytes. */
  readonly bytes: number;
  /** Files that this call downloaded. */
  readonly fetched: number;
  /** Task files in the folder that are not of the commit, and would be read as tasks too. */
  readonly others: readonly string[];
}

/**
 * Downloads Super-NaturalInstructions (Wang et al. 2022, arXiv 2204.07705) from GitHub: every task
 * file and the official split, as of one commit.
 *
 * The commit's id is the hash of the commit, which has the hash of its tree, which has those of
 * folders, which have those of files; each is checked, so the bytes are the commit's, whoever sends
 * them. A file that is there and right is not fetched again, a broken one goes on where it was. A
 * folder that is finished has a `provenance.json`; one that is not is refused by the suite.
 *
 * The tests' server imitates GitHub's answers, from GitHub's documentation and published examples.
 *
 * @param dir the folder; made when absent
 * @throws {HubError} when the server cannot be reached or refuses, something is not what its hash
 * says, or the folder cannot be written; `failure` says which
 * @throws the signal's reason when it is aborted
 *
 * Source: GitHub REST API, "Git database"; Git's own book, chapter "Git Objects"
 *
 * @example Only a whole commit id names data for good
 * ```ts
 * import assert from "node:assert/strict";
 * import { HubError } from "../hub/error.ts";
 *
 * await assert.rejects(() => downloadSuperni("data/superni", { commit: "master" }), HubError);
 * ```
 */
export async function downloadSuperni(
  dir: string,
  options: SuperniDownloadOptions = {},
): Promise<SuperniDownload> {
  const commit = options.commit ?? COMMIT;
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, ...(options.signal ? [options.signal] : [])]);
  const { api, raw } = hubsOf(commit, options, signal);
  signal.throwIfAborted();
  const report = options.onProgress ?? (() => {});

  let [done, received] = [0, 0];
  /** Finds the files that are missing or wrong, and reports the others. */
  const check = async (files: readonly ListedFile[]) => {
    [done, received] = [0, 0];
    const total = { files: files.length, bytes: bytesOf(files) };
    return await missing(dir, files, raw, (file) => {
      done++;
      received += file.size ?? 0;
      report({ done, received, ...total });
    });
  };

  const written = await readProvenance(dir, commit);
  if (written !== null && (await check(written)).length === 0) {
    await removeIfThere(pathIn(dir, UNFINISHED));
    return await summary(dir, commit, written, 0);
  }
  await makeFolders(dir, raw);
  using _lock = await lockFolder(dir, raw);
  try {
    await Deno.writeTextFile(pathIn(dir, UNFINISHED), "deno task data superni goes on with this\n");
    await removeIfThere(pathIn(dir, PROVENANCE));
  } catch (error) {
    throw onDisk(raw, error, dir);
  }
  const { tree, files } = await fetchListing(api, commit);
  const todo = await check(files);
  const total = { files: files.length, bytes: bytesOf(files) };
  const queue = todo.values();
  const work = async () => {
    for (const file of queue) {
      let had = 0;
      const has = (count: number) => {
        received += count - had;
        had = count;
        report({ done, received, ...total });
      };
      const from = `/${REPOSITORY}/${commit}/${file.name}`;
      await download(raw, from, file, pathIn(dir, file.name), has);
      done++;
      has(file.size ?? had);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    await work().catch((error) => stop.abort(error)); // the others stop too, and are waited for
  }));
  signal.throwIfAborted();
  try {
    await writeFilesAtomically(dir, new Map([[PROVENANCE, provenance(commit, tree, files)]]));
    await removeIfThere(pathIn(dir, UNFINISHED));
  } catch (error) {
    throw onDisk(raw, error, pathIn(dir, PROVENANCE));
  }
  return await summary(dir, commit, files, todo.length);
}

/** Everything that is wanted of a commit, each folder checked; files by their path in it. */
async function fetchListing(
  api: Hub,
  commit: string,
): Promise<{ tree: string; files: ListedFile[] }> {
  const tree = await fetchCommitTree(api, REPOSITORY, commit);
  const root = await fetchTree(api, REPOSITORY, tree, "the commit");
  const inside = async (entries: readonly GithubEntry[], name: string, path: string) => {
    const folder = entries.find((entry) => entry.name === name && entry.mode === "40000");
    if (folder === undefined) throw absent(api, commit, path);
    return await fetchTree(api, REPOSITORY, folder.id, path);
  };
  const tasks = (await inside(root, "tasks", "tasks")).filter((entry) =>
    isGithubFile(entry) && entry.name.endsWith(".json")
  );
  if (tasks.length === 0) throw absent(api, commit, "tasks/*.json");
  const splits = await inside(root, "splits", "splits");
  const official = await inside(splits, "default", "splits/default");
  const split = SPLIT_FILES.map((name) => {
    const found = official.find((entry) => entry.name === name && isGithubFile(entry));
    if (found === undefined) throw absent(api, commit, `splits/default/${name}`);
    return found;
  });
  const listed = (folder: string) => ({ name, size, id }: GithubEntry): ListedFile => {
    if (!isPlainFileName(name)) {
      throw new HubError(
        "content",
        `Cannot download ${api.id} as ${folder} has a name that no file here can have: ` +
          `${JSON.stringify(name)}`,
      );
    }
    // The size alone is not part of what is hashed.
    if (size === null || size > MOST_FILE_BYTES) {
      throw new HubError(
        "content",
        `Cannot download ${api.id} as the size of ${folder}/${name} must be listed with at most ` +
          `${MOST_FILE_BYTES} bytes, as GitHub's files have: found ${size}`,
      );
    }
    return { name: `${folder}/${name}`, size, hash: id };
  };
  return { tree, files: [...split.map(listed("splits/default")), ...tasks.map(listed("tasks"))] };
}

function absent(api: Hub, commit: string, path: string): HubError {
  return new HubError(
    "not_found",
    `Cannot download ${api.id} as commit ${commit} of ${REPOSITORY} has no ${path}`,
  );
}

/** GitHub's two servers: the one that lists, and the one that has the files. */
function hubsOf(
  commit: string,
  options: SuperniDownloadOptions,
  signal: AbortSignal,
): { api: Hub; raw: Hub } {
  const id = "Super-NaturalInstructions";
  if (!/^[0-9a-f]{40}$/.test(commit)) {
    throw new HubError(
      "name",
      `Cannot download ${id} as the commit must be 40 hexadecimal digits: found ` +
        JSON.stringify(commit),
    );
  }
  const hub = (given: string | undefined, variable: string, own: string): Hub => {
    const named = given || environmentVariable(variable) || own;
    const address = parseAddress(named);
    if (address === null) {
      throw new HubError(
        "name",
        `Cannot download ${id} as the endpoint must be an address that starts with https:// or ` +
          `http://: found ${JSON.stringify(named.replace(/^.*@/s, "…@"))}; set ${variable}`,
      );
    }
    // A token is for GitHub, not for whoever stands in for it.
    const isOwn = address.endpoint === own;
    const token = options.token ?? (isOwn ? environmentVariable("GITHUB_TOKEN") : undefined);
    const wanted = `what commit ${commit} of ${REPOSITORY} should have`;
    return {
      id,
      ...address,
      token: token?.trim() || null,
      signal,
      retryDelays: options.retryDelays ?? [500, 1000, 2000, 4000, 8000, 16_000],
      patience: options.patience ?? 60_000,
      otherWays: `set ${variable}, or clone the repository with git and name the clone as data_dir`,
      otherFolder: "name",
      refusal: (status, headers) => githubRefusal(wanted, !!token?.trim(), status, headers),
    };
  };
  return {
    api: hub(options.api, "POLY_GITHUB_API", "https://api.github.com"),
    raw: hub(options.raw, "POLY_GITHUB_RAW", "https://raw.githubusercontent.com"),
  };
}

/** The files that are missing or wrong; `isRight` is called with each of the others. */
async function missing(
  dir: string,
  files: readonly ListedFile[],
  hub: Hub,
  isRight: (file: ListedFile) => void,
): Promise<ListedFile[]> {
  const wrong = new Set<ListedFile>();
  const queue = files.values();
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (const file of queue) {
      hub.signal?.throwIfAborted();
      const path = pathIn(dir, file.name);
      const fault = await fileFault(path, file).catch((error) => {
        if (error instanceof Deno.errors.NotFound) return "absent";
        throw onDisk(hub, error, path);
      });
      if (fault === null) isRight(file);
      else wrong.add(file);
    }
  }));
  return files.filter((file) => wrong.has(file));
}

async function makeFolders(dir: string, hub: Hub): Promise<void> {
  for (const folder of ["tasks", "splits/default"]) {
    const path = pathIn(dir, folder);
    await makeFolder(path).catch((error) => {
      throw onDisk(hub, error, path);
    });
  }
}

/** One process at a time: two that write the same parts would spoil them. */
async function lockFolder(dir: string, hub: Hub): Promise<Disposable> {
  const path = pathIn(dir, ".lock");
  const lock = await tryLockFile(path).catch((error) => {
    throw onDisk(hub, error, path);
  });
  if (lock !== null) return lock;
  throw new HubError(
    "disk",
    `Cannot download ${hub.id} into ${dir} as another download into it is at work; wait for it`,
  );
}

/** Origin of the data, for citing it and for checking it without a network. */
function provenance(commit: string, tree: string, files: readonly ListedFile[]): string {
  const found = {
    name: "Super-NaturalInstructions",
    cite: "Wang et al. 2022, arXiv 2204.07705",
    source: `https://github.com/${REPOSITORY}`,
    commit,
    tree,
    finished: new Date().toISOString(),
    files: files.length,
    bytes: bytesOf(files),
    git_blobs: Object.fromEntries(files.map(({ name, hash }) => [name, hash])),
  };
  return JSON.stringify(found, null, 2) + "\n";
}

/** The files of a finished download of the commit; null when there is none. */
async function readProvenance(dir: string, commit: string): Promise<ListedFile[] | null> {
  const found = await readJsonObject(pathIn(dir, PROVENANCE)).catch(() => null);
  if (found?.commit !== commit || typeof found.git_blobs !== "object") return null;
  const entries = Object.entries(found.git_blobs ?? {});
  const isListed = ([name, hash]: [string, unknown]) =>
    /^(tasks|splits\/default)\/(.*)$/s.test(name) && isPlainFileName(name.split("/").at(-1)!) &&
    name.split("/").length === (name.startsWith("tasks/") ? 2 : 3) &&
    /^[0-9a-f]{40}$/.test(`${hash}`);
  if (entries.length === 0 || entries.length !== found.files || !entries.every(isListed)) {
    return null;
  }
  return await Promise.all(entries.map(async ([name, hash]) => {
    return { name, size: await fileSize(pathIn(dir, name)), hash };
  }));
}

async function summary(
  dir: string,
  commit: string,
  files: readonly ListedFile[],
  fetched: number,
): Promise<SuperniDownload> {
  const known = new Set(files.map(({ name }) => name));
  const others: string[] = [];
  for (const name of await namesIn(pathIn(dir, "tasks"))) {
    if (name.endsWith(".json") && !known.has(`tasks/${name}`)) others.push(`tasks/${name}`);
  }
  return { commit, files: files.length, bytes: bytesOf(files), fetched, others: others.sort() };
}

function bytesOf(files: readonly ListedFile[]): number {
  return files.reduce((sum, { size }) => sum + (size ?? 0), 0);
}
