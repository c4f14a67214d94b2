import { z } from "zod";
import type { ChosenBackend } from "../../backend/backend.ts";
import type { KnownInputs } from "../../run/inputs.ts";
import { FINAL_STATUSES, type FinalStatus } from "../../run/result.ts";
import type { PlannedRun } from "../plan/sweep.ts";

/** Message from the parent to a worker: one JSON object per line on the worker's standard input. */
export interface WorkerTask {
  /** The sweep's folder of results. */
  readonly dir: string;
  readonly run: PlannedRun;
  /** Whether the trained adapter stays in the run's folder. */
  readonly keepAdapter: boolean;
  /** The folder of stages that runs share; null to share none. */
  readonly stagesDir: string | null;
  /** What the run reads, so that no worker asks a hub or hashes weights; absent where it is not known. */
  readonly reads?: KnownInputs;
  /** Which try of the run this is, counted from 1, which it is when absent. */
  readonly attempt?: number;
  /** The device of a run that leaves it to the machine, where one was chosen; its worker chooses else. */
  readonly device?: ChosenBackend;
  /**
   * Names of the runs that are trained in the same batches, this one among them; absent for a run alone. The
   * tasks of a company come one behind another, and begin when all are there.
   */
  readonly company?: readonly string[];
  /** The step of the multi-task phase at which the run is left, to be gone on with later; absent for none. */
  readonly pauseAt?: number;
}

/**
 * Message from a worker to its parent: one JSON object per line on the worker's standard output.
 */
export type WorkerEvent =
  | {
    readonly kind: "progress";
    readonly id: string;
    readonly done: number;
    readonly loss: number;
    /** The memory that the worker holds, in bytes. */
    readonly memory?: number;
  }
  | { readonly kind: "finished"; readonly id: string; readonly status: FinalStatus }
  /** The run waits at the step at which it was to be left. */
  | { readonly kind: "paused"; readonly id: string }
  | { readonly kind: "failed"; readonly id: string; readonly error: string }
  /** A run has failed in company; the pool says so, and tries it again in a smaller one. */
  | { readonly kind: "parted"; readonly id: string; readonly error: string }
  /** The folder of results cannot be used, so no run can go on. */
  | { readonly kind: "stopped"; readonly id: string; readonly error: string };

/** What the pool itself tells of a run: nothing has come of it for a while. */
export interface SilentEvent {
  readonly kind: "silent";
  readonly id: string;
  /** The process that the run is in. */
  readonly pid: number;
  /** How long nothing has come, in seconds. */
  readonly seconds: number;
  /** Whether the process is stopped, as by Ctrl-Z or SIGSTOP; false where that cannot be seen. */
  readonly isStopped: boolean;
}

const EVENT = z.union([
  z.object({
    kind: z.literal("progress"),
    id: z.string(),
    done: z.number(),
    loss: z.number().nullable().transform((loss) => loss ?? NaN), // how JSON writes NaN
    memory: z.number().optional(),
  }),
  z.object({ kind: z.literal("finished"), id: z.string(), status: z.enum(FINAL_STATUSES) }),
  z.object({ kind: z.literal("paused"), id: z.string() }),
  z.object({ kind: z.enum(["failed", "stopped"]), id: z.string(), error: z.string() }),
]);

/** The event on a line a worker printed; null when a kill tore it, or something else printed it. */
export function parseEvent(line: string): WorkerEvent | null {
  try {
    return EVENT.parse(JSON.parse(line)) as WorkerEvent;
  } catch {
    return null;
  }
}

/** Lines of a stream of bytes, without their line breaks; a last line without one is given too. */
export async function* readLines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of stream) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
  if (rest !== "") yield rest;
}
