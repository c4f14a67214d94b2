import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  blasEnvironment,
  type ChildEnvironment,
  type RecordedWays,
  type SettleWays,
  sharedEnvironment,
} from "../../backend/wasm/child_environment.ts";
import { describeDeath } from "./death.ts";
import { systemMemory } from "./memory.ts";
import {
  parseEvent,
  readLines,
  type SilentEvent,
  type WorkerEvent,
  type WorkerTask,
} from "./message.ts";
import { type Steering, STOPPED_BY_HAND } from "../steering.ts";
import { partCompany } from "./part_company.ts";
import { type Batch, TaskQueue } from "./task_queue.ts";
import { withoutLoaderVariables } from "../../util/environment.ts";
import { WorkerLog } from "./worker_log.ts";
import { workerPermissions } from "./worker_permissions.ts";

/** Options for spreading runs over processes. */
export interface PoolOptions {
  /** Processes at work at once; positive. */
  readonly jobs: number;
  /** Stops handing out runs and ends the workers when it is aborted. */
  readonly signal?: AbortSignal;
  /** The program a worker runs; another one in tests. */
  readonly worker?: URL;
  /** Variables of the workers' environment; by default those of {@linkcode workerEnvironment}. */
  readonly environment?: ChildEnvironment;
  /** The provenance of earlier runs of the same work, whose ways to matrix products are kept. */
  readonly earlier?: readonly RecordedWays[];
  /** What is to be done about a run that has failed: the task to do later; null for nothing. */
  readonly again?: (failed: WorkerEvent & { readonly kind: "failed" }) => WorkerTask | null;
  /** Threads of the BLAS of each worker; one by default. */
  readonly threads?: number;
  /** Decides the ways to matrix products where pools on several machines must agree. */
  readonly settle?: SettleWays;
  /** What a person wishes while runs are at work. */
  readonly steering?: Pick<Steering, "hold" | "stopOf" | "isStopped">;
  /** More words for Deno before the program; in tests. */
  readonly args?: readonly string[];
  /** Calls back after a time in ms, unless what it returns is called first; another one in tests. */
  readonly after?: (ms: number, ring: () => void) => () => void;
}

const WORKER = new URL("./worker.ts", import.meta.url);
/** How long a run may be silent before that is told, in ms; then it is told each time it has doubled. */
const SILENCE = 5 * 60_000;
/** How long a worker has to save where its run is when it is stopped, in ms. */
const GRACE = 20_000;

/**
 * Does runs in worker processes, several at once, and gives what they report as they report it, and
 * which have been silent for long.
 *
 * A worker that dies takes only the run it was on with it: that run is reported as failed and a new
 * worker takes the next. A failed run is reported for every time that it is tried. One that failed in company
 * is tried again in one of half the size, and fails when it fails alone.
 */
export async function* runInPool(
  tasks: readonly WorkerTask[],
  options: PoolOptions,
): AsyncGenerator<WorkerEvent | SilentEvent> {
  const { readable, writable } = new TransformStream<
    WorkerEvent | SilentEvent,
    WorkerEvent | SilentEvent
  >();
  const events = writable.getWriter();
  const readerGone = new AbortController();
  const signal = AbortSignal.any([readerGone.signal, ...(options.signal ? [options.signal] : [])]);
  const queue = new TaskQueue(tasks);
  // Another program than the worker's own, in tests, does what it wants.
  const permissions = options.worker === undefined ? workerPermissions(tasks) : ["--allow-all"];
  const environment = options.environment ?? await workerEnvironment(tasks, options);
  const report = (event: WorkerEvent | SilentEvent) => {
    const task = event.kind === "failed" ? options.again?.(event) ?? null : null;
    if (task !== null) queue.push(task);
    return events.write(event);
  };
  const lanes = Array.from(
    { length: Math.min(options.jobs, queue.size) },
    async () => {
      while (queue.size > 0 && !signal.aborted && options.steering?.hold.aborted !== true) {
        await workThrough(
          queue,
          { ...options, signal, environment, permissions },
          report,
        );
      }
    },
  );
  const finished = Promise.all(lanes).then(() => events.close(), (error) => events.abort(error));
  try {
    yield* readable;
  } finally {
    // Also when the reader leaves in the middle: no worker outlives the loop over its events.
    readerGone.abort();
    await finished.catch(() => {});
  }
}

/**
 * The environment of all workers: one thread each unless more are asked for, since two libraries that
 * each take every core slow each other down; the fast kernels of OpenBLAS; and where a run may compute on WebAssembly, one choice
 * of the ways to matrix products, so that a run has the same bytes in whichever worker it is done.
 */
async function workerEnvironment(
  tasks: readonly WorkerTask[],
  { earlier, signal, worker, threads = 1, settle }: PoolOptions,
): Promise<ChildEnvironment> {
  const mayUseWasm = tasks.some(({ run: { config: { backend } } }) =>
    backend === "auto" || backend === "wasm"
  );
  // Another program than the worker's own multiplies no matrices.
  if (!mayUseWasm || worker !== undefined) return blasEnvironment(undefined, threads);
  return await sharedEnvironment(earlier, {
    threads,
    ...(signal === undefined ? {} : { signal }),
    ...(settle === undefined ? {} : { settle }),
  });
}

/** One worker's life: it takes tasks from the queue until there is none, or it dies. */
async function workThrough(
  queue: TaskQueue,
  options:
    & PoolOptions
    & Required<Pick<PoolOptions, "signal" | "environment">>
    & { readonly permissions: readonly string[] },
  report: (event: WorkerEvent | SilentEvent) => Promise<void>,
): Promise<void> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      ...options.permissions,
      "--quiet",
      ...options.args ?? [],
      fileURLToPath(options.worker ?? WORKER),
    ],
    env: { ...options.environment, ...withoutLoaderVariables() },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const kill = (how: "SIGTERM" | "SIGKILL") => {
    try {
      child.kill(how);
    } catch {
      // It has ended by itself.
    }
  };
  let forced = () => {};
  /** Lets the run save where it is, for a while; a process that is stopped cannot. */
  const stop = () => {
    if (isStopped(child.pid)) return kill("SIGKILL");
    kill("SIGTERM");
    forced = afterTime(GRACE, () => kill("SIGKILL"));
  };
  options.signal.addEventListener("abort", stop);
  const { after = afterTime } = options;
  const input = child.stdin.getWriter();
  const log = logOf(child.stderr);
  const before = systemMemory();
  let held: number | null = null;
  let current: Batch = [];
  let parted: WorkerTask[] = [];
  let calm = () => {};
  /** Waits for the next sign of life; the first wait has lasted `waited` ms already. */
  const listen = (waited = 0) => {
    calm();
    calm = after(Math.max(waited, SILENCE), () => {
      const silence = waited + Math.max(waited, SILENCE);
      if (current.length === 0 || options.signal.aborted) return;
      const { pid } = child;
      const told = { pid, seconds: silence / 1000, isStopped: isStopped(pid) };
      report({ kind: "silent", id: current[0]!.run.id, ...told }).catch(() => {}); // nobody listens now
      listen(silence);
    });
  };
  const next = async () => {
    current = options.steering?.hold.aborted === true ? [] : queue.take() ?? [];
    if (current.length === 0) return await input.close();
    for (const task of current) {
      options.steering?.stopOf(task.run.id).addEventListener("abort", () => {
        if (current.includes(task)) stop();
      });
    }
    const lines = current.map((task) => JSON.stringify(task) + "\n").join("");
    await input.write(new TextEncoder().encode(lines));
  };
  /** Whether a person has stopped this run by hand. */
  const isUnwanted = ({ run }: WorkerTask) => options.steering?.isStopped(run.id) === true;
  let hasFailed = false;
  /** Reports that a run has ended, or parts it from a company in which it has failed. */
  const end = async (task: WorkerTask, event: WorkerEvent) => {
    queue.ended([task]);
    current = current.filter((other) => other !== task);
    hasFailed ||= event.kind !== "finished" && event.kind !== "paused";
    const isParted = event.kind === "failed" && task.company !== undefined && !isUnwanted(task);
    if (isParted) parted.push(task);
    await report(isParted ? { ...event, kind: "parted" } : event);
    if (current.length > 0) return;
    queue.push(...partCompany(parted));
    parted = [];
  };
  try {
    // A worker that dies at once breaks the pipe; its status below then says what is wrong.
    await next().catch(() => {});
    listen();
    for await (const line of readLines(child.stdout)) {
      const event = parseEvent(line);
      const task = current.find(({ run: { id } }) => id === event?.id);
      if (event === null || task === undefined) continue;
      listen();
      if (event.kind === "progress") {
        held = event.memory ?? held;
        await report(event);
        continue;
      }
      await end(task, event);
      if (current.length > 0) continue;
      // What a failed run left behind is not known: the next one gets a new process.
      if (hasFailed || options.signal.aborted) return;
      await next().catch(() => {});
    }
    const status = await child.status;
    // A signal to all processes, such as Ctrl-C, may reach the worker before it reaches this one.
    if (status.signal !== null) await new Promise((resolve) => setTimeout(resolve, 200));
    if (current.length > 0 && !options.signal.aborted) {
      const { code, signal } = status;
      const death = { code, signal, held, before, now: systemMemory(), log: await log };
      const error = describeDeath(death);
      for (const task of current) {
        const why = isUnwanted(task) ? STOPPED_BY_HAND : error;
        await end(task, { kind: "failed", id: task.run.id, error: why });
      }
    }
  } finally {
    calm();
    forced();
    options.signal.removeEventListener("abort", stop);
    kill("SIGKILL");
    await input.abort().catch(() => {});
    await child.status;
    await log;
  }
}

/** What a process prints as errors, to its end. */
async function logOf(stream: ReadableStream<Uint8Array>): Promise<WorkerLog> {
  const log = new WorkerLog();
  for await (const line of readLines(stream)) log.add(line);
  return log;
}

function afterTime(ms: number, ring: () => void): () => void {
  const timer = setTimeout(ring, ms);
  return () => clearTimeout(timer);
}

/** Whether a process is stopped; known on Linux only. */
function isStopped(pid: number): boolean {
  try {
    const state = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)!;
    return /^[Tt]/.test(state);
  } catch {
    return false;
  }
}
