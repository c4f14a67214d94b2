import { BAR_STYLE } from "./bar_style.ts";
import type { SingleBar } from "cli-progress";
import type { RunResult } from "../run/result.ts";
import { runLabel } from "../run/id.ts";
import type { SweepProgress } from "../sweep/run_sweep.ts";
import type { PlannedRun } from "../sweep/sweep.ts";
import { duration, firstLine } from "../util/words.ts";

/** What a {@linkcode SweepProgress} shows. */
export interface ProgressOptions {
  /** Runs of the sweep, those that were done before included. */
  readonly total: number;
  /** Runs that were done before. */
  readonly done: number;
  /** The metric told of a finished run. */
  readonly metric: string;
  /** Where a failed run's error stands. */
  errorPath(run: PlannedRun): string;
}

/** The stream of a terminal, as of `node:process`. */
export type TerminalStream = NodeJS.WritableStream;

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
export function runLine(result: RunResult, ended: number, options: ProgressOptions): string {
  const start = `[${ended}/${options.total}] ${runLabel(result.id)}`;
  if (result.status === "failed") {
    return `${start} failed: ${firstLine(result.error)} (see ${options.errorPath(result)})`;
  }
  const value = result.metrics[options.metric];
  const metric = typeof value === "number" ? ` ${options.metric}=${value.toFixed(3)}` : "";
  const { seconds } = result.provenance;
  const time = typeof seconds === "number" ? ` ${seconds.toFixed(1)}s` : "";
  return `${start}${result.status === "diverged" ? " diverged" : ""}${metric}${time}`;
}

/** One line per run that ends, for files, pipes and logs; or, when quiet, per run that fails. */
export function lineProgress(
  write: (line: string) => void,
  options: ProgressOptions,
  quiet = false,
): SweepProgress {
  let ended = options.done;
  return {
    working() {},
    ended(result) {
      ended++;
      if (!quiet || result.status === "failed") write(runLine(result, ended, options));
    },
    stop() {},
  };
}

/**
 * A bar with runs done, rate, time left and the mean of the latest losses; runs that fail or diverge
 * leave a line above it.
 *
 * @param now the time in ms, for the rate
 */
export async function barProgress(
  stream: TerminalStream,
  options: ProgressOptions,
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
      format: "[{bar}] {runs} runs{rate}{left}{loss}",
      ...BAR_STYLE,
    });
    created.start(options.total, ended, payload());
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
    const known = worked() > 0 && seconds > 0;
    const losses = [...atWork.values()].map(({ loss }) => loss).filter(Number.isFinite);
    const loss = losses.reduce((sum, value) => sum + value, 0) / losses.length;
    return {
      runs: `${ended}/${options.total}`,
      rate: known ? ` | ${rateText(rate)}` : "",
      left: known ? ` | ${duration((options.total - options.done - worked()) / rate)} left` : "",
      loss: losses.length > 0 ? ` | loss ${loss.toFixed(3)}` : "",
    };
  }

  const update = () => bar.update(options.done + worked(), payload());
  return {
    working(id, done, loss) {
      atWork.set(id, { done, loss });
      update();
    },
    ended(result) {
      atWork.delete(result.id);
      ended++;
      if (result.status === "done") return update();
      // The bar takes the cursor back to where it started, so nothing may be written beside it.
      bar.stop();
      stream.write(runLine(result, ended, options) + "\n");
      bar = startBar();
    },
    stop: () => bar.stop(),
  };
}

function rateText(perSecond: number): string {
  return perSecond >= 0.1 ? `${perSecond.toFixed(1)}/s` : `${(perSecond * 60).toFixed(1)}/min`;
}
