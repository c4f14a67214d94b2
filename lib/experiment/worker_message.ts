import type { PlannedRun } from "./sweep.ts";

/** What the parent tells a worker, one JSON object a line on its standard input. */
export interface WorkerTask {
  readonly resultsDir: string;
  readonly run: PlannedRun;
}

/** What a worker tells its parent, one JSON object a line on its standard output. */
export type WorkerEvent =
  | { readonly kind: "progress"; readonly id: string; readonly done: number; readonly loss: number }
  | { readonly kind: "finished"; readonly id: string; readonly status: "done" | "diverged" }
  | { readonly kind: "failed"; readonly id: string; readonly error: string };

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
