import { basename, dirname, join } from "node:path";

/**
 * The folder of the stages that the runs of a sweep share: one for all sweeps below a folder called
 * `results`, and for any other sweep its own.
 *
 * @param dir the sweep's folder of results
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { join } from "node:path";
 *
 * assert.equal(stagesDirOf(join("results", "quick")), join("results", ".stages"));
 * assert.equal(stagesDirOf(join("elsewhere", "quick")), join("elsewhere", "quick", ".stages"));
 * assert.deepEqual(writtenDirs(join("elsewhere", "quick")), [join("elsewhere", "quick")]);
 * ```
 */
export function stagesDirOf(dir: string): string {
  const parent = dirname(dir);
  return join(basename(parent) === "results" ? parent : dir, STAGES);
}

/** The folders that a sweep and its workers write into: its own, and that of stages where it is elsewhere. */
export function writtenDirs(dir: string): string[] {
  const stages = stagesDirOf(dir);
  return stages === join(dir, STAGES) ? [dir] : [dir, stages];
}

/** Hidden, as it is no sweep and nothing to look at. */
const STAGES = ".stages";
