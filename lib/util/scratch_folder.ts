import { fileURLToPath } from "node:url";

const SCRATCH = fileURLToPath(new URL("../../results/.scratch", import.meta.url));

/**
 * Makes a folder of its own for files that are needed for a while. It is below `results`, where the
 * tasks may write, and not in the folder of the system, where they may not; git ignores it.
 *
 * @param prefix what its name begins with
 * @returns its absolute path; who asks for it removes it
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const dir = await scratchFolder("trial-");
 * assert.match(dir, /trial-\w+$/);
 * await Deno.remove(dir);
 * ```
 */
export async function scratchFolder(prefix: string): Promise<string> {
  await Deno.mkdir(SCRATCH, { recursive: true });
  return await Deno.makeTempDir({ dir: SCRATCH, prefix });
}
