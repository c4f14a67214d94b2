import { isFinal, type RunResult } from "../run/result.ts";
import type { SilentEvent } from "./message.ts";
import { type PoolOptions, runInPool } from "./pool.ts";
import { RunFolder } from "./run_folder.ts";
import type { SweepStore } from "./store.ts";
import { StoreError } from "./store_error.ts";

/** Shows a sweep at work to a person. */
export interface SweepProgress {
  /** A run is at work: the share of it that is done, in [0, 1], and its latest loss. */
  working(id: string, done: number, loss: number): void;
  /** Nothing has come of a run at work for some time. */
  silent(event: SilentEvent): void;
  /** A run has ended. */
  ended(result: RunResult): void;
  /** Leaves the terminal as it was; to be called however the sweep ends. */
  stop(): void;
}

/** Options of {@linkcode runSweep}. */
export interface RunSweepOptions {
  /** Worker processes at once; positive. */
  readonly jobs: number;
  /** Threads of the BLAS of each worker; one by default. */
  readonly threads?: number;
  /** Decides the ways to matrix products where pools on several machines must agree. */
  readonly settle?: NonNullable<PoolOptions["settle"]>;
  /** Run only what failed before. */
  readonly onlyFailed?: boolean;
  /** Keep the trained adapter of every run in its folder. */
  readonly keepAdapter?: boolean;
  /** Stop at the first run that fails. */
  readonly failFast?: boolean;
  /** Stops the sweep when it is aborted; runs at work are given up, to be done again. */
  readonly signal?: AbortSignal;
  /** The program of the workers; another one in tests. */
  readonly worker?: URL;
  /** Calls back after a time in ms, unless what it returns is called first; another one in tests. */
  readonly after?: NonNullable<PoolOptions["after"]>;
}

/** The runs of a sweep that {@linkcode runSweep} would do, as they are known before. */
export function selectRuns(results: readonly RunResult[], onlyFailed = false): RunResult[] {
  return results.filter((run) => onlyFailed ? run.status === "failed" : !isFinal(run));
}

/**
 * Does the runs of a sweep that are not done, several at once.
 *
 * However this process ends, each run's result is complete or absent, and calling this
 * again does exactly the runs that have none.
 *
 * @param before what was known of every run, of {@linkcode SweepStore.results}
 * @returns what is known of every run afterwards, in the order planned
 * @throws {StoreError} when the folder cannot be written, or a result is damaged
 */
export async function runSweep(
  store: SweepStore,
  before: readonly RunResult[],
  progress: SweepProgress,
  options: RunSweepOptions,
): Promise<RunResult[]> {
  const selected = new Set(selectRuns(before, options.onlyFailed).map(({ id }) => id));
  const runs = store.manifest.runs.filter(({ id }) => selected.has(id));
  const folders = new Map(runs.map((run) => [run.id, new RunFolder(store.dir, run)]));
  const ended = new Map<RunFolder, string>();
  const failed = new AbortController();
  const signals = [failed.signal, ...(options.signal ? [options.signal] : [])];
  const { keepAdapter = false } = options;
  const events = runInPool(runs.map((run) => ({ dir: store.dir, run, keepAdapter })), {
    jobs: options.jobs,
    ...(options.threads === undefined ? {} : { threads: options.threads }),
    ...(options.settle ? { settle: options.settle } : {}),
    signal: AbortSignal.any(signals),
    earlier: before.filter(isFinal).map(({ provenance }) => provenance),
    ...(options.worker ? { worker: options.worker } : {}),
    ...(options.after ? { after: options.after } : {}),
  });
  for await (const event of events) {
    if (event.kind === "progress") {
      progress.working(event.id, event.done, event.loss);
      continue;
    }
    if (event.kind === "silent") {
      progress.silent(event);
      continue;
    }
    if (event.kind === "stopped") throw new StoreError(event.error);
    const folder = folders.get(event.id)!;
    if (event.kind === "failed") {
      await folder.fail(event.error);
      if (options.failFast) failed.abort();
    }
    const error = event.kind === "failed" ? event.error : REMOVED;
    ended.set(folder, error);
    progress.ended(await resultOf(folder, error));
  }
  for (const [folder, error] of ended) await resultOf(folder, error); // removed since then?
  return await store.results();
}

/** What became of a run that has ended: where its folder says nothing of it, it has failed. */
async function resultOf(folder: RunFolder, error: string): Promise<RunResult> {
  const result = await folder.result();
  if (result.status !== "planned") return result;
  await folder.fail(error);
  return await folder.result();
}

const REMOVED = "The result of the run was removed after it had ended; run it again";
