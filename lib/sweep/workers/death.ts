import { byteSize } from "../../util/words.ts";
import type { SystemMemory } from "./memory.ts";
import type { WorkerLog } from "./worker_log.ts";

/** What is known of a worker that has ended in the middle of a run. */
export interface Death {
  /** The code that it ended with. */
  readonly code: number;
  /** The signal that ended it, if one did. */
  readonly signal: string | null;
  /** The memory that it held when it last told, in bytes; null when it never did. */
  readonly held: number | null;
  /** The system's memory when the worker started. */
  readonly before: SystemMemory;
  /** The system's memory now. */
  readonly now: SystemMemory;
  /** What it printed. */
  readonly log: Pick<WorkerLog, "cause" | "tail">;
}

/**
 * Why a worker ended, on the first line: the error that it named, or the signal and what memory says.
 * What it printed follows.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const memory = { total: 16e9, kills: null };
 * const death = { code: 137, signal: "SIGKILL", held: 3e9, before: memory, now: memory };
 * assert.equal(
 *   describeDeath({ ...death, log: { cause: null, tail: "" } }),
 *   "The worker ended with SIGKILL in the middle of the run, as systems end what takes too much " +
 *     "memory: it held 3.0 GB of 16.0 GB when it last told; fewer --jobs leave more to each\n",
 * );
 * ```
 */
export function describeDeath({ code, signal, held, before, now, log }: Death): string {
  const start = `The worker ended with ${signal ?? `code ${code}`} in the middle of the run`;
  const hidden = now.isLimitHidden
    ? "; what a container or a user may have of it is read with --allow-all only"
    : "";
  const memory = held === null
    ? `there are ${byteSize(now.total)} in all${hidden}`
    : `it held ${byteSize(held)} of ${byteSize(now.total)} when it last told${hidden}`;
  const advice = "fewer --jobs leave more to each";
  if (signal === "SIGKILL") {
    const wasOut = now.kills !== null && before.kills !== null && now.kills > before.kills;
    const why = wasOut
      ? "as the system ran out of memory"
      : "as systems end what takes too much memory";
    return `${start}, ${why}: ${memory}; ${advice}\n${log.tail}`;
  }
  if (log.cause !== null) {
    const isOfMemory = /out of memory|memory allocation|heap limit/i.test(log.cause);
    return `${start}: ${log.cause}${isOfMemory ? ` (${memory}; ${advice})` : ""}\n${log.tail}`;
  }
  return `${start}${signal === null ? "" : `: ${memory}`}\n${log.tail}`;
}
