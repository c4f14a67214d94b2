/** What `squeue` says of the elements of job arrays. */

/** An element of a job array, or a job without elements, that Slurm knows. */
export interface QueuedElement {
  /** The number of the array's job, or of the job. */
  readonly job: string;
  /** The index in its array; null for a job without elements. */
  readonly index: number | null;
  /** The name that the job was submitted under. */
  readonly name: string;
  /** Whether it is at work or is still to be; a job that is being cleaned up is neither. */
  readonly state: "pending" | "running" | "over";
  /** Why it waits, in Slurm's word, such as `Resources`; empty for one that does not. */
  readonly reason: string;
}

/** The form of a line of `squeue` for {@linkcode parseQueue}. Names come last, as they may hold anything. */
export const QUEUE_FORMAT = "%F|%K|%T|%r|%j";

/** States of jobs that wait, or will again. */
const PENDING = /^(PENDING|REQUEUED|REQUEUE_\w+|SPECIAL_EXIT|RESV_DEL_HOLD)$/;
/** States of jobs that hold processors. */
const RUNNING = /^(RUNNING|CONFIGURING|SUSPENDED|STOPPED|SIGNALING|STAGE_OUT|RESIZING)$/;

/**
 * Reads what `squeue --noheader --array` prints in {@linkcode QUEUE_FORMAT}. Other lines are passed over.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(parseQueue("12|3|PENDING|Resources|size-1\n13|N/A|COMPLETING|None|size-2\n"), [
 *   { job: "12", index: 3, name: "size-1", state: "pending", reason: "Resources" },
 *   { job: "13", index: null, name: "size-2", state: "over", reason: "" },
 * ]);
 * ```
 */
export function parseQueue(text: string): QueuedElement[] {
  return text.split("\n").flatMap((line) => {
    const [, job, index, state, why, name] = /^(\d+)\|([^|]*)\|(\w+)\|([^|]*)\|(.*)$/.exec(line) ??
      [];
    if (job === undefined) return [];
    const reason = why === "None" ? "" : why!;
    return [{
      job,
      index: /^\d+$/.test(index!) ? Number(index) : null,
      name: name!,
      state: PENDING.test(state!) ? "pending" : RUNNING.test(state!) ? "running" : "over",
      reason,
    }];
  });
}
