import { createHash } from "node:crypto";
import os from "node:os";
import process from "node:process";
import { withoutLoaderVariables } from "../util/environment.ts";

/** Circumstances of a result's computation; never part of its metrics. */
export interface MachineFacts {
  /** The commit of the code, its branch, and whether files differ from it; null outside git. */
  readonly git_commit: string | null;
  readonly git_branch: string | null;
  readonly git_dirty: boolean | null;
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
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    os: `${os.type()} ${os.release()} ${os.arch()}`,
    cpu: cpus[0]?.model ?? "unknown",
    cpu_count: cpus.length,
    deno_lock_sha256: await lockHash(root),
  };
}

/** The most memory this process ever held at once, in bytes. */
export function peakMemory(): number {
  return process.resourceUsage().maxRSS * 1024;
}

/** State of a folder in git; null when there is no git, or the folder is in no checkout. */
async function git(root: URL, ...args: string[]): Promise<string | null> {
  try {
    const { success, stdout } = await new Deno.Command("git", {
      args,
      cwd: root,
      env: withoutLoaderVariables(),
      stderr: "null",
    }).output();
    return success ? new TextDecoder().decode(stdout).trim() : null;
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
