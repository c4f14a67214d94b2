import { createHash } from "node:crypto";
import os from "node:os";
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { writeFilesAtomically } from "../files/atomic_write.ts";
import { codeHash } from "../util/code_hash.ts";
import { withoutLoaderVariables } from "../util/environment.ts";

/** Circumstances of a result's computation; never part of its metrics. */
export interface MachineFacts {
  /** The commit of the code, its branch, and whether files differ from it; null outside git. */
  readonly git_commit: string | null;
  readonly git_branch: string | null;
  readonly git_dirty: boolean | null;
  /** SHA-256 of the sources that can change a number, as {@linkcode codeHash}; null when not known. */
  readonly code_sha256: string | null;
  readonly deno: string;
  readonly v8: string;
  readonly os: string;
  readonly cpu: string;
  readonly cpu_count: number;
  /** SHA-256 of `deno.lock`, which fixes every dependency; null when there is none. */
  readonly deno_lock_sha256: string | null;
}

const ROOT = new URL("../../", import.meta.url);

/**
 * What is known of the code and the machine of this process.
 *
 * @param root the folder of the code
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal((await machineFacts()).deno, Deno.version.deno);
 * ```
 */
export async function machineFacts(root: URL = ROOT): Promise<MachineFacts> {
  // Results change while a sweep runs; they are not part of the code.
  const status = await git(root, "status", "--porcelain", "--untracked-files=no", ":!results");
  const cpus = os.cpus();
  return {
    git_commit: await git(root, "rev-parse", "HEAD"),
    git_branch: await git(root, "rev-parse", "--abbrev-ref", "HEAD"),
    git_dirty: status === null ? null : status !== "",
    ...await codeNow(root),
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    os: `${os.type()} ${os.release()} ${os.arch()}`,
    cpu: cpus[0]?.model ?? "unknown",
    cpu_count: cpus.length,
  };
}

/** The hashes of the code that is in a folder now. */
export async function codeNow(
  root: URL = ROOT,
): Promise<Pick<MachineFacts, "code_sha256" | "deno_lock_sha256">> {
  return {
    code_sha256: await codeHash(new URL("lib/", root)),
    deno_lock_sha256: await lockHash(root),
  };
}

/** The most memory this process ever held at once, in bytes. */
export function peakMemory(): number {
  return process.resourceUsage().maxRSS * 1024;
}

/** The most bytes of a difference that is kept with results. */
const LARGEST_DIFF = 2 ** 20;

/** What is code, by its path in the project: not results, notebooks and pages of documentation. */
const CODE = ["lib", "experiments", "deno.json", "deno.lock", ":!*.md"];

/**
 * In what the code differs from its commit, new files included, as git says it.
 *
 * @param root the folder of the code
 * @returns null when it does not differ, there is no git, or the text would be longer than a MiB
 */
export async function codeDiff(root: URL = ROOT): Promise<string | null> {
  const added = await git(root, "ls-files", "-z", "--others", "--exclude-standard", "--", ...CODE);
  const parts = [await git(root, "diff", "--no-ext-diff", "--no-color", "HEAD", "--", ...CODE)];
  for (const name of added?.split("\0").filter((name) => name !== "").slice(0, 100) ?? []) {
    parts.push(
      await git(root, "diff", "--no-ext-diff", "--no-color", "--no-index", "/dev/null", name),
    );
  }
  const text = parts.filter((part) => part).map((part) => `${part}\n`).join("");
  return text === "" || new TextEncoder().encode(text).length > LARGEST_DIFF ? null : text;
}

/**
 * Keeps a difference of {@linkcode codeDiff} in a sweep's folder, once for all runs of the same code.
 *
 * @returns its path in the folder, `code/<digits of its hash>.diff`
 * @throws whatever the file system refuses
 */
export async function keepCodeDiff(dir: string, diff: string): Promise<string> {
  const name = `${createHash("sha256").update(diff).digest("hex").slice(0, 16)}.diff`;
  const folder = join(dir, CODE_FOLDER);
  if (!existsSync(join(folder, name))) await writeFilesAtomically(folder, new Map([[name, diff]]));
  return `${CODE_FOLDER}/${name}`;
}

/** The folder, below a sweep's, of differences of the code from its commit. */
export const CODE_FOLDER = "code";

/** What git says of a folder; null when there is no git, or the folder is in no checkout. */
async function git(root: URL, ...args: string[]): Promise<string | null> {
  try {
    const { code, stdout } = await new Deno.Command("git", {
      args,
      cwd: root,
      env: withoutLoaderVariables(),
      stderr: "null",
    }).output();
    // Comparing a file with nothing ends with 1 as they differ.
    const isSaid = code === 0 || (code === 1 && args.includes("--no-index"));
    return isSaid ? new TextDecoder().decode(stdout).trimEnd() : null;
  } catch {
    return null;
  }
}

async function lockHash(root: URL): Promise<string | null> {
  try {
    const text = await Deno.readFile(new URL("deno.lock", root));
    return createHash("sha256").update(text).digest("hex");
  } catch {
    return null;
  }
}
