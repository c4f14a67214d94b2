/** What was submitted of a sweep, as its folder keeps it. */
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { z } from "zod";
import { writeFilesAtomically } from "../files/atomic_write.ts";
import { readTextIfThere } from "../files/file_system.ts";
import { faultsOf } from "../run/result.ts";
import { StoreError, whenReading, whenWriting } from "../sweep/store_error.ts";
import type { QueuedElement } from "./queue.ts";

/** A job array that was submitted, or was about to be. */
export interface SubmittedArray {
  /** Counts the arrays of a sweep, from 1. */
  readonly number: number;
  /** The name of its job, which no other has. */
  readonly name: string;
  /**
   * The number of its job; null when the process ended, or Slurm did not answer, before it was known. The
   * name then tells whether there is one.
   */
  readonly job: string | null;
  /** When it was submitted, as ISO 8601. */
  readonly submitted: string;
  /** The ids of the runs of each element, by its index. */
  readonly elements: readonly (readonly string[])[];
}

/** Everything that was submitted of a sweep. */
export interface SlurmRecord {
  readonly schema: 1;
  /** The folder of the sweep. A copy of the folder has no jobs, though it has this file. */
  readonly dir: string;
  /** What the names of its jobs end in, before their number. */
  readonly token: string;
  readonly arrays: readonly SubmittedArray[];
  /** The number of the next job, an array or not. */
  readonly next: number;
  /** The name of the job that writes the tables when all others are over; null when there is none. */
  readonly collect: string | null;
}

const RECORD: z.ZodType<SlurmRecord> = z.strictObject({
  schema: z.literal(1),
  dir: z.string(),
  token: z.string(),
  arrays: z.array(z.strictObject({
    number: z.int(),
    name: z.string(),
    job: z.string().nullable(),
    submitted: z.string(),
    elements: z.array(z.array(z.string())),
  })),
  next: z.int(),
  collect: z.string().nullable(),
});

/** The folder, below a sweep's, of everything that Slurm and its jobs need. */
export const SLURM = "slurm";
const JOBS = "jobs.json";

/** The folder of the logs of elements; an element's is `<job>_<index>.log`. */
export function logFolder(dir: string): string {
  return join(dir, SLURM, "logs");
}

/** The log of an element; null while there is none, as it has not begun. */
export function logPath(dir: string, { job }: SubmittedArray, index: number): string | null {
  const path = join(logFolder(dir), `${job}_${index}.log`);
  return existsSync(path) ? path : null;
}

/**
 * Reads what was submitted of a sweep.
 *
 * @param dir the sweep's folder
 * @returns null when nothing was, or it was for another folder of which this one is a copy
 * @throws {StoreError} when the file is damaged
 */
export async function readRecord(dir: string): Promise<SlurmRecord | null> {
  const path = join(dir, SLURM, JOBS);
  let text: string | null;
  try {
    text = await readTextIfThere(path);
  } catch (error) {
    throw whenReading(path, error);
  }
  if (text === null) return null;
  const damaged = (why: string) =>
    new StoreError(
      `Cannot read ${path} as it is damaged: ${why}; cancel the jobs of this sweep in Slurm, then ` +
        `remove the file: every run that is done is kept`,
    );
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw damaged((error as Error).message);
  }
  const parsed = RECORD.safeParse(value);
  if (!parsed.success) throw damaged(faultsOf(parsed.error));
  return parsed.data.dir === resolve(dir) ? parsed.data : null;
}

/** A record of nothing yet. */
export function newRecord(dir: string): SlurmRecord {
  const token = randomUUID().slice(0, 8);
  return { schema: 1, dir: resolve(dir), token, arrays: [], next: 1, collect: null };
}

/**
 * Writes what was submitted; the file is whole, old or new, however the process ends.
 * @throws {StoreError} when the folder cannot be written
 */
export async function writeRecord(dir: string, record: SlurmRecord): Promise<void> {
  const folder = join(dir, SLURM);
  try {
    await writeFilesAtomically(folder, new Map([[JOBS, JSON.stringify(record) + "\n"]]));
  } catch (error) {
    throw whenWriting(folder, error);
  }
}

/** An element that Slurm will do or is doing, and the runs in it. */
export interface ActiveElement {
  readonly array: SubmittedArray;
  readonly index: number;
  readonly queued: QueuedElement;
  readonly runs: readonly string[];
}

/** The elements of a sweep that are at work or still to be. */
export function activeElements(
  record: SlurmRecord,
  queue: readonly QueuedElement[],
): ActiveElement[] {
  const arrays = new Map(record.arrays.map((array) => [array.name, array]));
  return queue.flatMap((queued) => {
    const array = arrays.get(queued.name);
    const { index, state } = queued;
    if (array === undefined || index === null || state === "over") return [];
    return [{ array, index, queued, runs: array.elements[index] ?? [] }];
  });
}

/** The names of all jobs of a sweep, the one that collects included. */
export function jobNames({ arrays, collect }: SlurmRecord): string[] {
  return [...arrays.map(({ name }) => name), ...collect === null ? [] : [collect]];
}
