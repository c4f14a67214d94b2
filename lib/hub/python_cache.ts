import { writeFilesAtomically } from "../files/atomic_write.ts";
import { fileSize, isFolder, makeFolder, namesIn, readTextIfThere } from "../files/file_system.ts";
import { lockFile } from "../files/lock.ts";
import { pathIn } from "../files/path.ts";
import { isPlainFileName } from "../files/plain_file_name.ts";
import { linkFile } from "./download.ts";
import { isAsListed, type ListedFile } from "./file_fault.ts";
import { type Listing, parseSavedListing } from "./hugging_face_listing.ts";

/**
 * What is downloaded of one model, as Python's client keeps it: the content of each file once, in `blobs`
 * under its hash; for each commit a folder in `snapshots` whose names point there; and in `refs` the
 * commits of branches and tags.
 *
 * Source: huggingface_hub, file_download.py (`repo_folder_name`, `try_to_load_from_cache`,
 * `_create_symlink`) and its page "Understand caching"
 */
export class PythonCache {
  /** The folder of the model, which need not be there. */
  readonly dir: string;
  readonly #locks: string;

  /**
   * @param root the folder of all downloads
   * @param id `org/name`, or `name`
   */
  constructor(root: string, id: string) {
    const name = `models--${id.replace("/", "--")}`;
    this.dir = pathIn(root, name);
    this.#locks = pathIn(pathIn(root, ".locks"), name);
  }

  /** The commit that a branch or tag stood for at the last download; null when it is not known. */
  async commitOf(revision: string): Promise<string | null> {
    if (isCommit(revision)) return revision;
    const text = await readTextIfThere(pathIn(pathIn(this.dir, "refs"), revision)).catch(() =>
      null
    );
    const commit = text?.trim() ?? "";
    return isCommit(commit) ? commit : null;
  }

  /** The folder with the files of a commit, which need not be there. */
  snapshot(commit: string): string {
    return pathIn(pathIn(this.dir, "snapshots"), commit);
  }

  /** The files of a commit that are there; those of which only a part has come are not. */
  async filesOf(commit: string): Promise<ListedFile[]> {
    const dir = this.snapshot(commit);
    const names = (await namesIn(dir).catch(() => [])).filter(isPlainFileName).sort();
    const sizes = await Promise.all(names.map((name) => fileSize(pathIn(dir, name))));
    return names.map((name, i) => ({ name, size: sizes[i]!, hash: null }))
      .filter(({ size }) => size !== null);
  }

  /** Where a file is that a listing names, with the size and hash it should have; null when nowhere. */
  async find(file: ListedFile, commit: string | null): Promise<string | null> {
    const places = [
      ...file.hash === null ? [] : [this.#blob(file.hash)],
      ...commit === null ? [] : [pathIn(this.snapshot(commit), file.name)],
    ];
    for (const place of places) if (await isAsListed(place, file)) return place;
    return null;
  }

  /**
   * Gets a file into a commit's folder, by way of its blob. Python's client waits meanwhile, as this does
   * for it, and goes on from the part that the other has left.
   *
   * @param file with its hash
   * @param get puts the file where it is told, unless it is there already
   * @throws {Error} whatever `get` throws and the file system refuses
   */
  async put(
    commit: string,
    file: ListedFile & { readonly hash: string },
    get: (to: string) => Promise<void>,
  ): Promise<void> {
    const [blob, snapshot] = [this.#blob(file.hash), this.snapshot(commit)];
    const name = pathIn(snapshot, file.name);
    for (const folder of [this.#blobs, snapshot, this.#locks]) await makeFolder(folder);
    const lock = await lockFile(pathIn(this.#locks, `${file.hash}.lock`));
    try {
      if (!await isAsListed(blob, file)) await get(blob);
      if (!await isAsListed(name, file)) await linkFile(blob, `../../blobs/${file.hash}`, name);
    } finally {
      lock[Symbol.dispose]();
    }
  }

  /** Notes the commit that a branch or tag stands for. */
  async point(revision: string, commit: string): Promise<void> {
    if (isCommit(revision) || await this.commitOf(revision) === commit) return;
    const [name, ...folders] = revision.split("/").reverse(); // a branch may be called refs/pr/1
    const folder = folders.reverse().reduce(pathIn, pathIn(this.dir, "refs"));
    await writeFilesAtomically(folder, new Map([[name!, commit]]));
  }

  /** The hub's listing of a branch or tag from the last download here; null when there is none. */
  async listing(revision: string): Promise<Listing | null> {
    const path = pathIn(this.#listings, listingName(revision));
    const text = await readTextIfThere(path).catch(() => null);
    return text === null ? null : parseSavedListing(text);
  }

  /** Keeps a listing, by which files can be checked where the hub cannot be asked. */
  async note(revision: string, listing: Listing): Promise<void> {
    const files = new Map([[listingName(revision), JSON.stringify(listing)]]);
    await writeFilesAtomically(this.#listings, files);
  }

  /** The same where a listing has been kept before: what Python alone has downloaded stays as it is. */
  async noteAgain(revision: string, listing: Listing): Promise<void> {
    if (await isFolder(this.#listings)) await this.note(revision, listing);
  }

  /** A folder that Python's client does not look at. */
  get #listings(): string {
    return pathIn(this.dir, ".listings");
  }

  #blob(hash: string): string {
    return pathIn(this.#blobs, hash);
  }

  get #blobs(): string {
    return pathIn(this.dir, "blobs");
  }
}

function listingName(revision: string): string {
  return `${encodeURIComponent(revision)}.json`;
}

/** Whether a revision is the full name of a commit, which stands for the same files for ever. */
export function isCommit(text: string): boolean {
  return /^[0-9a-f]{40}$/.test(text);
}
