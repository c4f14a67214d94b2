import type { RunResult } from "../../run/result.ts";
import {
  runSweep,
  type RunSweepOptions,
  selectRuns,
  type SweepEnd,
  type SweepProgress,
} from "../../sweep/run_sweep.ts";
import { Steering } from "../../sweep/steering.ts";
import type { SweepStore } from "../../sweep/store.ts";
import { runInRungs } from "../../sweep/tuning/run_in_rungs.ts";
import { interruptible } from "../interruptible.ts";

/** Does the runs, until they are done, a signal comes, or a person wishes that no other begins. */
export async function runUntilStopped(
  store: SweepStore,
  before: readonly RunResult[],
  progress: SweepProgress,
  options: RunSweepOptions,
): Promise<SweepEnd & { interrupted: boolean }> {
  try {
    using steering = await Steering.listen(store.dir);
    return await interruptible(async (signal) => {
      const all = { ...options, signal, steering };
      const { early_stopping } = store.manifest;
      const end = early_stopping === undefined
        ? await runSweep(store, before, progress, all)
        : await runInRungs(store, before, progress, all, early_stopping);
      const isLeft = selectRuns(end.results).some(({ status }) => status === "planned");
      return { ...end, interrupted: signal.aborted || (steering.hold.aborted && isLeft) };
    }, () => progress.stop());
  } finally {
    progress.stop();
  }
}
