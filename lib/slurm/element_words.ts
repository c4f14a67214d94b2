import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { SLURM } from "./record.ts";

/** What a person may not change between the submission of an element and its start. */
export interface ElementOptions {
  readonly jobs: number;
  readonly threads: number;
  readonly keepAdapter: boolean;
  /** How often a failed run is tried again. */
  readonly retry: number;
  /** The folder of stages that runs share. */
  readonly stagesDir: string;
  readonly worker?: URL;
}

const PROGRAM = new URL("./element.ts", import.meta.url);

/** The file of an element: the sweep's manifest with the element's runs alone. */
export function elementPath(dir: string, number: number, index: number): string {
  return join(dir, SLURM, String(number), `${index}.json`);
}

/**
 * The words that do the runs of an element of an array, of which the last is the variable that holds its
 * index.
 *
 * The program may read files, write into the sweep's folder and that of stages, open a BLAS where this process may, and start
 * Deno for its workers; the workers' own permissions are those of any sweep.
 *
 * @param dir the sweep's folder, absolute
 * @param number of the array
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const options = { jobs: 2, threads: 1, keepAdapter: false, retry: 0, stagesDir: "/.stages" };
 * const words = elementWords("/out", 3, options);
 * assert.ok(words.includes("--allow-write=/out,/.stages") && !words.includes("--allow-all"));
 * assert.deepEqual(words.slice(-7), ["--jobs", "2", "--threads", "1", "/out", "3", "$SLURM_ARRAY_TASK_ID"]);
 * ```
 */
export function elementWords(
  dir: string,
  number: number,
  { jobs, threads, keepAdapter, retry, stagesDir, worker }: ElementOptions,
): string[] {
  const mayOpenLibraries = Deno.permissions.querySync({ name: "ffi" }).state === "granted";
  const deno = Deno.execPath();
  return [
    deno,
    "run",
    "--quiet",
    "--no-prompt",
    "--allow-read",
    `--allow-write=${[dir, stagesDir].map(escapedFolder).join(",")}`,
    "--allow-env=POLY_*,OPENBLAS_CORETYPE,LD_*,DYLD_*",
    "--allow-sys=systemMemoryInfo",
    ...mayOpenLibraries ? ["--allow-ffi"] : [],
    `--allow-run=${deno},/usr/bin/lscpu`,
    fileURLToPath(PROGRAM),
    ...worker === undefined ? [] : ["--worker", worker.href],
    ...keepAdapter ? ["--adapters"] : [],
    "--retry",
    String(retry),
    "--stages",
    resolve(stagesDir),
    "--jobs",
    String(jobs),
    "--threads",
    String(threads),
    dir,
    String(number),
    "$SLURM_ARRAY_TASK_ID",
  ];
}

/** A folder as a flag of Deno names it: a comma in its path is written twice, as one separates paths. */
function escapedFolder(dir: string): string {
  return resolve(dir).replaceAll(",", ",,");
}
