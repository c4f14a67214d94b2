import { rm } from "node:fs/promises";
import { join } from "node:path";
import { removeTemporaries, writeFilesAtomically } from "../files/atomic_write.ts";
import { makeFolder, readTextIfThere } from "../files/file_system.ts";
import { type FileLock, lockFile } from "../files/lock.ts";
import { parseResult, resultToJson, type RunResult } from "../run/result.ts";
import { isFolderName } from "./manifest.ts";
import { StoreError, whenReading, whenWriting } from "./store_error.ts";
import type { PlannedRun } from "./plan/sweep.ts";

/** The folder, below a sweep's, that holds the folders of runs. */
export const RUNS = "runs";

/** What is known of a run that has no folder yet. */
export function notBegun({ id, config }: PlannedRun): RunResult {
  return { id, config, status: "planned", metrics: {}, tasks: [], provenance: {} };
}

/**
 * The folder of one run below a sweep's folder. `result.json` is written under another name and
 * renamed: that it exists is the only mark of a finished run.
 */
export class RunFolder {
  /** The folder itself. */
  readonly dir: string;
  /** The file that says why the run failed, when it did. */
  readonly errorPath: string;
  /** The folder of the trained adapter, when it is kept. */
  readonly adapterDir: string;

  /** @throws {StoreError} when the run's id names no folder, such as one that leads elsewhere */
  constructor(sweepDir: string, readonly run: PlannedRun) {
    if (!isFolderName(run.id)) {
      throw new StoreError(`Cannot use run ${JSON.stringify(run.id)} as its id must name a folder`);
    }
    this.dir = join(sweepDir, RUNS, run.id);
    this.errorPath = join(this.dir, ERROR);
    this.adapterDir = join(this.dir, "adapter");
  }

  /**
   * What is known of the run: its result, the error it failed with, or that it is planned.
   * @throws {StoreError} when a result is there and damaged, or cannot be read
   */
  async result(): Promise<RunResult> {
    const path = join(this.dir, RESULT);
    const text = await readIfThere(path);
    if (text !== null) {
      try {
        const result = parseResult(text, path);
        if (result.id === this.run.id) return result;
        throw new SyntaxError(`Cannot read ${path} as it is the result of run "${result.id}"`);
      } catch (error) {
        throw new StoreError(
          `${(error as Error).message}; remove ${path} to run it again, nothing else is lost`,
        );
      }
    }
    const planned = notBegun(this.run);
    const error = await errorIfThere(this.errorPath);
    if (error !== null) return { ...planned, status: "failed", error };
    return await this.#paused() ?? planned;
  }

  /** What is known of a run that was left in the middle on purpose; null where it was not. */
  async #paused(): Promise<RunResult | null> {
    const path = join(this.dir, PAUSED);
    const text = await readIfThere(path);
    try {
      const result = text === null ? null : parseResult(text, path);
      return result?.id === this.run.id && result.status === "planned" ? result : null;
    } catch {
      return null; // nothing is lost: it is gone on with from its checkpoint
    }
  }

  /**
   * Makes the folder and waits until no other process works in it; what a kill or an earlier failure
   * left there is then gone.
   * @throws {StoreError} when the folder cannot be written
   */
  async begin(): Promise<FileLock> {
    try {
      await makeFolder(this.dir);
      const lock = await lockFile(join(this.dir, LOCK));
      for (const dir of [this.dir, this.adapterDir]) await removeTemporaries(dir);
      await rm(this.errorPath, { force: true });
      return lock;
    } catch (error) {
      throw whenWriting(this.dir, error);
    }
  }

  /** Removes what became of the run, if anything did: it is as good as never begun. */
  async forget(): Promise<void> {
    for (const name of [RESULT, ERROR, PAUSED]) await rm(join(this.dir, name), { force: true });
  }

  /**
   * Writes the result; from then on the run is done.
   * @throws {StoreError} when the folder cannot be written
   */
  async finish(result: RunResult): Promise<void> {
    await this.#write(RESULT, resultToJson(result));
    await rm(join(this.dir, PAUSED), { force: true });
  }

  /**
   * Writes down that the run waits in the middle, and what it was computed with so far.
   * @param state with status `planned`
   * @throws {StoreError} when the folder cannot be written
   */
  async pause(state: RunResult): Promise<void> {
    await this.#write(PAUSED, resultToJson(state));
  }

  /**
   * Writes down why the run failed; it is tried again when the sweep is.
   * @throws {StoreError} when the folder cannot be written
   */
  async fail(message: string): Promise<void> {
    await this.#write(ERROR, message);
  }

  async #write(name: string, text: string): Promise<void> {
    try {
      await writeFilesAtomically(this.dir, new Map([[name, text]]));
    } catch (error) {
      throw whenWriting(this.dir, error);
    }
  }
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readTextIfThere(path);
  } catch (error) {
    throw whenReading(path, error);
  }
}

/** What a run failed with, whatever it holds: the words of a process that died need not be text. */
async function errorIfThere(path: string): Promise<string | null> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw whenReading(path, error);
  }
}

/** The file of a finished run. */
export const RESULT = "result.json";
const ERROR = "error.txt";
const PAUSED = "paused.json";
const LOCK = ".lock";
