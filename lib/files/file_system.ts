/**
 * What this library asks of the file system, beside writing whole files (`atomic_write.ts`) and locks
 * (`lock.ts`). `this_machine.ts` says which file system that is.
 *
 * @module
 */
import { FROM_START, type MachineFile } from "./machine.ts";
import { machine } from "./this_machine.ts";
import { parentOf } from "./path.ts";
import { decodeText } from "./strict_text.ts";

/** A file that is open for reading. */
export interface OpenFile extends Disposable {
  /** Its bytes when it was opened. */
  readonly size: number;
  /** The bytes from `begin` to `end`; fewer when the file has become shorter since. */
  read(begin: number, end: number): Uint8Array<ArrayBuffer>;
}

/**
 * Reads a whole file as text.
 *
 * @throws {SyntaxError} when it is not UTF-8 text, as {@linkcode decodeText} does
 */
export async function readText(path: string): Promise<string> {
  return decodeText(await machine.readFile(path), path);
}

/**
 * Reads a whole file as text; null when there is none.
 *
 * @throws {SyntaxError} when it is not UTF-8 text, as {@linkcode decodeText} does
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(await readTextIfThere("no/such/file"), null);
 * ```
 */
export async function readTextIfThere(path: string): Promise<string | null> {
  const bytes = await machine.readFile(path).catch(nullWhenAbsent);
  return bytes === null ? null : decodeText(bytes, path);
}

/**
 * Whether there is a file or a folder at a path.
 * @throws what the file system refuses, such as looking into a folder
 */
export async function exists(path: string): Promise<boolean> {
  return await machine.stat(path).catch(nullWhenAbsent) !== null;
}

/** Whether there is a folder at a path that can be seen. */
export async function isFolder(path: string): Promise<boolean> {
  return await machine.stat(path).then((info) => info.isDirectory, () => false);
}

/** {@linkcode isFolder} at once, for what cannot wait. */
export function isFolderSync(path: string): boolean {
  try {
    return machine.statSync(path).isDirectory;
  } catch {
    return false;
  }
}

/** The bytes of the file at a path; null when there is no file that can be seen. */
export async function fileSize(path: string): Promise<number | null> {
  return await machine.stat(path).then((info) => info.isFile ? info.size : null, () => null);
}

/** The names of what is directly inside a folder, in no order. */
export async function namesIn(dir: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of machine.readDir(dir)) names.push(name);
  return names;
}

/** Makes a folder, with its parents, where it is not there, to outlast a loss of power. */
export async function makeFolder(dir: string): Promise<void> {
  const parents: string[] = [];
  for (let at = dir; !await exists(at);) parents.push(at = parentOf(at));
  await machine.mkdir(dir, { recursive: true });
  for (const parent of parents) await flushFolder(parent);
}

/**
 * Flushes the names in a folder to disk. A file that was flushed and then renamed has its new name after
 * a loss of power only when this has come back. Nothing happens on systems that flush no folders.
 *
 * @throws when the disk is full or broken
 */
export async function flushFolder(dir: string): Promise<void> {
  try {
    const folder = await machine.open(dir === "" ? "." : dir);
    try {
      await folder.sync();
    } finally {
      folder.close();
    }
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (["ENOSPC", "EDQUOT", "EIO"].includes(String(code))) throw error;
  }
}

/**
 * Removes a file; nothing happens when there is none.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const path = await Deno.makeTempFile();
 * await removeIfThere(path);
 * await removeIfThere(path);
 * assert.equal(await exists(path), false);
 * ```
 */
export async function removeIfThere(path: string): Promise<void> {
  await machine.remove(path).catch(nullWhenAbsent);
}

/**
 * Opens a file for reading.
 *
 * @returns null when there is something else than a file at the path: opening a pipe would wait for its
 * writer
 * @throws {Deno.errors.NotFound} when there is nothing
 */
export async function openFile(path: string): Promise<OpenFile | null> {
  if (!(await machine.stat(path)).isFile) return null;
  const file = await machine.open(path);
  try {
    const { size } = await file.stat();
    return {
      size,
      read: (begin, end) => readAt(file, begin, end),
      [Symbol.dispose]: () => file.close(),
    };
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Seeks and reads without letting go in between, so that reads of one file cannot mix. */
function readAt(file: MachineFile, begin: number, end: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(end - begin);
  file.seekSync(begin, FROM_START);
  for (let at = 0; at < bytes.length;) {
    const count = file.readSync(bytes.subarray(at));
    if (count === null) return bytes.slice(0, at);
    at += count;
  }
  return bytes;
}

/** The error that says that something is not there, as the file system itself would say it. */
export function notFound(message: string): Error {
  return new machine.errors.NotFound(message);
}

/** The error that says that a file stands where a folder should be. */
export function notFolder(message: string): Error {
  return new machine.errors.NotADirectory(message);
}

function nullWhenAbsent(error: unknown): null {
  if (!(error instanceof machine.errors.NotFound)) throw error;
  return null;
}
