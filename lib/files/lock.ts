import type { MachineFile } from "./machine.ts";
import { machine } from "./this_machine.ts";

/** A lock on a file, which its process holds until it is released or the process ends. */
export interface FileLock extends Disposable {
  /** Text that the holder wrote into the file for others to read. */
  note(text: string): void;
}

/**
 * Waits until this process alone holds the lock of a file. However a process ends, by `kill -9` too,
 * its locks end with it; the file itself stays.
 *
 * @param path made when absent, in a folder that is there
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const path = await Deno.makeTempFile();
 * {
 *   using _lock = await lockFile(path);
 *   assert.equal(await tryLockFile(path), null);
 * }
 * (await tryLockFile(path))![Symbol.dispose]();
 * await Deno.remove(path);
 * ```
 */
export async function lockFile(path: string): Promise<FileLock> {
  const file = await openLock(path);
  await file.lock(true);
  return held(file);
}

/**
 * The same with a file that is there for the lock alone: it is removed when the lock is released, and
 * remains only where a process was killed.
 */
export async function lockPassing(path: string): Promise<FileLock> {
  while (true) {
    const file = await openLock(path);
    await file.lock(true);
    // Whoever held it before has removed the file: its name may be another's by now.
    const [held, named] = [await file.stat(), await machine.stat(path).catch(() => null)];
    if (held.ino === named?.ino && held.dev === named.dev) return passing(file, path);
    file.close();
  }
}

/** Takes the lock of a file when no other process holds it, else returns null. */
export async function tryLockFile(path: string): Promise<FileLock | null> {
  const file = await openLock(path);
  if (await file.tryLock(true)) return held(file);
  file.close();
  return null;
}

async function openLock(path: string): Promise<MachineFile> {
  return await machine.open(path, { create: true, read: true, write: true });
}

function held(file: MachineFile): FileLock {
  return {
    note(text) {
      file.truncateSync();
      file.writeSync(new TextEncoder().encode(text));
    },
    [Symbol.dispose]: () => file.close(),
  };
}

function passing(file: MachineFile, path: string): FileLock {
  return {
    ...held(file),
    [Symbol.dispose]() {
      try {
        machine.removeSync(path); // while it is held, so that nobody can hold a file without a name
      } catch {
        // Some systems keep a file that is open: then it stays.
      }
      file.close();
    },
  };
}
