import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { writeFilesAtomically } from "../files/atomic_write.ts";
import { type FileLock, lockFile } from "../files/lock.ts";
import { parseResult, resultToJson, type RunResult } from "../run/result.ts";
import { StoreError, whenWriting } from "./store_error.ts";
import type { PlannedRun } from "./sweep.ts";

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

  constructor(sweepDir: string, readonly run: PlannedRun) {
    this.dir = join(sweepDir, RUNS, run.id);
    this.errorPath = join(this.dir, ERROR);
    this.adapterDir = join(this.dir, "adapter");
  }

  /**
   * What is known of the run: its result, the error it failed with, or that it is planned.
   * @throws {StoreError} when a result is there and damaged
   */
  async result(): Promise<RunResult> {
    const path = join(this.dir, RESULT);
    if (existsSync(path)) {
      try {
        const result = parseResult(await Deno.readTextFile(path), path);
        if (result.id === this.run.id) return result;
        throw new SyntaxError(`Cannot read ${path} as it is the result of run "${result.id}"`);
      } catch (error) {
        throw new StoreError(
          `${(error as Error).message}; remove ${path} to run it again, nothing else is lost`,
        );
      }
    }
    const planned = notBegun(this.run);
    if (!existsSync(this.errorPath)) return planned;
    return { ...planned, status: "failed", error: await Deno.readTextFile(this.errorPath) };
  }

  /**
   * Makes the folder and waits until no other process works in it; what a kill or an earlier failure
   * left there is then gone.
   * @throws {StoreError} when the folder cannot be written
   */
  async begin(): Promise<FileLock> {
    try {
      await Deno.mkdir(this.dir, { recursive: true });
      const lock = await lockFile(join(this.dir, LOCK));
      await removeTemporaries(this.dir);
      await rm(this.errorPath, { force: true });
      return lock;
    } catch (error) {
      throw whenWriting(this.dir, error);
    }
  }

  /**
   * Writes the result; from then on the run is done.
   * @throws {StoreError} when the folder cannot be written
   */
  async finish(result: RunResult): Promise<void> {
    await this.#write(RESULT, resultToJson(result));
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

/** Removes what atomic writes left in a folder when they were killed. */
export async function removeTemporaries(dir: string): Promise<void> {
  for (const { name } of await Array.fromAsync(Deno.readDir(dir))) {
    if (name.startsWith(".") && name.endsWith(".tmp")) await rm(join(dir, name), { force: true });
  }
}

const RESULT = "result.json";
const ERROR = "error.txt";
const LOCK = ".lock";
