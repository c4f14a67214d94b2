import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { removeTemporaries, writeFilesAtomically } from "../files/atomic_write.ts";
import { exists, makeFolder } from "../files/file_system.ts";
import { type FileLock, tryLockFile } from "../files/lock.ts";
import { RUN_CONFIG_KEYS } from "../run/config.ts";
import { settingsText } from "../run/id.ts";
import { parseResult, type RunResult } from "../run/result.ts";
import { printableLine } from "../util/printable.ts";
import { isFolderName, type Manifest, parseManifest, type SweepSource } from "./manifest.ts";
import { CODE_FOLDER } from "./provenance.ts";
import { planChange, PlanChangeError } from "./plan_change.ts";
import { notBegun, RESULT, RunFolder, RUNS } from "./run_folder.ts";
import { StoreError, whenReading, whenWriting } from "./store_error.ts";
import type { PlannedRun, Sweep } from "./plan/sweep.ts";

/** Treatment of a folder that holds another plan. */
export interface OpenOptions {
  /** Keep stored runs that the sweep no longer has, and do what is left of them, too. */
  readonly extend?: boolean;
  /** What the person has asked for, to be kept with the plan. */
  readonly source?: SweepSource;
}

/**
 * The folder of a sweep's results: `manifest.json` with every planned run, and one folder per run
 * under `runs/`.
 */
export class SweepStore {
  private constructor(readonly dir: string, readonly manifest: Manifest) {}

  /**
   * What {@linkcode SweepStore.open} would open, without writing anything: the runs of the sweep, those
   * that are stored under the names that they have. New runs are added to what is stored. Stored runs
   * whose seed alone the sweep no longer has stay as far as they have a result; the others leave the plan.
   *
   * @throws {PlanChangeError} when stored runs have other settings than the sweep has and `extend` is not
   * set
   * @throws {StoreError} when the manifest is damaged
   */
  static async plan(dir: string, sweep: Sweep, options: OpenOptions = {}): Promise<SweepStore> {
    const { source } = options;
    const planned: Manifest = { schema: 1, ...sweep, ...(source ? { sources: [source] } : {}) };
    if (!await hasSweep(dir)) {
      return new SweepStore(dir, { ...planned, runs: await withFoldersOf(dir, planned.runs) });
    }
    const before = (await SweepStore.read(dir)).manifest;
    const change = planChange(before.runs, planned.runs);
    const { extend = false } = options;
    if (!extend && change.leftByCell > 0) throw new PlanChangeError(dir, change);
    const gone = new Set(
      change.left.filter(({ id }) => !extend && !existsSync(join(dir, RUNS, id, RESULT))),
    );
    return new SweepStore(dir, {
      ...planned,
      ...sourcesOf(before, source, change.added.length > 0),
      varying: RUN_CONFIG_KEYS.filter((key) =>
        before.varying.includes(key) || planned.varying.includes(key)
      ),
      runs: [...before.runs.filter((run) => !gone.has(run)), ...change.added],
    });
  }

  /**
   * Opens a sweep's folder, making it when there is none.
   *
   * @throws {PlanChangeError} as {@linkcode SweepStore.plan} does
   * @throws {StoreError} when the folder cannot be written, or its manifest is damaged
   */
  static async open(dir: string, sweep: Sweep, options: OpenOptions = {}): Promise<SweepStore> {
    const store = await SweepStore.plan(dir, sweep, options);
    await store.save();
    return store;
  }

  /**
   * Writes the manifest.
   * @throws {StoreError} when the folder cannot be written
   */
  async save(): Promise<void> {
    await this.write(new Map([[MANIFEST, JSON.stringify(this.manifest, null, 1) + "\n"]]));
  }

  /**
   * Opens a sweep's folder as it is, for reading.
   *
   * @param path the file of the plan; another one holds a part of the runs
   * @throws {StoreError} when there is no readable manifest
   */
  static async read(dir: string, path: string = join(dir, MANIFEST)): Promise<SweepStore> {
    try {
      return new SweepStore(dir, parseManifest(await Deno.readTextFile(path), path));
    } catch (error) {
      throw whenReading(path, error);
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

/** What a plan was made by, with what extends it or says it in another text. */
function sourcesOf(
  { sources = [] }: Manifest,
  source: SweepSource | undefined,
  isExtended: boolean,
): { readonly sources?: readonly SweepSource[] } {
  const isNew = source !== undefined && (isExtended || sources.at(-1)?.yaml !== source.yaml);
  const all = isNew ? [...sources, source] : sources;
  return all.length === 0 ? {} : { sources: all };
}

/**
 * Whether a sweep has run in a folder.
 * @throws {StoreError} when that cannot be seen
 */
export async function hasSweep(dir: string): Promise<boolean> {
  const path = join(dir, MANIFEST);
  try {
    return await exists(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotADirectory) return false; // a file is in the way
    throw whenReading(path, error);
  }
}

/**
 * Runs under the names of the folders that hold their results already, which is another where they were
 * planned with other settings beside them. So a lost manifest loses no run.
 */
async function withFoldersOf(dir: string, runs: readonly PlannedRun[]): Promise<PlannedRun[]> {
  const folders = namesIn(join(dir, RUNS));
  if (folders.size === 0) return [...runs];
  const isPlanned = new Set(runs.map(({ id }) => id));
  const done = new Map<string, string>();
  for (const id of [...folders].filter((id) => !isPlanned.has(id) && isFolderName(id)).sort()) {
    const path = join(dir, RUNS, id, RESULT);
    try {
      const result = parseResult(await Deno.readTextFile(path), path);
      if (result.id === id) done.set(settingsText(result.config), id);
    } catch {
      // No result, or none that is whole: there is nothing to keep.
    }
  }
  return runs.map(({ id, config }) => ({
    id: existsSync(join(dir, RUNS, id, RESULT)) ? id : done.get(settingsText(config)) ?? id,
    config,
  }));
}

/**
 * Makes a sweep's folder this process's own until the lock is released or the process ends; what killed
 * writes left there is then gone.
 *
 * @throws {StoreError} when another sweep is at work there, or the folder cannot be written
 */
export async function lockSweep(dir: string): Promise<FileLock> {
  const lock = await tryLockSweep(dir);
  if (lock !== null) return lock;
  const holder = printableLine(await Deno.readTextFile(join(dir, LOCK)));
  throw new StoreError(
    `Cannot run a sweep in ${dir} as another one is at work there (${holder}); ` +
      `wait until it has ended, or name another folder with --out`,
  );
}

/**
 * The same, where nobody else is at work.
 *
 * @returns null when somebody is
 * @throws {StoreError} when the folder cannot be written
 */
export async function tryLockSweep(dir: string): Promise<FileLock | null> {
  try {
    await makeFolder(dir);
    const lock = await tryLockFile(join(dir, LOCK));
    if (lock === null) return null;
    lock.note(`process ${Deno.pid}`);
    for (const name of ["", "figures", CODE_FOLDER]) await removeTemporaries(join(dir, name));
    return lock;
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
