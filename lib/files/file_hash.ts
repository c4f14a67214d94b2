/** Hashes of files that may be larger than memory. */
import { nodeModule } from "../util/platform.ts";
import { machine } from "./this_machine.ts";

/** Kinds of hash: SHA-256 of the content, and the id that git gives a file's content. */
export type HashKind = "sha256" | "git";

/**
 * The hash of a file's content, in hexadecimal digits: 64 of SHA-256, 40 of git's id. The file is read
 * piece by piece and never held whole.
 *
 * @throws whatever the file system refuses; {@linkcode Deno.errors.NotFound} when there is no file
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const path = await Deno.makeTempFile();
 * await Deno.writeTextFile(path, "hello\n");
 * assert.equal(await hashFile(path, "git"), "ce013625030ba8dba906f756967f9e9ca394464a");
 * assert.match(await hashFile(path, "sha256"), /^5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d0/);
 * await Deno.remove(path);
 * ```
 */
export async function hashFile(path: string, kind: HashKind): Promise<string> {
  const input = await machine.open(path);
  try {
    const digest = await hashOf(kind === "git" ? "sha1" : "sha256");
    if (kind === "git") {
      digest.update(new TextEncoder().encode(`blob ${(await input.stat()).size}\0`));
    }
    const piece = new Uint8Array(2 ** 20);
    for (let count; (count = await input.read(piece)) !== null;) {
      digest.update(piece.subarray(0, count));
    }
    return digest.hex();
  } finally {
    input.close();
  }
}

/** A hash that is given its bytes piece by piece. */
export interface Digest {
  update(bytes: Uint8Array): void;
  /** The hash of all bytes so far, in hexadecimal digits. */
  hex(): string;
}

/** Weights are gigabytes: the hash is in machine code where there is one, as in all but browsers. */
async function hashOf(kind: "sha1" | "sha256"): Promise<Digest> {
  const native = nodeModule("node:crypto")?.createHash(kind);
  if (native === undefined) return await portableHash(kind);
  return { update: (bytes) => native.update(bytes), hex: () => native.digest("hex") };
}

/**
 * A hash that needs no machine code, for browsers.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const hash = await portableHash("sha1");
 * for (const piece of ["blob 6\0", "hello\n"]) hash.update(new TextEncoder().encode(piece));
 * assert.equal(hash.hex(), "ce013625030ba8dba906f756967f9e9ca394464a"); // git hash-object
 * ```
 */
export async function portableHash(kind: "sha1" | "sha256"): Promise<Digest> {
  const hash = kind === "sha1"
    ? (await import("@noble/hashes/legacy.js")).sha1.create()
    : (await import("@noble/hashes/sha2.js")).sha256.create();
  return {
    update: (bytes) => hash.update(bytes),
    hex: () => Array.from(hash.digest(), (byte) => byte.toString(16).padStart(2, "0")).join(""),
  };
}

/** Hashes of this process, by kind and path, with what tells whether the file is still the same. */
const KNOWN = new Map<string, { readonly state: string; readonly hash: string }>();

/**
 * As {@linkcode hashFile}; but a file is read only once in a process, and again when its size, its times
 * or its place on the disk have changed.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const path = await Deno.makeTempFile();
 * const empty = await knownHash(path, "sha256");
 * await Deno.writeTextFile(path, "more");
 * assert.notEqual(await knownHash(path, "sha256"), empty);
 * await Deno.remove(path);
 * ```
 */
export async function knownHash(path: string, kind: HashKind): Promise<string> {
  const state = await fileState(path);
  const key = `${kind} ${path}`;
  const known = KNOWN.get(key);
  if (known?.state === state) return known.hash;
  const hash = await hashFile(path, kind);
  KNOWN.set(key, { state, hash });
  return hash;
}

/**
 * A text that changes when a file is written or replaced: its size, its times and its place on the disk.
 * @throws whatever the file system refuses
 */
export async function fileState(path: string): Promise<string> {
  const { size, mtime, ctime, ino } = await machine.stat(path);
  return [size, mtime?.getTime(), ctime?.getTime(), ino].join();
}
