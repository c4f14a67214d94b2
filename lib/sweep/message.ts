import type { PlannedRun } from "./sweep.ts";

/** Message from the parent to a worker: one JSON object per line on the worker's standard input. */
export interface WorkerTask {
  /** The sweep's folder of results. */
  readonly dir: string;
  readonly run: PlannedRun;
  /** Whether the trained adapter stays in the run's folder. */
  readonly keepAdapter: boolean;
}

/**
 * Message from a worker to its parent: one JSON object per line on the worker's standard output.
 */
export type WorkerEvent =
  | { readonly kind: "progress"; readonly id: string; readonly done: number; readonly loss: number }
  | { readonly kind: "finished"; readonly id: string; readonly status: "done" | "diverged" }
  | { readonly kind: "failed"; readonly id: string; readonly error: string }
  /** The folder of results cannot be used, so no run can go on. */
  | { readonly kind: "stopped"; readonly id: string; readonly error: string };

/** The event on a line a worker printed; null when a kill tore it, or something else printed it. */
export function parseEvent(line: string): WorkerEvent | null {
  try {
    const event = JSON.parse(line) as Partial<WorkerEvent> | null;
    return typeof event?.kind === "string" ? event as WorkerEvent : null;
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
