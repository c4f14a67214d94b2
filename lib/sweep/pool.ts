import { fileURLToPath } from "node:url";
import {
  blasEnvironment,
  type ChildEnvironment,
  type RecordedWays,
  sharedEnvironment,
} from "../backend/wasm/child_environment.ts";
import { parseEvent, readLines, type WorkerEvent, type WorkerTask } from "./message.ts";

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
}

const WORKER = new URL("./worker.ts", import.meta.url);
const KEPT_LOG = 4000;

/**
 * Does runs in worker processes, several at once, and gives what they report as they report it.
 *
 * A worker that dies takes only the run it was on with it: that run is reported as failed and a new
 * worker takes the next.
 */
export async function* runInPool(
  tasks: readonly WorkerTask[],
  options: PoolOptions,
): AsyncGenerator<WorkerEvent> {
  const { readable, writable } = new TransformStream<WorkerEvent, WorkerEvent>();
  const events = writable.getWriter();
  const readerGone = new AbortController();
  const signal = AbortSignal.any([readerGone.signal, ...(options.signal ? [options.signal] : [])]);
  const queue = [...tasks];
  const environment = options.environment ?? await workerEnvironment(tasks, options);
  const lanes = Array.from(
    { length: Math.min(options.jobs, tasks.length) },
    async () => {
      while (queue.length > 0 && !signal.aborted) {
        await workThrough(
          queue,
          { ...options, signal, environment },
          (event) => events.write(event),
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
 * The environment of all workers: one thread each, since two libraries that each take every core slow
 * each other down; the fast kernels of OpenBLAS; and where a run may compute on WebAssembly, one choice
 * of the ways to matrix products, so that a run has the same bytes in whichever worker it is done.
 */
async function workerEnvironment(
  tasks: readonly WorkerTask[],
  { earlier, signal, worker }: PoolOptions,
): Promise<ChildEnvironment> {
  const mayUseWasm = tasks.some(({ run: { config: { backend } } }) =>
    backend === "auto" || backend === "wasm"
  );
  // Another program than the worker's own multiplies no matrices.
  if (!mayUseWasm || worker !== undefined) return blasEnvironment();
  return await sharedEnvironment(earlier, signal === undefined ? {} : { signal });
}

/** One worker's life: it takes tasks from the queue until there is none, or it dies. */
async function workThrough(
  queue: WorkerTask[],
  options: PoolOptions & Required<Pick<PoolOptions, "signal" | "environment">>,
  report: (event: WorkerEvent) => Promise<void>,
): Promise<void> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "--quiet", fileURLToPath(options.worker ?? WORKER)],
    env: options.environment,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const kill = () => {
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
  };
  options.signal.addEventListener("abort", kill);
  const input = child.stdin.getWriter();
  const log = lastPart(child.stderr);
  let current: WorkerTask | undefined;
  const next = async () => {
    current = queue.shift();
    if (current === undefined) return await input.close();
    await input.write(new TextEncoder().encode(JSON.stringify(current) + "\n"));
  };
  try {
    // A worker that dies at once breaks the pipe; its status below then says what is wrong.
    await next().catch(() => {});
    for await (const line of readLines(child.stdout)) {
      const event = parseEvent(line);
      if (event === null) continue;
      await report(event);
      if (event.kind !== "progress") {
        current = undefined;
        // What a failed run left behind is not known: the next one gets a new process.
        if (event.kind !== "finished" || options.signal.aborted) return;
        await next().catch(() => {});
      }
    }
    const status = await child.status;
    // A signal to all processes, such as Ctrl-C, may reach the worker before it reaches this one.
    if (status.signal !== null) await new Promise((resolve) => setTimeout(resolve, 200));
    if (current !== undefined && !options.signal.aborted) {
      const how = status.signal === null ? `code ${status.code}` : status.signal;
      const error = `The worker ended with ${how} in the middle of the run${told(await log)}`;
      await report({ kind: "failed", id: current.run.id, error });
    }
  } finally {
    options.signal.removeEventListener("abort", kill);
    kill();
    await input.abort().catch(() => {});
    await child.status;
    await log;
  }
}

/** Formats the output of an ended process, with its error, if it named one, on the first line. */
function told(log: string): string {
  // deno-lint-ignore no-control-regex -- Deno colours its errors
  const cause = /^error: (.*)$/m.exec(log.replace(/\x1b\[[\d;]*m/g, ""))?.[1];
  return `${cause === undefined ? "." : `: ${cause}`}\n${log}`;
}

/** The last characters a worker printed as errors. */
async function lastPart(stream: ReadableStream<Uint8Array>): Promise<string> {
  let kept = "";
  for await (const line of readLines(stream)) kept = `${kept}${line}\n`.slice(-KEPT_LOG);
  return kept;
}
