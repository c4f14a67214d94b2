/** Submits the runs of a sweep as job arrays. */
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { writeFilesAtomically } from "../files/atomic_write.ts";
import { makeFolder } from "../files/file_system.ts";
import { isFinal, type RunResult } from "../run/result.ts";
import { deviceOfDone } from "../sweep/device.ts";
import type { SweepStore } from "../sweep/store.ts";
import { whenWriting } from "../sweep/store_error.ts";
import { printableLine } from "../util/printable.ts";
import { batchScript, type JobOptions, sbatchArguments } from "./batch_script.ts";
import { type Capacity, capacityOf } from "./capacity.ts";
import { agreeOnDevice } from "./device.ts";
import { elementPath, elementWords } from "./element_words.ts";
import { type Elements, elementsOf } from "./elements.ts";
import type { Slurm } from "./programs.ts";
import {
  type ActiveElement,
  activeElements,
  jobNames,
  logFolder,
  newRecord,
  readRecord,
  SLURM,
  type SlurmRecord,
  type SubmittedArray,
  writeRecord,
} from "./record.ts";
import type { SlurmSettings } from "./settings.ts";
import { multiTaskText } from "../run/stages/facts.ts";
import { keepWays } from "./ways.ts";

/** How the runs are to be done. */
export interface LaunchOptions {
  readonly settings: SlurmSettings;
  /** Runs at work at once in an element. */
  readonly jobs: number;
  /** Threads of the BLAS of each. */
  readonly threads: number;
  /** Keep the trained adapter of every run. */
  readonly keepAdapter: boolean;
  /** The words of the program that writes the tables when all elements are over. */
  readonly collect: readonly string[];
  /** How often a failed run is tried again. */
  readonly retry: number;
  /** The folder of stages that runs share. */
  readonly stagesDir: string;
  /** The program of the workers; another one in tests. */
  readonly worker?: URL;
}

/** What Slurm is to do, and what it does already. */
export interface LaunchPlan {
  readonly elements: Elements<RunResult>;
  readonly capacity: Capacity;
  readonly active: readonly ActiveElement[];
  readonly record: SlurmRecord;
}

/** The most elements of one array: the largest index that Slurm takes unless it is told otherwise is 1000. */
const MOST_ELEMENTS = 1000;

/**
 * What of a sweep is to be submitted: the runs that are asked for, without those that are queued or at work.
 *
 * @param results of all runs of the sweep
 * @param selected the runs asked for, none of which is done
 * @throws {SweepError} when Slurm does not answer
 */
export async function planLaunch(
  dir: string,
  results: readonly RunResult[],
  selected: readonly RunResult[],
  { settings, jobs }: Pick<LaunchOptions, "settings" | "jobs">,
  slurm: Slurm,
): Promise<LaunchPlan> {
  const record = await readRecord(dir) ?? newRecord(dir);
  const active = activeElements(record, await slurm.queue(jobNames(record)));
  const atWork = new Set(active.flatMap(({ runs }) => runs));
  const toDo = selected.filter(({ id }) => !atWork.has(id));
  const capacity = capacityOf(results, toDo.length, jobs, settings);
  const made = new Set(results.filter(isFinal).map(({ config }) => multiTaskText(config)));
  const elements = elementsOf(toDo, {
    ...capacity,
    groupOf: ({ config }) => multiTaskText(config),
    isMade: (group) => made.has(group),
  });
  return { elements, capacity, active, record };
}

/**
 * Submits what is planned, and a job that writes the tables at the end. What was submitted is written down
 * before each array and after it, so that a process that ends in the middle forgets none.
 *
 * @returns the arrays that are new
 * @throws {SweepError} when Slurm refuses one; those before it stay
 */
export async function submitLaunch(
  store: SweepStore,
  results: readonly RunResult[],
  plan: LaunchPlan,
  options: LaunchOptions,
  slurm: Slurm,
): Promise<SubmittedArray[]> {
  try {
    return await submitAll(store, results, plan, options, slurm);
  } catch (error) {
    throw whenWriting(store.dir, error);
  }
}

async function submitAll(
  { dir, manifest }: SweepStore,
  results: readonly RunResult[],
  { elements, active, record: before }: LaunchPlan,
  options: LaunchOptions,
  slurm: Slurm,
): Promise<SubmittedArray[]> {
  let record = before;
  const logs = resolve(logFolder(dir));
  await keepWays(dir, results.filter(isFinal).map(({ provenance }) => provenance));
  const device = deviceOfDone(results);
  if (device !== null) await agreeOnDevice(dir, (settled) => Promise.resolve(settled ?? device));
  await makeFolder(logs);
  const keep = async (next: SlurmRecord) => await writeRecord(dir, record = next);
  const nameOf = (number: number) =>
    `${manifest.name.replace(/[^\w.-]+/g, "_").slice(0, 60)}-${record.token}-${number}`;

  /** Submits one job; the script stays in the folder for people to read. */
  const submit = async (
    number: number,
    about: string,
    words: readonly string[],
    job: Pick<JobOptions, "elements" | "after">,
    settings: SlurmSettings = options.settings,
  ) => {
    const text = batchScript(printableLine(about), process.cwd(), settings.setup, words);
    await writeFilesAtomically(join(dir, SLURM), new Map([[`${number}.sh`, text]]));
    const args = sbatchArguments({ ...job, name: nameOf(number), logs }, settings);
    return await slurm.submit([...args, resolve(dir, SLURM, `${number}.sh`)]);
  };

  const arrays: SubmittedArray[] = [];
  const submitElements = async (some: readonly (readonly RunResult[])[], after: string[]) => {
    for (let at = 0; at < some.length; at += MOST_ELEMENTS) {
      const part = some.slice(at, at + MOST_ELEMENTS);
      const number = record.next;
      const array: SubmittedArray = {
        number,
        name: nameOf(number),
        job: null,
        submitted: new Date().toISOString(),
        elements: part.map((runs) => runs.map(({ id }) => id)),
      };
      // Written without a flush each: they are read by jobs that are submitted after them alone.
      await makeFolder(dirname(elementPath(dir, number, 0)));
      for (const [index, runs] of part.entries()) {
        const planned = runs.map(({ id, config }) => ({ id, config }));
        const text = JSON.stringify({ ...manifest, runs: planned }) + "\n";
        await Deno.writeTextFile(elementPath(dir, number, index), text);
      }
      await keep({ ...record, arrays: [...record.arrays, array], next: number + 1 });
      const job = await submit(
        number,
        `Runs of the sweep ${manifest.name}; element ${number}/<index>.json says which`,
        elementWords(resolve(dir), number, options),
        { elements: part.length, after },
      );
      const submitted = { ...array, job };
      arrays.push(submitted);
      await keep({ ...record, arrays: [...record.arrays.slice(0, -1), submitted] });
    }
  };
  await submitElements(elements.first, []);
  await submitElements(elements.then, arrays.map(({ job }) => job!));

  if (record.collect !== null) await slurm.cancel([record.collect]); // it would come too early
  const number = record.next;
  await keep({ ...record, collect: nameOf(number), next: number + 1 });
  const all = {
    elements: null,
    after: [...new Set(active.map(({ queued }) => queued.job)), ...arrays.map(({ job }) => job!)],
  };
  const about = `Writes the tables of the sweep ${manifest.name} when its jobs are over`;
  const settings = { ...options.settings, cpus_per_task: 1, gres: null, extra: [] };
  await submit(number, about, options.collect, all, settings);
  return arrays;
}
