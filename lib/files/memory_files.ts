import type { FileInfo, Machine } from "./machine.ts";
import { ERRORS, type FileBytes, later, openedFile } from "./opened_file.ts";

/** A file in memory; two names may share one. */
interface Held {
  bytes: Uint8Array<ArrayBuffer>;
  changed: Date;
  readonly id: number;
}

/**
 * A file system in memory, for a browser: it begins empty and ends with the page. A path is read from the
 * root, with or without a slash before it.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const files = memoryFiles();
 * await files.mkdir("base", { recursive: true });
 * const file = await files.open("base/config.json", { write: true, createNew: true });
 * await file.write(new TextEncoder().encode("{}"));
 * file.close();
 * assert.equal(new TextDecoder().decode(await files.readFile("/base/config.json")), "{}");
 * await assert.rejects(files.stat("base/other"), { name: "NotFound" });
 * ```
 */
export function memoryFiles(): Machine {
  const files = new Map<string, Held>();
  const folders = new Set<string>([""]);
  let ids = 0;

  const absent = (path: string) =>
    new ERRORS.NotFound(`No such file or folder in memory: ${JSON.stringify(path)}`);
  const fileAt = (path: string): Held => {
    const file = files.get(plain(path));
    if (file === undefined) throw absent(path);
    return file;
  };
  const add = (path: string, file: Held) => {
    if (!folders.has(parentOf(plain(path)))) throw absent(path);
    files.set(plain(path), file);
  };
  const fresh = (bytes: Uint8Array<ArrayBuffer>): Held => ({
    bytes,
    changed: new Date(),
    id: ++ids,
  });
  const statSync = (path: string): FileInfo => {
    if (folders.has(plain(path))) return infoOf(null);
    return infoOf(fileAt(path));
  };
  const removeSync = (path: string) => {
    const key = plain(path);
    if (!files.delete(key) && !folders.delete(key)) throw absent(path);
  };
  const refuseFolder = (path: string) => {
    if (folders.has(plain(path))) {
      throw new Error(`A folder is in the way: ${JSON.stringify(path)}`);
    }
  };

  return {
    errors: ERRORS,
    copyFile: later((from, to) => add(to, fresh(fileAt(from).bytes.slice()))),
    link: later((from, to) => add(to, fileAt(from))),
    mkdir: later((path, { recursive = false } = {}) => {
      const key = plain(path);
      if (!recursive && !folders.has(parentOf(key))) throw absent(path);
      for (let at = key; !folders.has(at); at = parentOf(at)) {
        if (files.has(at)) throw new ERRORS.NotADirectory(`${JSON.stringify(at)} is a file`);
        folders.add(at);
      }
    }),
    open: later((path, { create = false, createNew = false } = {}) => {
      refuseFolder(path);
      const isThere = files.has(plain(path));
      if (createNew && isThere) throw new Error(`There is a file already: ${JSON.stringify(path)}`);
      if ((create || createNew) && !isThere) add(path, fresh(new Uint8Array()));
      return openedFile(plain(path), bytesOf(fileAt(path)));
    }),
    async *readDir(path) {
      const key = plain(path);
      if (!folders.has(key)) throw absent(path);
      for (const at of [...files.keys(), ...folders]) {
        if (at !== "" && parentOf(at) === key) {
          yield await Promise.resolve({ name: at.slice(at.lastIndexOf("/") + 1) });
        }
      }
    },
    readFile: later((path) => fileAt(path).bytes.slice()),
    realPath: later((path) => {
      statSync(path);
      return `/${plain(path)}`;
    }),
    removeSync,
    remove: later(removeSync),
    rename: later((from, to) => {
      refuseFolder(to);
      const file = fileAt(from);
      files.delete(plain(from));
      add(to, file);
    }),
    statSync,
    symlink: later(() => {
      throw new Error("Files in memory have no symbolic links");
    }),
    stat: later(statSync),
  };
}

/** A path without a slash at its ends, doubled slashes and dots. */
function plain(path: string): string {
  return path.split("/").filter((part) => part !== "" && part !== ".").join("/");
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

/** What is known of a file, or of a folder when there is none. */
function infoOf(file: Held | null): FileInfo {
  const changed = file?.changed ?? null;
  return {
    isFile: file !== null,
    isDirectory: file === null,
    size: file?.bytes.length ?? 0,
    mtime: changed,
    ctime: changed,
    ino: file?.id ?? null,
    dev: 0,
  };
}

function bytesOf(file: Held): FileBytes {
  const resize = (length: number) => {
    const longer = new Uint8Array(length);
    longer.set(file.bytes.subarray(0, length));
    file.bytes = longer;
  };
  return {
    readAt(into, at) {
      const found = file.bytes.subarray(at, at + into.length);
      into.set(found);
      return found.length;
    },
    writeAt(bytes, at) {
      if (at + bytes.length > file.bytes.length) resize(at + bytes.length);
      file.bytes.set(bytes, at);
      file.changed = new Date();
      return bytes.length;
    },
    truncate(length) {
      resize(length);
      file.changed = new Date();
    },
    info: () => infoOf(file),
    sync: () => {},
    close: () => {},
  };
}
