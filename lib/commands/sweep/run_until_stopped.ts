import type { RunResult } from "../../run/result.ts";
import {
  runSweep,
  type RunSweepOptions,
  type SweepEnd,
  type SweepProgress,
} from "../../sweep/run_sweep.ts";
import type { SweepStore } from "../../sweep/store.ts";
import { interruptible } from "../interruptible.ts";

/** Does the runs, until they are done or a signal comes. */
export async function runUntilStopped(
  store: SweepStore,
  before: readonly RunResult[],
  progress: SweepProgress,
  options: RunSweepOptions,
): Promise<SweepEnd & { interrupted: boolean }> {
  try {
    return await interruptible(async (signal) => {
      const end = await runSweep(store, before, progress, { ...options, signal });
      return { ...end, interrupted: signal.aborted };
    }, () => progress.stop());
  } finally {
    progress.stop();
  }
}
