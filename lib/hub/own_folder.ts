import { writeFilesAtomically } from "../files/atomic_write.ts";
import { makeFolder, readTextIfThere, removeIfThere } from "../files/file_system.ts";
import { type FileLock, lockFile } from "../files/lock.ts";
import { pathIn } from "../files/path.ts";
import type { HubModel } from "./hub_model.ts";
import { type Listing, parseSavedListing } from "./hugging_face_listing.ts";

/** File in which a folder of downloads keeps the hub's listing of its files. */
const LISTING = ".listing.json";

/**
 * A folder of downloads that only this library knows: what earlier versions have downloaded of a model, and
 * what is downloaded where a hub lists no commit or no hashes.
 */
export class OwnFolder {
  /** The folder, which need not be there. */
  readonly dir: string;

  /** @param root the folder of all downloads */
  constructor(root: string, { id, revision }: HubModel) {
    const model = pathIn(pathIn(root, "polytropos"), id.replace("/", "--"));
    this.dir = pathIn(model, encodeURIComponent(revision));
  }

  /** The hub's listing from the last download; null when there is none to rely on. */
  async listing(): Promise<Listing | null> {
    return await savedListing(this.dir);
  }

  /**
   * Makes it ready for the files of a listing: what is of another is removed.
   *
   * @returns the lock of the folder, which other processes wait for
   */
  async open(listing: Listing): Promise<FileLock> {
    await makeFolder(this.dir);
    const lock = await lockFile(pathIn(this.dir, ".lock"));
    try {
      // From here on a file under its own name, or its part, is of the saved listing.
      for (const name of stale(await this.listing(), listing)) {
        await removeIfThere(pathIn(this.dir, name));
        await removeIfThere(pathIn(this.dir, `${name}.incomplete`));
      }
      await writeFilesAtomically(this.dir, new Map([[LISTING, JSON.stringify(listing)]]));
      return lock;
    } catch (error) {
      lock[Symbol.dispose]();
      throw error;
    }
  }

  /** Says that the model has changed since: from now on nothing is taken from here unasked. */
  async retire(): Promise<void> {
    await removeIfThere(pathIn(this.dir, LISTING));
  }
}

/** The listing that a folder keeps; null when there is none to rely on. */
export async function savedListing(dir: string): Promise<Listing | null> {
  const text = await readTextIfThere(pathIn(dir, LISTING)).catch(() => null);
  return text === null ? null : parseSavedListing(text);
}

/** The names of files that were listed otherwise before, or may have been. */
export function stale(before: Listing | null, now: Listing): string[] {
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
