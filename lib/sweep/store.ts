import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { writeFilesAtomically } from "../files/atomic_write.ts";
import { type FileLock, tryLockFile } from "../files/lock.ts";
import { RUN_CONFIG_KEYS } from "../run/config.ts";
import { configHash, isNamedAfter, settingsText } from "../run/id.ts";
import type { RunResult } from "../run/result.ts";
import { notBegun, removeTemporaries, RunFolder, RUNS } from "./run_folder.ts";
import { StoreError, whenWriting } from "./store_error.ts";
import type { PlannedRun, Sweep } from "./sweep.ts";

/** The plan of a sweep, as its folder keeps it. */
export interface Manifest extends Sweep {
  /** The version of the file's form. */
  readonly schema: 1;
}

/** Treatment of a folder that holds another plan. */
export interface OpenOptions {
  /** Add the runs that are new and keep the others. */
  readonly extend?: boolean;
}

/**
 * The folder of a sweep's results: `manifest.json` with every planned run, and one folder per run
 * under `runs/`.
 */
export class SweepStore {
  private constructor(readonly dir: string, readonly manifest: Manifest) {}

  /**
   * What {@linkcode SweepStore.open} would open, without writing anything.
   *
   * @throws {StoreError} when the folder holds another plan and `extend` is not set, or its manifest
   * is damaged
   */
  static async plan(dir: string, sweep: Sweep, options: OpenOptions = {}): Promise<SweepStore> {
    const planned: Manifest = { schema: 1, ...sweep };
    if (!existsSync(join(dir, MANIFEST))) return new SweepStore(dir, planned);
    const before = (await SweepStore.read(dir)).manifest;
    const texts = (runs: readonly PlannedRun[]) => runs.map(({ config }) => settingsText(config));
    const [stored, wanted] = [texts(before.runs), texts(planned.runs)];
    const [isStored, isWanted] = [new Set(stored), new Set(wanted)];
    const added = planned.runs.filter((_, i) => !isStored.has(wanted[i]!));
    const missing = before.runs.filter((_, i) => !isWanted.has(stored[i]!));
    if (options.extend !== true && added.length + missing.length > 0) {
      throw new StoreError(
        `Cannot resume ${dir} as the sweep has changed: ${added.length} of its runs are new and ` +
          `${missing.length} of the stored runs are no longer in it; add the new ones with ` +
          `--extend, or name another folder with --out`,
      );
    }
    return new SweepStore(dir, {
      ...planned,
      varying: RUN_CONFIG_KEYS.filter((key) =>
        before.varying.includes(key) || planned.varying.includes(key)
      ),
      runs: [...before.runs, ...added],
    });
  }

  /**
   * Opens a sweep's folder, making it when there is none.
   *
   * @throws {StoreError} when the folder holds another plan and `extend` is not set, cannot be
   * written, or its manifest is damaged
   */
  static async open(dir: string, sweep: Sweep, options: OpenOptions = {}): Promise<SweepStore> {
    const store = await SweepStore.plan(dir, sweep, options);
    await store.write(new Map([[MANIFEST, JSON.stringify(store.manifest, null, 1) + "\n"]]));
    return store;
  }

  /**
   * Opens a sweep's folder as it is, for reading.
   * @throws {StoreError} when there is no readable manifest
   */
  static async read(dir: string): Promise<SweepStore> {
    const path = join(dir, MANIFEST);
    try {
      const manifest = JSON.parse(await Deno.readTextFile(path)) as Manifest;
      if (manifest.schema !== 1 || !Array.isArray(manifest.runs)) throw new Error("not schema 1");
      for (const { id, config } of manifest.runs) {
        if (!isNamedAfter(id, config)) {
          throw new Error(`run "${id}" has settings of another hash, ${configHash(config)}`);
        }
      }
      return new SweepStore(dir, manifest);
    } catch (error) {
      throw new StoreError(
        `Cannot read ${path}: ${(error as Error).message}; it was written by another version or ` +
          `edited: move the folder away, or restore the file`,
      );
    }
  }

  /** Reads the state of every run, in the order planned. */
  async results(): Promise<RunResult[]> {
    // One look at the folder: asking for each of many runs that have not begun takes long.
    const begun = namesIn(join(this.dir, RUNS));
    return await Promise.all(
      this.manifest.runs.map((run) =>
        begun.has(run.id) ? new RunFolder(this.dir, run).result() : notBegun(run)
      ),
    );
  }

  /**
   * Writes files beside the manifest, each whole.
   * @throws {StoreError} when the folder cannot be written
   */
  async write(files: ReadonlyMap<string, string | Uint8Array>): Promise<void> {
    try {
      await writeFilesAtomically(this.dir, files);
    } catch (error) {
      throw whenWriting(this.dir, error);
    }
  }
}

/**
 * Makes a sweep's folder this process's own until the lock is released or the process ends.
 *
 * @throws {StoreError} when another sweep is at work there, or the folder cannot be written
 */
export async function lockSweep(dir: string): Promise<FileLock> {
  try {
    await Deno.mkdir(dir, { recursive: true });
    const path = join(dir, LOCK);
    const lock = await tryLockFile(path);
    if (lock !== null) {
      lock.note(`process ${Deno.pid}`);
      await removeTemporaries(dir);
      return lock;
    }
    const holder = await Deno.readTextFile(path);
    throw new StoreError(
      `Cannot run a sweep in ${dir} as another one is at work there (${holder}); ` +
        `wait until it has ended, or name another folder with --out`,
    );
  } catch (error) {
    throw whenWriting(dir, error);
  }
}

/** What is in a folder; nothing where there is none. */
function namesIn(dir: string): Set<string> {
  try {
    return new Set(readdirSync(dir));
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    if (code === "ENOENT" || code === "ENOTDIR") return new Set();
    throw new StoreError(`Cannot read ${dir}: ${message}`);
  }
}

const MANIFEST = "manifest.json";
const LOCK = ".lock";
