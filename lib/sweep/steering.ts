/**
 * How a person steers a sweep at work from another process: wishes are small files in the sweep's folder, which
 * the process that does the sweep looks for. Files are the protocol, so either side may end and come back.
 */
import { readdirSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setInterval } from "node:timers";
import { makeFolder } from "../files/file_system.ts";
import { type FileLock, lockFile } from "../files/lock.ts";
import { isFolderName } from "./manifest.ts";
import { RUNS } from "./run_folder.ts";
import { whenWriting } from "./store_error.ts";

/** What a run that a person has stopped has failed with. */
export const STOPPED_BY_HAND =
  "Stopped by hand, on the page of the sweep; the same command goes on with it where it was";

const FOLDER = ".steering";
const LISTENING = "listening";
const HOLD = "hold";
const STOP = "stop ";

/** How often wishes are looked for, in ms. */
const EVERY = 500;

/**
 * Asks the process that does a sweep to begin no other run, or to stop one that is at work.
 *
 * @param run the run to stop; null to begin no other
 * @throws {StoreError} when the folder cannot be written
 * @throws {RangeError} when the run's id cannot be one
 */
export async function wish(dir: string, run: string | null): Promise<void> {
  if (run !== null && !isFolderName(run)) {
    throw new RangeError(`Cannot stop run ${JSON.stringify(run)} as its id must name a folder`);
  }
  try {
    await makeFolder(join(dir, FOLDER));
    await writeFile(join(dir, FOLDER, run === null ? HOLD : STOP + run), "");
  } catch (error) {
    throw whenWriting(dir, error);
  }
}

/** Whether a process on this machine does the sweep of a folder, and listens to wishes. */
export async function isSteered(dir: string): Promise<boolean> {
  return await isHeld(join(dir, FOLDER, LISTENING));
}

/** Whether a process is at work in the folder of a run. */
export async function isAtWork(dir: string, run: string): Promise<boolean> {
  return isFolderName(run) && await isHeld(join(dir, RUNS, run, ".lock"));
}

/** Whether somebody holds the lock of a file. */
async function isHeld(path: string): Promise<boolean> {
  try {
    using file = await Deno.open(path, { read: true });
    return !await file.tryLock(false);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return false;
    }
    throw error;
  }
}

/** The side that listens. */
export class Steering implements Disposable {
  readonly #hold = new AbortController();
  readonly #runs = new Map<string, AbortController>();
  readonly #timer: ReturnType<typeof setInterval>;

  private constructor(readonly dir: string, readonly lock: FileLock) {
    this.#timer = setInterval(() => this.look(), EVERY);
    this.#timer.unref();
  }

  /**
   * Begins to listen; earlier wishes are forgotten.
   * @throws {StoreError} when the folder cannot be written
   */
  static async listen(dir: string): Promise<Steering> {
    const folder = join(dir, FOLDER);
    try {
      await makeFolder(folder);
      const lock = await lockFile(join(folder, LISTENING));
      for (const name of wishesIn(folder)) await rm(join(folder, name), { force: true });
      return new Steering(dir, lock);
    } catch (error) {
      throw whenWriting(folder, error);
    }
  }

  /** Aborted once no other run is to begin. */
  get hold(): AbortSignal {
    return this.#hold.signal;
  }

  /** Aborted once a run at work is to stop. */
  stopOf(run: string): AbortSignal {
    const known = this.#runs.get(run) ?? new AbortController();
    this.#runs.set(run, known);
    return known.signal;
  }

  /** Whether a person has stopped a run. */
  isStopped(run: string): boolean {
    return this.#runs.get(run)?.signal.aborted === true;
  }

  /** Looks for wishes, which it does by itself all the time. */
  look(): void {
    const folder = join(this.dir, FOLDER);
    for (const name of wishesIn(folder)) {
      if (name === HOLD) this.#hold.abort();
      else this.#runs.get(name.slice(STOP.length))?.abort();
      rm(join(folder, name), { force: true }).catch(() => {}); // it is carried out in any case
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.lock[Symbol.dispose]();
  }
}

function wishesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name === HOLD || name.startsWith(STOP));
  } catch {
    return []; // the folder was removed: there are none
  }
}
