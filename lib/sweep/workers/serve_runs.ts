import { isFinal, type RunResult } from "../../run/result.ts";
import { writtenFiles } from "../../run/written_files.ts";
import type { WorkerEvent, WorkerTask } from "./message.ts";
import { RunFolder } from "../run_folder.ts";
import { isFullDisk, StoreError, whenWriting } from "../store_error.ts";

/**
 * Does one run in its folder. One that it leaves at the step that its task names is `planned` still.
 * @param report called with the progress: the share done, in [0, 1], and the latest loss
 * @returns null where the run was stopped, and goes on another time
 */
export type DoRun = (
  task: WorkerTask,
  folder: RunFolder,
  report: (done: number, loss: number) => void,
) => Promise<Pick<RunResult, "status" | "metrics" | "tasks" | "provenance"> | null>;

/** Least time between two reports of one run, in ms. */
const REPORT_EVERY = 200;

/**
 * The life of a worker process: it takes runs from standard input, does one after another, and tells
 * on standard output what became of them. The process ends when its standard input does, in the middle
 * of a run too.
 *
 * A run belongs to the process that holds the lock of its folder; one that is done by then is left as
 * it is. The runs of a company are done at the same time. When runs were stopped, the process ends as soon as
 * none is left at work.
 */
export async function serveRuns(doRun: DoRun): Promise<void> {
  let tasks: WorkerTask[] = [];
  for await (const line of linesOfParent()) {
    tasks.push(JSON.parse(line) as WorkerTask);
    if (tasks.length < (tasks[0]!.company?.length ?? 1)) continue;
    const ends = await Promise.all(tasks.map(async (task) => {
      const event = await serve(task, doRun);
      if (event !== null) say(event);
      return event;
    }));
    if (ends.includes(null)) Deno.exit(STOPPED);
    tasks = [];
  }
}

/** The exit code of a process that was asked to stop. */
export const STOPPED = 130;

/** Does a run; null when it was stopped. */
async function serve(task: WorkerTask, doRun: DoRun): Promise<WorkerEvent | null> {
  const { run } = task;
  const folder = new RunFolder(task.dir, run);
  try {
    using _lock = await folder.begin();
    const before = await folder.result();
    if (isFinal(before)) return { kind: "finished", id: run.id, status: before.status };
    let reported = -Infinity;
    const found = await doRun(task, folder, (done, loss) => {
      if (performance.now() - reported < REPORT_EVERY) return;
      reported = performance.now();
      const memory = Deno.memoryUsage().rss;
      say({ kind: "progress", id: run.id, done, loss, memory });
    });
    if (found === null) return null;
    if (found.status === "planned" && task.pauseAt !== undefined) {
      const provenance = { ...found.provenance, paused_at_step: task.pauseAt };
      await folder.pause({ ...run, ...found, provenance });
      return { kind: "paused", id: run.id };
    }
    if (!isFinal(found)) throw new TypeError(`A run cannot end as ${found.status}`);
    const tries = task.attempt === undefined ? {} : { attempts: task.attempt };
    const provenance = { ...found.provenance, ...tries };
    await folder.finish({ ...run, ...found, provenance, files: await writtenFiles(folder.dir) });
    return { kind: "finished", id: run.id, status: found.status };
  } catch (error) {
    const refused = isFullDisk(error) ? whenWriting(folder.dir, error) : error;
    return refused instanceof StoreError
      ? { kind: "stopped", id: run.id, error: refused.message }
      : { kind: "failed", id: run.id, error: describe(error) };
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.stack ?? String(error) : String(error);
}

function say(event: WorkerEvent): void {
  const bytes = new TextEncoder().encode(JSON.stringify(event) + "\n");
  for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
}

/** Lines of standard input, read by a thread of their own: see standard_input.ts. */
async function* linesOfParent(): AsyncGenerator<string> {
  const reader = new Worker(new URL("./standard_input.ts", import.meta.url), { type: "module" });
  const lines = new ReadableStream<string>({
    start(controller) {
      reader.onmessage = ({ data }: MessageEvent<string | null>) =>
        data === null ? controller.close() : controller.enqueue(data);
      reader.onerror = ({ message }) => controller.error(new Error(message));
    },
  });
  yield* lines;
  reader.terminate();
}
