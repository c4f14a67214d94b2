import { isFinal, type RunResult } from "../run/result.ts";
import type { QueuedElement } from "./queue.ts";
import { activeElements, logPath, type SlurmRecord, type SubmittedArray } from "./record.ts";

/** An element that is over and has left runs neither done nor failed: it was killed, or never began. */
export interface DeadElement {
  readonly array: SubmittedArray;
  readonly index: number;
  /** The runs that it left. */
  readonly left: readonly string[];
  /** The file that it wrote to; null when it wrote to none, as it never began. */
  readonly log: string | null;
}

/** Where a sweep stands that was submitted to Slurm. Every run is counted once. */
export interface LaunchStatus {
  readonly done: number;
  readonly failed: number;
  /** Runs in elements that are at work. */
  readonly running: number;
  /** Runs in elements that wait. */
  readonly pending: number;
  /** Runs that nobody is to do. */
  readonly left: number;
  /** How many elements wait for each of Slurm's reasons. */
  readonly reasons: ReadonlyMap<string, number>;
  readonly dead: readonly DeadElement[];
}

/**
 * Where a sweep stands.
 *
 * @param results of all runs of the sweep
 * @param record what was submitted of it
 * @param queue what Slurm knows of that
 */
export function launchStatus(
  dir: string,
  results: readonly RunResult[],
  record: SlurmRecord,
  queue: readonly QueuedElement[],
): LaunchStatus {
  const active = activeElements(record, queue);
  const stateOf = new Map(
    active.flatMap(({ runs, queued }) => runs.map((id) => [id, queued.state] as const)),
  );
  const reasons = new Map<string, number>();
  for (const { queued: { state, reason } } of active) {
    if (state === "pending" && reason !== "") reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  const open = results.filter(({ id, status }) => status === "planned" || stateOf.has(id))
    .filter((run) => !isFinal(run));
  const count = (state: string | undefined) =>
    open.filter(({ id }) => stateOf.get(id) === state).length;
  return {
    done: results.filter(isFinal).length,
    failed: results.filter(({ id, status }) => status === "failed" && !stateOf.has(id)).length,
    running: count("running"),
    pending: count("pending"),
    left: count(undefined),
    reasons,
    dead: deadElements(dir, record, new Set(open.map(({ id }) => id)), new Set(stateOf.keys())),
  };
}

/** Elements that left runs which no element after them was given. */
function deadElements(
  dir: string,
  { arrays }: SlurmRecord,
  open: ReadonlySet<string>,
  active: ReadonlySet<string>,
): DeadElement[] {
  const later = new Set(active);
  const dead: DeadElement[] = [];
  for (const array of [...arrays].reverse()) {
    const found = array.elements.map((runs, index) => ({
      array,
      index,
      left: runs.filter((id) => open.has(id) && !later.has(id)),
      log: logPath(dir, array, index),
    }));
    dead.unshift(...found.filter(({ left }) => left.length > 0));
    for (const id of array.elements.flat()) later.add(id);
  }
  return dead;
}
