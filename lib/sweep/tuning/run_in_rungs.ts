import { join } from "node:path";
import { readTextIfThere } from "../../files/file_system.ts";
import { parseMetrics } from "../../run/metrics_log.ts";
import { isFinal, type RunResult } from "../../run/result.ts";
import { writtenFiles } from "../../run/written_files.ts";
import { RunFolder } from "../run_folder.ts";
import {
  runSweep,
  type RunSweepOptions,
  selectRuns,
  type SweepEnd,
  type SweepProgress,
} from "../run_sweep.ts";
import type { SweepStore } from "../store.ts";
import { StoreError, whenReading } from "../store_error.ts";
import {
  type EarlyStopping,
  lossAt,
  rungStep,
  type Verdict,
  verdictsOf,
} from "./early_stopping.ts";

/**
 * Does the runs of a sweep that stops cells early. All are trained to the first rung; those that its rule
 * does not keep get the status `stopped_early`, and the others go on from their checkpoints to the next
 * rung, in the end to their end. How far runs are is read from what they have left, so a sweep that was
 * stopped anywhere goes on there, with the same decisions.
 *
 * @param before what was known of every run
 * @throws {StoreError} when the folder cannot be written, or a result or a log is damaged
 */
export async function runInRungs(
  store: SweepStore,
  before: readonly RunResult[],
  progress: SweepProgress,
  { onlyFailed = false, ...options }: RunSweepOptions,
  rule: EarlyStopping,
): Promise<SweepEnd> {
  const asked = new Set(selectRuns(before, onlyFailed).map(({ id }) => id));
  let results = [...before];
  let cells = new Set(before.map(({ id }) => id)); // those that are to reach the rung
  for (const [i, share] of rule.rungs.entries()) {
    const compared = () => results.filter(({ id }) => cells.has(id));
    const losses = () =>
      Promise.all(compared().map((run) => lossOf(store, run, rule, rungStep(run.config, share)!)));
    const known = await losses();
    const behind = compared().filter((run, i) =>
      known[i] === null && asked.has(run.id) && !isFinal(run)
    );
    if (behind.length > 0) {
      const { stopped } = await runSweep(store, behind, progress, {
        ...options,
        known: results,
        pauseAt: ({ config }) => rungStep(config, share)!,
      });
      results = await store.results();
      const left = results.filter(({ status }) => status === "planned").length;
      if (stopped !== null) return { results, stopped: { ...stopped, left } };
    }
    const found = behind.length > 0 ? await losses() : known;
    const verdicts = verdictsOf(rule, found);
    const runs = compared();
    // It was interrupted, or only failed runs were asked for: nothing is decided without the others.
    if (runs.some(({ status }, i) => status === "planned" && found[i] === null)) {
      return { results, stopped: null };
    }
    for (const [at, run] of runs.entries()) {
      if (verdicts[at]!.isKept || run.status !== "planned") continue;
      const place = { rung: i + 1, step: rungStep(run.config, share)!, loss: found[at]! };
      progress.ended(
        await stopEarly(store, run, rule, { ...place, ...verdicts[at]!, of: runs.length }),
      );
    }
    results = await store.results();
    // One that was stopped at a later rung, before the sweep was killed there, is compared there again.
    cells = new Set(compared().filter((_, at) => verdicts[at]!.isKept).map(({ id }) => id));
  }
  const last = results.filter((run) => cells.has(run.id) && asked.has(run.id));
  return await runSweep(store, last, progress, { ...options, known: results });
}

/** The loss by which a run is compared at a step; null where it has not come there, or has failed. */
async function lossOf(
  { dir }: SweepStore,
  run: RunResult,
  { metric }: EarlyStopping,
  step: number,
): Promise<number | null> {
  const isThere = run.status === "planned"
    ? Number(run.provenance.paused_at_step ?? 0) >= step
    : isFinal(run);
  if (!isThere) return null;
  const path = join(new RunFolder(dir, run).dir, "metrics.jsonl");
  const text = await readTextIfThere(path).catch((error) => {
    throw whenReading(path, error);
  });
  try {
    const { evaluate_every } = run.config;
    return lossAt(parseMetrics(text ?? "", path), metric, { step, evaluate_every });
  } catch (error) {
    throw error instanceof SyntaxError ? new StoreError(error.message) : error;
  }
}

/** Writes the result of a run that waits at a rung and does not go on. */
async function stopEarly(
  { dir }: SweepStore,
  run: RunResult,
  { rule, metric }: EarlyStopping,
  { rung, step, loss, rank, of }: Pick<Verdict, "rank"> & {
    readonly rung: number;
    readonly step: number;
    readonly loss: number;
    readonly of: number;
  },
): Promise<RunResult> {
  const folder = new RunFolder(dir, run);
  const { paused_at_step: _, ...provenance } = run.provenance;
  const result: RunResult = {
    ...run,
    status: "stopped_early",
    metrics: { stopped_early_at_step: step },
    provenance: { ...provenance, early_stopping: { rule, rung, step, [metric]: loss, rank, of } },
    files: await writtenFiles(folder.dir),
  };
  await folder.finish(result);
  return result;
}
