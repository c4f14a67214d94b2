import { shellWord } from "../util/shell_word.ts";
import type { SlurmSettings } from "./settings.ts";

/**
 * The script that Slurm starts for each element of an array, or for a single job.
 *
 * The shell replaces itself by the program, so that Slurm's signals reach it.
 *
 * @param about what the script is for, in one line
 * @param folder the working directory
 * @param setup shell lines before the program
 * @param words of the program; a word `$NAME` is a variable of the shell
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const words = ["/opt/deno", "run", "my element.ts", "$SLURM_ARRAY_TASK_ID"];
 * assert.equal(
 *   batchScript("Runs of size", "/home/ann/study", ["module load openblas"], words),
 *   "#!/bin/sh\n# Runs of size\ncd /home/ann/study || exit\nmodule load openblas\n" +
 *     `exec /opt/deno run 'my element.ts' "$SLURM_ARRAY_TASK_ID"\n`,
 * );
 * ```
 */
export function batchScript(
  about: string,
  folder: string,
  setup: readonly string[],
  words: readonly string[],
): string {
  const command = words.map((word) => /^\$\w+$/.test(word) ? `"${word}"` : shellWord(word));
  const place = `cd ${shellWord(folder)} || exit`;
  return ["#!/bin/sh", `# ${about}`, place, ...setup, `exec ${command.join(" ")}`].join("\n") +
    "\n";
}

/** What a job is submitted with, beside what a person sets. */
export interface JobOptions {
  readonly name: string;
  /** The folder of logs, which must be there: else Slurm drops the job without a word. */
  readonly logs: string;
  /** How many elements there are; null for a job without elements. */
  readonly elements: number | null;
  /** Numbers of jobs that must be over, however they ended. */
  readonly after: readonly string[];
}

/**
 * The arguments of `sbatch` before the script.
 *
 * A dependency is always `afterany`: what waits does its work whether the others ended well or not, since
 * each run makes for itself what it does not find. With `afterok` or `aftercorr`, an element that is
 * killed would leave those that wait for it in the queue for ever.
 */
export function sbatchArguments(
  { name, logs, elements, after }: JobOptions,
  settings: SlurmSettings,
): string[] {
  const { cpus_per_task, array_parallelism, partition, account, qos, constraint } = settings;
  const { time, mem, gres } = settings;
  const most = array_parallelism === null ? "" : `%${array_parallelism}`;
  const asked = { partition, account, qos, constraint, time, mem, gres };
  return [
    `--job-name=${name}`,
    // The log is named relative to a folder, as Slurm takes % and \ in a path for something else.
    `--chdir=${logs}`,
    `--output=${elements === null ? "%j" : "%A_%a"}.log`,
    "--open-mode=append",
    "--ntasks=1",
    `--cpus-per-task=${cpus_per_task}`,
    ...elements === null ? [] : [`--array=0-${elements - 1}${most}`],
    ...after.length === 0 ? [] : [`--dependency=afterany:${after.join(":")}`],
    ...Object.entries(asked).flatMap(([key, value]) => value === null ? [] : [`--${key}=${value}`]),
    ...settings.extra,
  ];
}
