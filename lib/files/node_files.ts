import type { Stats } from "node:fs";
import { nodeModule } from "../util/platform.ts";
import type { FileInfo, Machine } from "./machine.ts";
import { ERRORS, later, openedFile } from "./opened_file.ts";

/**
 * Node's file system, with the errors that tell Deno's apart by their class.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const files = nodeFiles();
 * assert.ok(files.statSync(".").isDirectory);
 * await assert.rejects(files.stat("no/such/file"), files.errors.NotFound);
 * ```
 */
export function nodeFiles(): Machine {
  const fs = nodeModule("node:fs")!;
  const { promises } = fs;
  const asked = async <T>(answer: Promise<T>): Promise<T> => {
    try {
      return await answer;
    } catch (error) {
      throw translated(error);
    }
  };
  const askedSync = <T>(ask: () => T): T => {
    try {
      return ask();
    } catch (error) {
      throw translated(error);
    }
  };
  return {
    errors: ERRORS,
    copyFile: (from, to) => asked(promises.copyFile(from, to)),
    link: (from, to) => asked(promises.link(from, to)),
    mkdir: (path, options = {}) => asked(promises.mkdir(path, options).then(() => {})),
    open: later((path, { read = false, write = false, create = false, createNew = false } = {}) => {
      const { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_EXCL } = fs.constants;
      const flags = (!write ? O_RDONLY : read ? O_RDWR : O_WRONLY) |
        (create || createNew ? O_CREAT : 0) | (createNew ? O_EXCL : 0);
      const opened = askedSync(() => fs.openSync(path, flags));
      return openedFile(fs.realpathSync(path), {
        readAt: (into, at) => fs.readSync(opened, into, 0, into.length, at),
        writeAt: (bytes, at) => fs.writeSync(opened, bytes, 0, bytes.length, at),
        truncate: (length) => fs.ftruncateSync(opened, length),
        info: () => infoOf(fs.fstatSync(opened)),
        sync: () => fs.fsyncSync(opened),
        close: () => fs.closeSync(opened),
      });
    }),
    async *readDir(path) {
      for (const name of await asked(promises.readdir(path))) yield { name };
    },
    async readFile(path) {
      return new Uint8Array(await asked(promises.readFile(path)));
    },
    realPath: (path) => asked(promises.realpath(path)),
    remove: (path) => asked(removed(path)),
    removeSync: (path) => askedSync(() => fs.rmSync(path)),
    rename: (from, to) => asked(promises.rename(from, to)),
    stat: async (path) => infoOf(await asked(promises.stat(path))),
    statSync: (path) => infoOf(askedSync(() => fs.statSync(path))),
    symlink: (target, path) => asked(promises.symlink(target, path)),
  };

  async function removed(path: string): Promise<void> {
    const { isDirectory } = infoOf(await promises.lstat(path));
    await (isDirectory ? promises.rmdir(path) : promises.unlink(path));
  }
}

function infoOf(stats: Stats): FileInfo {
  const { size, mtime, ctime, ino, dev } = stats;
  return { isFile: stats.isFile(), isDirectory: stats.isDirectory(), size, mtime, ctime, ino, dev };
}

/** An error by which Node says that something is not there, as the class that says so. */
function translated(error: unknown): unknown {
  const { code, message } = error as { code?: string; message: string };
  if (code === "ENOENT") return new ERRORS.NotFound(message);
  return code === "ENOTDIR" ? new ERRORS.NotADirectory(message) : error;
}
