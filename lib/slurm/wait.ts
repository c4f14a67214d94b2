import { isFinal, type RunResult } from "../run/result.ts";
import type { SweepProgress } from "../sweep/run_sweep.ts";
import { RunFolder } from "../sweep/run_folder.ts";
import { SweepError } from "../sweep/plan/sweep_error.ts";
import type { Slurm } from "./programs.ts";
import { activeElements, jobNames, readRecord } from "./record.ts";

/** The shortest and the longest time between two questions to Slurm, in seconds. */
const [SHORTEST, LONGEST] = [2, 30];

/**
 * Waits until Slurm has nothing more to do of a sweep, and shows what ends meanwhile. When Slurm does not
 * answer, as a busy one may not, that is told once and it is asked again.
 *
 * @param dir the sweep's folder
 * @param results of all runs, as they were known before
 * @param signal ends the waiting, and nothing of what Slurm does
 * @param pause waits for a time in seconds; another one in tests
 */
export async function waitForLaunch(
  dir: string,
  results: readonly RunResult[],
  progress: Pick<SweepProgress, "ended">,
  slurm: Slurm,
  { signal, note, pause = pauseFor }: {
    readonly signal: AbortSignal;
    readonly note: (sentence: string) => void;
    readonly pause?: (seconds: number, signal: AbortSignal) => Promise<void>;
  },
): Promise<void> {
  const told = new Set<string>();
  let open = results.filter((run) => !isFinal(run));
  for (let seconds = SHORTEST; !signal.aborted;) {
    const active = await ask();
    const atWork = new Set(active?.flatMap(({ runs }) => runs));
    const rest: RunResult[] = [];
    for (const run of open) {
      const now = await new RunFolder(dir, run).result();
      // The error of an earlier try stays until the run begins again.
      const isOver = isFinal(now) ||
        (now.status === "failed" && active !== null && !atWork.has(run.id));
      if (isOver) progress.ended(now);
      else rest.push(run);
    }
    seconds = rest.length < open.length ? SHORTEST : Math.min(LONGEST, seconds * 1.5);
    open = rest;
    if (active?.length === 0) return;
    await pause(seconds, signal);
  }

  /** The elements at work or waiting; null when Slurm does not say. */
  async function ask() {
    try {
      const record = await readRecord(dir);
      return record === null ? [] : activeElements(record, await slurm.queue(jobNames(record)));
    } catch (error) {
      if (!(error instanceof SweepError)) throw error;
      if (!told.has(error.message)) note(`${error.message}; it is asked again`);
      told.add(error.message);
      return null;
    }
  }
}

/** Waits so long, or until a signal comes. */
async function pauseFor(seconds: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, seconds * 1000);
    signal.addEventListener("abort", end);
  });
}
