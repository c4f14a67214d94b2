import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";

/** One line of a git tree: a file or folder directly inside it. */
export interface GitTreeEntry {
  /** Its name. */
  readonly name: string;
  /** Octal digits without a zero in front: `100644` is a file, `40000` a folder. */
  readonly mode: string;
  /** The id of its content: 40 hexadecimal digits. */
  readonly id: string;
}

/**
 * The id git gives to an object: the SHA-1 of its type, its length and its content.
 *
 * Source: Git's own book, chapter "Git Objects"
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(gitObjectId("blob", "hello\n"), "ce013625030ba8dba906f756967f9e9ca394464a");
 * ```
 */
export function gitObjectId(
  type: "blob" | "tree" | "commit",
  content: string | Uint8Array,
): string {
  const bytes = Buffer.from(content);
  return createHash("sha1").update(`${type} ${bytes.length}\0`).update(bytes).digest("hex");
}

/**
 * The id of a git tree, from what is in it, in any order.
 *
 * Source: git, `base_name_compare` in read-cache.c for the order, and tree-walk.c for the format
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(gitTreeId([]), "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
 * ```
 */
export function gitTreeId(entries: readonly GitTreeEntry[]): string {
  // In bytes, and a folder as if its name ended in a slash.
  const key = ({ name, mode }: GitTreeEntry) => Buffer.from(mode === "40000" ? `${name}/` : name);
  const sorted = entries.map((entry) => ({ entry, key: key(entry) }))
    .sort((a, b) => Buffer.compare(a.key, b.key));
  const parts = sorted.flatMap(({ entry: { name, mode, id } }) => [
    Buffer.from(`${mode} ${name}\0`),
    Buffer.from(id, "hex"),
  ]);
  return gitObjectId("tree", Buffer.concat(parts));
}
