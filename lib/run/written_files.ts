/** What a run leaves beside its result, so that a later change of it is seen. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

/** The files of a run that figures and tables are made from. */
export const RUN_FILES = ["metrics.jsonl", "routing.safetensors", "predictions.jsonl.gz"] as const;

/** A file as it was when its run ended. */
export const WRITTEN_FILE: z.ZodType<WrittenFile> = z.strictObject({
  bytes: z.int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

/** A file as it was when its run ended. */
export interface WrittenFile {
  /** Its size. */
  readonly bytes: number;
  /** The SHA-256 of its content, in hexadecimal digits. */
  readonly sha256: string;
}

/**
 * What a run has left, by name: null where it left no such file, and absent where its result was
 * written before there were such files.
 */
export type WrittenFiles = Readonly<
  Partial<Record<typeof RUN_FILES[number], WrittenFile | null | undefined>>
>;

/**
 * What is in a run's folder now.
 *
 * @throws whatever the file system refuses
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const dir = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${dir}/metrics.jsonl`, "{}\n");
 * const files = await writtenFiles(dir);
 * assert.deepEqual([files["metrics.jsonl"]!.bytes, files["routing.safetensors"]], [3, null]);
 * assert.deepEqual(changedFiles(files, files), []);
 * const emptied = { ...files, "metrics.jsonl": { bytes: 0, sha256: "e3b0" } };
 * assert.deepEqual(changedFiles(files, emptied), ["metrics.jsonl has 0 bytes in place of 3"]);
 * await Deno.remove(dir, { recursive: true });
 * ```
 */
export async function writtenFiles(dir: string): Promise<WrittenFiles> {
  const files = RUN_FILES.map(async (name) => [name, await fileAt(join(dir, name))] as const);
  return Object.fromEntries(await Promise.all(files));
}

/** In what the files that are there differ from those that a run has left; nothing where in nothing. */
export function changedFiles(left: WrittenFiles, found: WrittenFiles): string[] {
  return RUN_FILES.flatMap((name) => {
    const [before, now = null] = [left[name], found[name]];
    if (before === undefined || before?.sha256 === now?.sha256) return [];
    if (now === null) return [`${name} is gone`];
    if (before === null) return [`${name} is not of this run`];
    return before.bytes === now.bytes
      ? [`${name} has other content`]
      : [`${name} has ${now.bytes} bytes in place of ${before.bytes}`];
  });
}

async function fileAt(path: string): Promise<WrittenFile | null> {
  try {
    const bytes = await readFile(path);
    return { bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
  } catch (error) {
    if ((error as { code?: unknown }).code === "ENOENT") return null;
    throw error;
  }
}
