import { fileSize, namesIn, readTextIfThere } from "../files/file_system.ts";
import { pathIn } from "../files/path.ts";
import { isPlainFileName } from "../files/plain_file_name.ts";
import { isAsListed, type ListedFile } from "./file_fault.ts";

/**
 * What Python's client has downloaded of one model. It is read and never written.
 *
 * Source: huggingface_hub, file_download.py (`repo_folder_name`, `try_to_load_from_cache`) and its
 * page "Understand caching"
 */
export class PythonCache {
  /** The folder of the model, which need not be there. */
  readonly dir: string;

  /**
   * @param root the folder of all downloads
   * @param id `org/name`, or `name`
   */
  constructor(root: string, id: string) {
    this.dir = pathIn(root, `models--${id.replace("/", "--")}`);
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
      ...file.hash === null ? [] : [pathIn(pathIn(this.dir, "blobs"), file.hash)],
      ...commit === null ? [] : [pathIn(this.snapshot(commit), file.name)],
    ];
    for (const place of places) if (await isAsListed(place, file)) return place;
    return null;
  }
}

function isCommit(text: string): boolean {
  return /^[0-9a-f]{40}$/.test(text);
}
