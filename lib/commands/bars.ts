/** What a person sees of long work, as a bar on a terminal or as lines elsewhere: runs, data, a model. */
import type { SingleBar } from "cli-progress";
import type { DownloadEvent } from "../hub/hugging_face.ts";
import { runLabel } from "../run/id.ts";
import type { RunResult } from "../run/result.ts";
import type { SilentEvent } from "../sweep/workers/message.ts";
import type { SweepProgress } from "../sweep/run_sweep.ts";
import type { PlannedRun } from "../sweep/plan/sweep.ts";
import type { SuperniProgress } from "../tasks/superni_download.ts";
import type { StagesTold } from "../run/stages/keeper.ts";
import { mean } from "../util/vectors.ts";
import { printable } from "../util/printable.ts";
import { byteSize, duration, firstLine } from "../util/words.ts";

/** Shows work to a person. */
export interface Progress<Event> {
  /** Shows how far it is. */
  show(event: Event): void;
  /** Leaves the terminal as it was; to be called however the work ends. */
  stop(): void;
}

/** Contents of a sweep's progress display. */
export interface SweepShown {
  /** Runs of the sweep, those that were done before included. */
  readonly total: number;
  /** Runs that were done before. */
  readonly done: number;
  /** Metric shown for each finished run. */
  readonly metric: string;
  /** The file that holds a failed run's error. */
  errorPath(run: PlannedRun): string;
}

/** Style of bars over many runs or files: one width, removed when done. */
const BAR_STYLE = {
  barsize: 24,
  barCompleteChar: "=",
  barIncompleteChar: "-",
  clearOnComplete: true,
  gracefulExit: false, // Ctrl-C is not the bar's to handle
  hideCursor: true,
} as const;

/**
 * What became of a run, in one line.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseRunConfig } from "../run/config.ts";
 * import type { RunResult } from "../run/result.ts";
 *
 * const result: RunResult = {
 *   id: "n_skills=8,seed=1--0123abcd",
 *   config: parseRunConfig({}),
 *   status: "done",
 *   metrics: { heldout_exact_match: 0.734375 },
 *   tasks: [],
 *   provenance: { seconds: 3.21 },
 * };
 * const options = { total: 48, done: 11, metric: "heldout_exact_match", errorPath: () => "" };
 * assert.equal(
 *   runLine(result, 12, options),
 *   "[12/48] n_skills=8,seed=1 heldout_exact_match=0.734 3.2s",
 * );
 * ```
 */
export function runLine(result: RunResult, ended: number, options: SweepShown): string {
  const start = `[${ended}/${options.total}] ${printable(runLabel(result.id))}`;
  if (result.status === "failed") {
    return `${start} failed: ${printable(firstLine(result.error))} (see ${
      options.errorPath(result)
    })`;
  }
  const value = result.metrics[options.metric];
  const metric = typeof value === "number" ? ` ${options.metric}=${value.toFixed(3)}` : "";
  const { seconds, stages } = result.provenance;
  const time = typeof seconds === "number" ? ` ${seconds.toFixed(1)}s` : "";
  const end = result.status === "done"
    ? ""
    : result.status === "stopped_early"
    ? ` stopped early at step ${result.metrics.stopped_early_at_step}`
    : ` ${result.status}`;
  const step = (stages as StagesTold | undefined)?.resumed_at_step;
  const resumed = typeof step === "number" ? `, resumed at step ${step}` : "";
  return `${start}${end}${metric}${time}${resumed}`;
}

/**
 * That nothing has come of a run, and what to do about it.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const event = { kind: "silent", id: "seed=1--0123abcd", pid: 42, seconds: 300 } as const;
 * assert.equal(
 *   silentLine({ ...event, isStopped: true }),
 *   "No progress of seed=1 for 5:00: its process 42 is stopped; kill -CONT 42 lets it go on",
 * );
 * ```
 */
export function silentLine({ id, pid, seconds, isStopped }: SilentEvent): string {
  const what = isStopped
    ? `is stopped; kill -CONT ${pid} lets it go on`
    : `is still there; kill ${pid} ends it, and the run has then failed`;
  const run = printable(runLabel(id));
  return `No progress of ${run} for ${duration(seconds)}: its process ${pid} ${what}`;
}

/** That a run has failed and is tried again, in one line. */
function againLine({ id, error }: RunResult): string {
  return `${printable(runLabel(id))} failed and is tried again: ${printable(firstLine(error))}`;
}

/**
 * One line per run that ends or has been silent for long, for files, pipes and logs; or, when quiet, per
 * run that fails or is silent.
 */
export function sweepLines(
  write: (line: string) => void,
  options: SweepShown,
  quiet = false,
): SweepProgress {
  let ended = options.done;
  return {
    working() {},
    silent: (event) => write(silentLine(event)),
    again: (result) => write(againLine(result)),
    ended(result) {
      ended++;
      if (!quiet || result.status === "failed") write(runLine(result, ended, options));
    },
    stop() {},
  };
}

/**
 * A bar with runs done, rate, time left and the latest loss, or the mean of those of several runs at work:
 * as many of these as the terminal is wide. Each run that ends or is silent for long leaves a line above it.
 * How long the rest takes is said once it is known from a whole run.
 *
 * @param now the time in ms, for the rate
 */
export async function sweepBar(
  stream: NodeJS.WritableStream & { readonly columns?: number },
  options: SweepShown,
  now: () => number = performance.now.bind(performance),
): Promise<SweepProgress> {
  const { default: progress } = await import("cli-progress");
  const started = now();
  const atWork = new Map<string, { done: number; loss: number }>();
  let ended = options.done;
  let bar = startBar();

  function startBar(): SingleBar {
    const created = new progress.SingleBar({
      stream,
      format: (
        options: { readonly barCompleteString?: string; readonly barIncompleteString?: string },
        { progress }: { readonly progress: number },
        shown: { readonly texts: readonly string[] },
      ) => {
        const { texts, size } = fitBar(shown.texts, stream.columns ?? NARROW);
        const done = Math.round(progress * size);
        const bar = options.barCompleteString!.slice(0, done) +
          options.barIncompleteString!.slice(0, size - done);
        return [...size > 0 ? [`[${bar}] ${texts[0]}`] : texts.slice(0, 1), ...texts.slice(1)]
          .join(" | ");
      },
      ...BAR_STYLE,
    });
    created.start(options.total, options.done + worked(), payload());
    return created;
  }

  /** Runs done since the start, with the parts of those at work. */
  function worked(): number {
    const parts = [...atWork.values()].reduce((sum, { done }) => sum + done, 0);
    return ended - options.done + parts;
  }

  function payload() {
    const seconds = (now() - started) / 1000;
    const rate = worked() / seconds;
    // Runs begin slowly, and what a part of one says of the rest is far off.
    const known = worked() >= 1 && seconds > 0;
    const losses = [...atWork.values()].map(({ loss }) => loss).filter(Number.isFinite);
    const loss = losses.length > 1 ? "mean loss" : "loss";
    return {
      texts: [
        `${ended}/${options.total} runs`,
        ...known
          ? [`${duration((options.total - options.done - worked()) / rate)} left`, rateText(rate)]
          : [],
        ...losses.length > 0 ? [`${loss} ${mean(losses).toFixed(3)}`] : [],
      ],
    };
  }

  /** The bar takes the cursor back to where it started, so nothing may be written beside it. */
  function writeAbove(line: string): void {
    bar.stop();
    stream.write(`${line}\n`);
    bar = startBar();
  }

  const update = () => bar.update(options.done + worked(), payload());
  return {
    working(id, done, loss) {
      atWork.set(id, { done, loss });
      update();
    },
    silent: (event) => writeAbove(silentLine(event)),
    again(result) {
      atWork.delete(result.id);
      writeAbove(againLine(result));
    },
    ended(result) {
      atWork.delete(result.id);
      ended++;
      writeAbove(runLine(result, ended, options));
    },
    stop: () => bar.stop(),
  };
}

/** Characters of a line where a terminal does not say how many it has. */
const NARROW = 80;
/** The least characters of a bar that shows anything. */
const LEAST_BAR = 8;

/**
 * The texts beside a bar, and the bar's characters, so that one line of a terminal holds both: the last
 * texts are left out first.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const texts = ["3/16 runs", "1:10 left", "4.0/min", "loss 2.345"];
 * assert.deepEqual(fitBar(texts, 100), { texts, size: 24 });
 * assert.deepEqual(fitBar(texts, 44), { texts: texts.slice(0, 3), size: 9 });
 * ```
 */
export function fitBar(
  texts: readonly string[],
  width: number,
): { readonly texts: readonly string[]; readonly size: number } {
  for (let count = texts.length;; count--) {
    const kept = texts.slice(0, count);
    // A terminal may break a line that fills it.
    const room = width - 1 - "[] ".length - kept.join(" | ").length;
    if (room >= LEAST_BAR) return { texts: kept, size: Math.min(BAR_STYLE.barsize, room) };
    if (count === 1) return { texts: kept, size: 0 };
  }
}

/**
 * A rate for people: of a second, a minute or an hour, whichever has at least one.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual([1.5, 0.1, 0.01].map(rateText), ["1.5/s", "6.0/min", "36.0/h"]);
 * ```
 */
export function rateText(perSecond: number): string {
  if (perSecond >= 1) return `${perSecond.toFixed(1)}/s`;
  const perMinute = perSecond * 60;
  return perMinute >= 1 ? `${perMinute.toFixed(1)}/min` : `${(perMinute * 60).toFixed(1)}/h`;
}

/** A line at each tenth of the bytes, for files, pipes and logs. */
export function dataLines(write: (line: string) => void): Progress<SuperniProgress> {
  let told = 0;
  return {
    show({ done, files, received, bytes }) {
      const tenth = Math.floor(received / Math.max(bytes, 1) * 10);
      if (tenth <= told && done < files) return;
      if (told === 10) return;
      told = done === files ? 10 : Math.min(tenth, 9);
      write(`${count(done)} of ${count(files)} files, ${byteSize(received)} of ${byteSize(bytes)}`);
    },
    stop() {},
  };
}

/**
 * One bar for all files, with bytes, rate and time left.
 *
 * @param now the time in ms, for the rate
 */
export async function dataBar(
  stream: NodeJS.WritableStream,
  now: () => number = performance.now.bind(performance),
): Promise<Progress<SuperniProgress>> {
  const { default: progress } = await import("cli-progress");
  const bar = new progress.SingleBar({
    stream,
    format: "[{bar}] {share}% | {files} files | {sizes}{rate}",
    ...BAR_STYLE,
  });
  let start: { time: number; received: number } | null = null;
  return {
    show({ done, files, received, bytes }) {
      // What is there already comes in one go; the rate is of what follows.
      const first = start === null;
      start ??= { time: now(), received };
      const seconds = (now() - start.time) / 1000;
      const rate = (received - start.received) / seconds;
      const payload = {
        share: Math.floor(received / Math.max(bytes, 1) * 100),
        files: `${count(done)}/${count(files)}`,
        sizes: `${byteSize(received)} of ${byteSize(bytes)}`,
        rate: rate > 0 && Number.isFinite(rate)
          ? ` | ${byteSize(rate)}/s | ${duration((bytes - received) / rate)} left`
          : "",
      };
      if (first) bar.start(bytes, received, payload);
      else bar.update(received, payload);
    },
    stop() {
      if (start !== null) bar.stop();
      start = null;
    },
  };
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** A line for each file of a model, for files, pipes and logs. */
export function downloadLines(write: (line: string) => void): Progress<DownloadEvent> {
  let file: string | null = null;
  return {
    show(event) {
      if (event.file === file) return;
      file = event.file;
      write(`Downloading ${fileLabel(event)}, ${fileSize(event)}`);
    },
    stop() {},
  };
}

/** A bar for each file of a model, which stays as a line when the file is there. */
export async function downloadBar(stream: NodeJS.WritableStream): Promise<Progress<DownloadEvent>> {
  const { default: progress } = await import("cli-progress");
  let bar: SingleBar | null = null;
  let file: string | null = null;
  const stop = () => {
    bar?.stop();
    bar = null;
    file = null;
  };
  return {
    show(event) {
      if (event.file !== file) {
        stop();
        file = event.file;
        bar = new progress.SingleBar({
          stream,
          format: "{file} [{bar}] {percentage}% of {size}",
          clearOnComplete: false,
          gracefulExit: false, // Ctrl-C is not the bar's to handle
          hideCursor: null,
        });
        bar.start(event.total ?? event.received, event.received, {
          file: fileLabel(event),
          size: fileSize(event),
        });
      }
      bar?.update(event.received);
    },
    stop,
  };
}

function fileLabel({ file, fileIndex, files }: DownloadEvent): string {
  const name = printable(file);
  return files === 1 ? name : `${name} (${fileIndex + 1} of ${files})`;
}

function fileSize({ total }: DownloadEvent): string {
  return total === null ? "?" : byteSize(total);
}
