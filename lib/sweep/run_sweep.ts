import type { ChosenBackend } from "../backend/backend.ts";
import { hasBegun, isFinal, type RunResult } from "../run/result.ts";
import { type BatchRuns, companiesOf } from "./companies.ts";
import { type FailureOptions, FailurePolicy } from "./failure_policy.ts";
import { readsKey, type ReadsNow } from "./identity.ts";
import type { SilentEvent, WorkerTask } from "./workers/message.ts";
import { type PoolOptions, runInPool } from "./workers/pool.ts";
import { RunFolder } from "./run_folder.ts";
import type { PlannedRun } from "./plan/sweep.ts";
import type { SweepStore } from "./store.ts";
import { StoreError } from "./store_error.ts";

/** Shows a sweep at work to a person. */
export interface SweepProgress {
  /** A run is at work: the share of it that is done, in [0, 1], and its latest loss. */
  working(id: string, done: number, loss: number): void;
  /** Nothing has come of a run at work for some time. */
  silent(event: SilentEvent): void;
  /** A run has failed, and is tried again. */
  again(result: RunResult): void;
  /** A run has ended. */
  ended(result: RunResult): void;
  /** Leaves the terminal as it was; to be called however the sweep ends. */
  stop(): void;
}

/** Options of {@linkcode runSweep}. */
export interface RunSweepOptions extends FailureOptions {
  /** Worker processes at once; positive. */
  readonly jobs: number;
  /** Threads of the BLAS of each worker; one by default. */
  readonly threads?: number;
  /** Decides the ways to matrix products where pools on several machines must agree. */
  readonly settle?: NonNullable<PoolOptions["settle"]>;
  /** How many runs like one are trained in the same batches, at most; one by default. */
  readonly batchRuns?: BatchRuns;
  /** The device of runs that leave it to the machine; each worker chooses by itself when absent. */
  readonly device?: ChosenBackend | null;
  /** Run only what failed before. */
  readonly onlyFailed?: boolean;
  /** What is known of all runs of the sweep, where `before` has only some of them. */
  readonly known?: readonly RunResult[];
  /** Leave runs at the step that this says, to be gone on with later; by default all are done to their end. */
  readonly pauseAt?: (run: PlannedRun) => number;
  /** Keep the trained adapter of every run in its folder. */
  readonly keepAdapter?: boolean;
  /** The folder of stages that runs share; by default they share none. */
  readonly stagesDir?: string | null;
  /** What runs read, as it is known before they begin; a run that is not there looks itself. */
  readonly reads?: ReadsNow;
  /** What a person wishes while runs are at work: to begin no other, or to stop one. */
  readonly steering?: NonNullable<PoolOptions["steering"]>;
  /** Stops the sweep when it is aborted; runs at work are given up, to be done again. */
  readonly signal?: AbortSignal;
  /** The program of the workers; another one in tests. */
  readonly worker?: URL;
  /** Calls back after a time in ms, unless what it returns is called first; another one in tests. */
  readonly after?: NonNullable<PoolOptions["after"]>;
}

/** What is known after {@linkcode runSweep}. */
export interface SweepEnd {
  /** What is known of every run, in the order planned. */
  readonly results: RunResult[];
  /** Why runs that were to be done have been left, and how many; null when failures left none. */
  readonly stopped: { readonly why: string; readonly left: number } | null;
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
 * Runs that fail are tried again as often as the options say, and stop the sweep when a
 * {@linkcode FailurePolicy} says so and there are others left.
 *
 * @param before what was known of every run, of {@linkcode SweepStore.results}, or of those to do
 * @throws {StoreError} when the folder cannot be written, or a result is damaged
 */
export async function runSweep(
  store: SweepStore,
  before: readonly RunResult[],
  progress: SweepProgress,
  options: RunSweepOptions,
): Promise<SweepEnd> {
  const selected = new Set(selectRuns(before, options.onlyFailed).map(({ id }) => id));
  const runs = store.manifest.runs.filter(({ id }) => selected.has(id));
  const folders = new Map(runs.map((run) => [run.id, new RunFolder(store.dir, run)]));
  const ended = new Map<RunFolder, string>();
  const stop = new AbortController();
  let stopped: string | null = null;
  let paused = 0;
  const signals = [stop.signal, ...(options.signal ? [options.signal] : [])];
  const { keepAdapter = false, stagesDir = null, retry = 0 } = options;
  const policy = new FailurePolicy(options);
  const tasks = new Map(runs.map((run): [string, WorkerTask] => {
    const reads = options.reads?.get(readsKey(run.config));
    const task = {
      ...{ dir: store.dir, run, keepAdapter, stagesDir },
      ...(reads ? { reads } : {}),
      ...(options.pauseAt ? { pauseAt: options.pauseAt(run) } : {}),
    };
    return [run.id, options.device ? { ...task, device: options.device } : task];
  }));
  const attempts = new Map<string, number>();
  const toTryAgain = new Map<RunFolder, string>();
  const inCompanies = companiesOf([...tasks.values()], options.batchRuns ?? (() => 1));
  const events = runInPool(inCompanies, {
    jobs: options.jobs,
    again({ id }) {
      const attempt = (attempts.get(id) ?? 1) + 1;
      attempts.set(id, attempt);
      if (options.steering?.isStopped(id) === true) return null;
      return attempt > retry + 1 ? null : { ...tasks.get(id)!, attempt };
    },
    ...(options.threads === undefined ? {} : { threads: options.threads }),
    ...(options.settle ? { settle: options.settle } : {}),
    signal: AbortSignal.any(signals),
    earlier: (options.known ?? before).filter(hasBegun).map(({ provenance }) => provenance),
    ...(options.steering ? { steering: options.steering } : {}),
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
    if (event.kind === "paused") {
      policy.ended();
      toTryAgain.delete(folder);
      paused++;
      continue;
    }
    if (event.kind === "parted") {
      progress.again({ ...await folder.result(), status: "failed", error: event.error });
      continue;
    }
    let why: string | null = null;
    if (event.kind === "failed" && options.steering?.isStopped(event.id) === true) {
      await folder.fail(event.error); // no failure that says anything of others
      ended.set(folder, event.error);
    } else if (event.kind === "failed") {
      why = policy.failed(event.id, event.error);
      const tries = policy.triesOf(event.id);
      const error = tries === 1
        ? event.error
        : `${event.error.trimEnd()}\n\nTried ${tries} times\n`;
      if (why === null && !policy.isLast(event.id)) {
        toTryAgain.set(folder, error);
        progress.again({ ...await folder.result(), status: "failed", error });
        continue;
      }
      await folder.fail(error);
      ended.set(folder, error);
    } else {
      policy.ended();
      ended.set(folder, REMOVED);
    }
    toTryAgain.delete(folder);
    progress.ended(await resultOf(folder, ended.get(folder)!));
    if (why !== null && ended.size + paused < runs.length) {
      stopped ??= why;
      stop.abort();
    }
  }
  for (const [folder, error] of toTryAgain) await folder.fail(error); // the sweep has stopped before
  for (const [folder, error] of ended) await resultOf(folder, error); // removed since then?
  const left = runs.length - ended.size - paused - toTryAgain.size;
  return {
    results: await store.results(),
    stopped: stopped === null ? null : { why: stopped, left },
  };
}

/** What became of a run that has ended: where its folder says nothing of it, it has failed. */
async function resultOf(folder: RunFolder, error: string): Promise<RunResult> {
  const result = await folder.result();
  if (result.status !== "planned") return result;
  await folder.fail(error);
  return await folder.result();
}

const REMOVED = "The result of the run was removed after it had ended; run it again";
