import type { FileInfo, Machine, MachineFile } from "./machine.ts";

/** The bytes of a file, wherever they are. */
export interface FileBytes {
  /** Reads from a place on; says how many bytes there were. */
  readAt(into: Uint8Array, at: number): number;
  /** Writes at a place, and makes the file longer where needed; says how many bytes were written. */
  writeAt(bytes: Uint8Array, at: number): number;
  truncate(length: number): void;
  info(): FileInfo;
  sync(): void;
  close(): void;
}

/** The errors of a file system that is not Deno's. */
export const ERRORS: Machine["errors"] = {
  NotFound: class NotFound extends Error {
    override readonly name = "NotFound";
    /** As Node says it. */
    readonly code = "ENOENT";
  },
  NotADirectory: class NotADirectory extends Error {
    override readonly name = "NotADirectory";
    /** As Node says it. */
    readonly code = "ENOTDIR";
  },
};

/** What a function does, as a promise of it: what it throws is a rejection, as where it takes time. */
export function later<Given extends unknown[], T>(
  work: (...given: Given) => T,
): (...given: Given) => Promise<T> {
  return (...given) => new Promise((resolve) => resolve(work(...given)));
}

/** Who holds the lock of a file in this program, by its path. */
const HELD = new Map<string, Promise<void>>();

/**
 * A file with a place in it, as Deno's, over bytes that are read and written anywhere. Its lock holds
 * within this program alone: neither Node nor a browser has one that ends with its process.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { memoryFiles } from "./memory_files.ts";
 *
 * const files = memoryFiles();
 * const file = await files.open("a", { write: true, create: true });
 * await file.write(new Uint8Array([1, 2, 3]));
 * await file.seek(1, 0);
 * const rest = new Uint8Array(8);
 * assert.deepEqual([await file.read(rest), await file.read(rest)], [2, null]);
 * file.close();
 * ```
 */
export function openedFile(path: string, bytes: FileBytes): MachineFile {
  let place = 0;
  let release: (() => void) | null = null;
  const readSync = (into: Uint8Array) => {
    const count = bytes.readAt(into, place);
    place += count;
    return count === 0 && into.length > 0 ? null : count;
  };
  const writeSync = (from: Uint8Array) => {
    const count = bytes.writeAt(from, place);
    place += count;
    return count;
  };
  const hold = () => {
    const held = new Promise<void>((resolve) => {
      release = () => {
        HELD.delete(path);
        release = null;
        resolve();
      };
    });
    HELD.set(path, held);
  };
  return {
    readSync,
    read: later(readSync),
    writeSync,
    write: later(writeSync),
    seekSync: (offset) => place = offset,
    seek: later((offset) => place = offset),
    stat: later(bytes.info),
    sync: later(bytes.sync),
    truncateSync: (length = 0) => bytes.truncate(length),
    truncate: later((length = 0) => bytes.truncate(length)),
    async lock() {
      while (HELD.has(path)) await HELD.get(path);
      hold();
    },
    tryLock: later(() => {
      const isFree = !HELD.has(path);
      if (isFree) hold();
      return isFree;
    }),
    close() {
      release?.();
      bytes.close();
    },
  };
}
