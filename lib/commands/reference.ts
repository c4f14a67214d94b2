import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import process from "node:process";
import { writeReference } from "../report/reference.ts";
import { StoreError } from "../sweep/store_error.ts";
import { readablePath } from "./user_path.ts";

/** What the command writes to; the process's own unless given. */
export interface ReferenceCommandOptions {
  /** For the paths of copies. */
  readonly stdout?: NodeJS.WritableStream;
  /** For messages. */
  readonly stderr?: NodeJS.WritableStream;
  /** The folder that copies go into. */
  readonly reference?: string;
}

/**
 * Does what `deno task reference` does: copies what figures, tables and notebooks read of sweeps, and
 * prints where it is.
 *
 * @param args the words after `deno task reference`: folders of results
 * @returns the exit code: 0 when every copy is written, 2 when one cannot be
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { PassThrough } from "node:stream";
 *
 * const stdout = new PassThrough();
 * assert.equal(await referenceCommand(["--help"], { stdout }), 0);
 * assert.match(`${stdout.read()}`, /deno task reference results/);
 * ```
 */
export async function referenceCommand(
  args: readonly string[],
  options: ReferenceCommandOptions = {},
): Promise<number> {
  const { stdout = process.stdout, stderr = process.stderr } = options;
  const { reference = join("results", "reference") } = options;
  if (args.includes("--help") || args.includes("-h")) {
    stdout.write(USAGE);
    return 0;
  }
  const unknown = args.find((word) => word.startsWith("-"));
  if (unknown !== undefined || args.length === 0) {
    if (unknown !== undefined) stderr.write(`Unknown option ${unknown}\n`);
    stderr.write(USAGE);
    return 2;
  }
  for (const dir of args.map((dir) => readablePath(dir))) {
    const to = join(reference, basename(resolve(dir)));
    if (resolve(to) === resolve(dir) || !existsSync(join(dir, "manifest.json"))) {
      const reason = resolve(to) === resolve(dir)
        ? "it is the copy itself"
        : "no sweep has run there: there is no manifest.json";
      stderr.write(`Cannot copy ${dir} as ${reason}; name the folder of a sweep that has run\n`);
      return 2;
    }
    try {
      await writeReference(dir, to);
      stdout.write(`${to}\n`);
    } catch (error) {
      const isOfFiles = error instanceof StoreError || error instanceof SyntaxError ||
        error instanceof RangeError;
      if (!isOfFiles) throw error;
      stderr.write(`Cannot copy ${dir}: ${error.message}\n`);
      return 2;
    }
  }
  return 0;
}

const USAGE = `\
Copies a sweep to results/reference/<sweep>, to be committed: what figures, tables and notebooks read,
which is a sixth of the whole. deno task report results/reference/<sweep> writes the rest again.

  deno task reference results/<sweep> ...
`;
