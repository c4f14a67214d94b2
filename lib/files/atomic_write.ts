import {
  exists,
  flushFolder,
  isFolder,
  makeFolder,
  namesIn,
  removeIfThere,
} from "./file_system.ts";
import { machine } from "./this_machine.ts";
import { pathIn } from "./path.ts";
import { isPlainFileName } from "./plain_file_name.ts";

/**
 * Writes files into one folder so that each is there whole, or the folder is as it was.
 *
 * Every file is written under a temporary name in the same folder and flushed to disk; only then are
 * they renamed, in the order of `files`, and the folder is flushed: a loss of power takes no file back,
 * and does not leave the last one without the others. When anything fails, the temporaries are removed and files
 * already renamed are put back. A process killed in the middle leaves every file whole, old or new,
 * and perhaps temporaries, whose names start with a dot and end with `.tmp`, for
 * {@linkcode removeTemporaries} to find.
 *
 * @param dir made when absent, with its parents
 * @param files contents by plain file name; put last the file whose presence says all are there
 * @throws {Deno.errors.NotADirectory} when `dir` is a file
 * @throws {RangeError} when a name is not that of a file directly inside `dir`
 * @throws what the file system refuses, such as a folder in the way of a file
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const dir = await Deno.makeTempDir();
 * const files = new Map<string, string | Uint8Array>([["a.txt", "text"]]);
 * files.set("b.bin", new Uint8Array([1, 2]));
 * await writeFilesAtomically(dir, files);
 * assert.equal(await Deno.readTextFile(`${dir}/a.txt`), "text");
 * await Deno.remove(dir, { recursive: true });
 * ```
 */
export async function writeFilesAtomically(
  dir: string,
  files: ReadonlyMap<string, string | Uint8Array>,
): Promise<void> {
  for (const name of files.keys()) {
    if (!isPlainFileName(name)) {
      throw new RangeError(
        `Cannot write into "${dir}" as each name must be that of a file directly inside it: ` +
          `found ${JSON.stringify(name)}`,
      );
    }
  }
  await checkFolder(dir);
  await makeFolder(dir);
  const unique = crypto.randomUUID();
  const temporary = (name: string) => pathIn(dir, `.${name}.${unique}.tmp`);
  const backup = (name: string) => pathIn(dir, `.${name}.${unique}.old.tmp`);
  const renamed: { name: string; replaced: boolean }[] = [];
  try {
    for (const [name, content] of files) await writeFlushed(temporary(name), content);
    for (const [i, name] of [...files.keys()].entries()) {
      // The last name says that all are there, after a loss of power too.
      if (i > 0 && i === files.size - 1) await flushFolder(dir);
      const replaced = await keepOld(pathIn(dir, name), backup(name));
      await machine.rename(temporary(name), pathIn(dir, name));
      renamed.push({ name, replaced });
    }
    await flushFolder(dir);
  } catch (error) {
    for (const { name, replaced } of renamed.reverse()) {
      await (replaced
        ? machine.rename(backup(name), pathIn(dir, name))
        : machine.remove(pathIn(dir, name)));
    }
    throw error;
  } finally {
    for (const name of files.keys()) {
      for (const left of [temporary(name), backup(name)]) {
        await removeIfThere(left);
      }
    }
  }
}

/**
 * Removes what {@linkcode writeFilesAtomically} left in a folder when it was killed.
 *
 * @param dir a folder that nobody else writes to at the moment; nothing happens when it is not there
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const dir = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${dir}/.a.txt.0b1c.tmp`, "ha");
 * await removeTemporaries(dir);
 * assert.deepEqual([...Deno.readDirSync(dir)], []);
 * await Deno.remove(dir);
 * await removeTemporaries(dir);
 * ```
 */
export async function removeTemporaries(dir: string): Promise<void> {
  if (!await isFolder(dir)) return;
  for (const name of await namesIn(dir)) {
    if (name.startsWith(".") && name.endsWith(".tmp")) await removeIfThere(pathIn(dir, name));
  }
}

async function checkFolder(dir: string): Promise<void> {
  if (await exists(dir) && !await isFolder(dir)) {
    throw new machine.errors.NotADirectory(
      `Cannot write files: Provided path (${dir}) should be a directory, not a file`,
    );
  }
}

async function writeFlushed(path: string, content: string | Uint8Array): Promise<void> {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const file = await machine.open(path, { write: true, createNew: true });
  try {
    for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
    await file.sync();
  } finally {
    file.close();
  }
}

/** Gives the file a second name, so that it can be put back; false when there is none. */
async function keepOld(path: string, backup: string): Promise<boolean> {
  try {
    await machine.link(path, backup);
  } catch (error) {
    if (error instanceof machine.errors.NotFound) return false;
    await machine.copyFile(path, backup); // a file system without hard links
  }
  return true;
}
