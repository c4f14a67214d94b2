import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { SweepError } from "../sweep/plan/sweep_error.ts";
import { environmentVariable, withoutLoaderVariables } from "../util/environment.ts";
import { parseQueue, QUEUE_FORMAT, type QueuedElement } from "./queue.ts";

/** The programs of Slurm that are asked. */
export const SLURM_PROGRAMS = ["sbatch", "squeue", "scancel"] as const;

/** Slurm, as far as a sweep needs it; another one in tests. */
export interface Slurm {
  /**
   * Submits a job.
   * @param args of `sbatch`, the script last
   * @returns the number of the job
   * @throws {SweepError} when Slurm refuses it, with its words
   */
  submit(args: readonly string[]): Promise<string>;
  /**
   * The elements that Slurm knows of jobs.
   * @throws {SweepError} when Slurm does not answer
   */
  queue(names: readonly string[]): Promise<QueuedElement[]>;
  /**
   * Cancels jobs by the names they were submitted under.
   * @throws {SweepError} when Slurm does not answer
   */
  cancel(names: readonly string[]): Promise<void>;
}

/** Where each of the programs is; null for one that no folder of `PATH` holds. */
export type FoundPrograms = Readonly<Record<(typeof SLURM_PROGRAMS)[number], string | null>>;

/** Looks for the programs of Slurm in the folders of `PATH`. */
export function findPrograms(path: string = environmentVariable("PATH") ?? ""): FoundPrograms {
  const folders = path.split(delimiter).filter((folder) => folder !== "");
  const find = (name: string) =>
    folders.map((folder) => join(folder, name)).find((file) => existsSync(file)) ?? null;
  return { sbatch: find("sbatch"), squeue: find("squeue"), scancel: find("scancel") };
}

/**
 * Slurm by its programs.
 *
 * @throws {SweepError} when one of them is not on this machine
 */
export function slurmByPrograms(found: FoundPrograms): Slurm {
  const missing = SLURM_PROGRAMS.filter((name) => found[name] === null);
  if (missing.length > 0) {
    const are = missing.length === 1 ? "is" : "are";
    throw new SweepError(
      `Cannot launch by Slurm as ${missing.join(", ")} ${are} not found on this machine: run the ` +
        `command on a machine from which jobs are submitted, or leave out --launcher slurm`,
    );
  }
  const ask = (name: (typeof SLURM_PROGRAMS)[number], args: readonly string[]) =>
    output(name, found[name]!, args);
  return {
    async submit(args) {
      const text = await ask("sbatch", ["--parsable", ...args]);
      const job = /^(\d+)(;|$)/.exec(text.trim())?.[1];
      if (job !== undefined) return job;
      throw new SweepError(`Cannot read what sbatch says of the job: ${text.trim()}`);
    },
    async queue(names) {
      if (names.length === 0) return [];
      const args = ["--noheader", "--array", `--format=${QUEUE_FORMAT}`];
      return parseQueue(await ask("squeue", [...args, `--name=${names.join(",")}`]));
    },
    async cancel(names) {
      for (const name of names) await ask("scancel", [`--name=${name}`]);
    },
  };
}

async function output(name: string, path: string, args: readonly string[]): Promise<string> {
  const { success, code, stdout, stderr } = await new Deno.Command(path, {
    args: [...args],
    env: withoutLoaderVariables(),
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  if (success) return text(stdout);
  const said = text(stderr).replaceAll(/\s*\n\s*/g, "; ");
  throw new SweepError(
    `Cannot go on with Slurm as ${name} ended with code ${code}: ${said === "" ? "no word" : said}`,
  );
}
