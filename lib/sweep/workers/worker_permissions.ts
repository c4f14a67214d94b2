import { resolve } from "node:path";
import { isFolderSync } from "../../files/file_system.ts";
import type { WorkerTask } from "./message.ts";

/** What of a task decides what its worker may do. */
export type PermittedTask = Pick<WorkerTask, "dir" | "stagesDir" | "reads"> & {
  readonly run: { readonly config: Pick<WorkerTask["run"]["config"], "suite" | "base_model"> };
};

/**
 * The words by which Deno lets a worker do its runs and no more: read files, write into the folders of
 * their sweeps and of stages, ask git for the commit, and open a BLAS where this process may. It never connects to
 * anything: models of a hub are in the cache when workers start.
 *
 * @param tasks all that the worker may be given
 * @param mayOpenLibraries whether a library may be opened; by default whether this process may
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const config = { suite: "planted", base_model: "data/base" } as const;
 * const words = workerPermissions([{ dir: "/out", stagesDir: null, run: { config } }], false);
 * assert.ok(words.includes("--allow-write=/out"));
 * assert.ok(!words.some((word) => /^--allow-(all|net|ffi)/.test(word)));
 * ```
 */
export function workerPermissions(
  tasks: readonly PermittedTask[],
  mayOpenLibraries: boolean = Deno.permissions.querySync({ name: "ffi" }).state === "granted",
): string[] {
  const folders = tasks.flatMap(({ dir, stagesDir }) =>
    stagesDir === null ? [dir] : [dir, stagesDir]
  );
  const dirs = [...new Set(folders.map((dir) => resolve(dir)))];
  // The folder of downloads may be named by any variable: HF_HOME=$SCRATCH/models.
  const needsHub = tasks.some(({ run: { config }, reads }) =>
    config.suite !== "planted" && reads === undefined && !isFolderSync(config.base_model)
  );
  return [
    "--no-prompt",
    "--allow-read",
    // A comma in a path is written twice, as one separates paths.
    `--allow-write=${dirs.map((dir) => dir.replaceAll(",", ",,")).join(",")}`,
    needsHub ? "--allow-env" : `--allow-env=${VARIABLES.join(",")}`,
    `--allow-sys=cpus,osRelease${needsHub ? ",homedir" : ""}`,
    "--allow-run=git",
    ...(mayOpenLibraries ? ["--allow-ffi"] : []),
  ];
}

/** The variables that a worker reads. */
const VARIABLES = ["POLY_MATMUL", "POLY_BLAS", "POLY_THREADS", "OPENBLAS_CORETYPE"];
