import { shortName, stepsOf } from "./run_steps.ts";
import { eventFile, type Scalar } from "./event_file.ts";
import type { Study } from "../study.ts";
import { rowsOf } from "../table.ts";

/**
 * The logs and the metrics of every run as event files of TensorBoard, by their path: a folder for each run,
 * so that `tensorboard --logdir` shows it under its name. Logged columns are `phase/column` over steps, and
 * metrics of the result `result/metric` at step 0.
 *
 * @throws {SyntaxError} when a log is damaged
 */
export function tensorboardFiles(study: Study): Map<string, Uint8Array<ArrayBuffer>> {
  const started = new Map(rowsOf(study.provenance).map(({ id, started }) => [id, timeOf(started)]));
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const run of rowsOf(study.runs)) {
    const time = started.get(run.id!) ?? 0;
    const scalars = stepsOf(study, run).map(({ phase, column, step, value }): Scalar => ({
      ...{ tag: `${phase}/${column}`, step, value, time },
    }));
    if (scalars.length === 0) continue;
    files.set(`${shortName(run)}/events.out.tfevents.0.polytropos`, eventFile(scalars, time));
  }
  return files;
}

/** A time as text in seconds since 1970; 0 where there is none. */
function timeOf(text: unknown): number {
  const ms = typeof text === "string" ? Date.parse(text) : NaN;
  return Number.isNaN(ms) ? 0 : ms / 1000;
}
