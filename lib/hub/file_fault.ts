import { hashFile, type HashKind, knownHash } from "../files/file_hash.ts";
import { fileSize } from "../files/file_system.ts";
import { machine } from "../files/this_machine.ts";

/** A file as a hub lists it. */
export interface ListedFile {
  /** Its name, as messages tell it. */
  readonly name: string;
  /** Bytes; null when the hub does not say. */
  readonly size: number | null;
  /** SHA-256 of the content (64 digits), or its git blob id (40 digits); null when not said. */
  readonly hash: string | null;
}

/**
 * What is wrong with a file, beside what is listed; null when nothing is.
 *
 * @throws whatever the file system refuses; {@linkcode Deno.errors.NotFound} when there is none
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const path = await Deno.makeTempFile();
 * await Deno.writeTextFile(path, "hello\n");
 * const hash = "ce013625030ba8dba906f756967f9e9ca394464a"; // git hash-object
 * assert.equal(await fileFault(path, { name: "a.txt", size: 6, hash }), null);
 * assert.match((await fileFault(path, { name: "a.txt", size: 7, hash }))!, /must be 7 bytes/);
 * await Deno.remove(path);
 * ```
 */
export async function fileFault(
  path: string,
  { name, size, hash }: ListedFile,
): Promise<string | null> {
  const found = (await machine.stat(path)).size;
  if (size !== null && found !== size) {
    return `the size of ${name} must be ${size} bytes as listed, not ${found}`;
  }
  if (hash === null) return null;
  const actual = await hashFile(path, kindOf(hash));
  return actual === hash ? null : `the hash of ${name} must be ${hash} as listed, not ${actual}`;
}

/**
 * Whether there is a file at a path, and it is as listed. A file is hashed once, and again when its
 * size or times change.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(await isAsListed("no/such/file", { name: "a.txt", size: 6, hash: null }), false);
 * ```
 */
export async function isAsListed(path: string, file: ListedFile): Promise<boolean> {
  try {
    const size = await fileSize(path);
    if (size === null || (file.size !== null && size !== file.size)) return false;
    return file.hash === null || await knownHash(path, kindOf(file.hash)) === file.hash;
  } catch {
    return false; // what cannot be read is as absent
  }
}

function kindOf(hash: string): HashKind {
  return hash.length === 64 ? "sha256" : "git";
}
