/**
 * How a run is left at a step of its multi-task phase: it is asked to stop there, as it is when its process is
 * to end, and leaves a checkpoint. Nothing in the run itself knows of it, so its bytes are those of a run that
 * is never left.
 */
import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import type { MetricsRow } from "../../run/metrics_log.ts";
import type { RunOutcome, RunOutput } from "../../run/run.ts";
import { type StageOptions, type StagesTold, StoppedError } from "../../run/stages/keeper.ts";
import type { StageContent } from "../../stages/stage.ts";

/** What of a run's output is watched and given to it. */
type Watched = Required<Pick<RunOutput, "stages" | "signal" | "report">>;

/** What is known of a run that was left at its step. */
type Paused = Omit<RunOutcome, "stages"> & { readonly stages: StagesTold | null };

/**
 * Does a run up to a step at which it is evaluated, and leaves it there, with its log up to that step. Where
 * that step or a later one was reached before, by this run or by one with the same multi-task phase, nothing
 * is trained. A run that diverges before ends as it always does.
 *
 * @param dir the run's folder, whose log ends with the step
 * @param work does the run
 * @returns an outcome with status `planned` for a run that was left
 * @throws {StoppedError} when it was asked to stop for another reason
 */
export async function workUntil(
  step: number,
  dir: string,
  { stages, signal, report }: Watched,
  work: (output: Watched) => Promise<RunOutcome>,
): Promise<Paused> {
  const reached = new AbortController();
  let rowsBefore: readonly MetricsRow[] = [];
  let from = 0;
  let ofOneStep: number | null = null;
  const reachedBefore = ({ found }: StageContent): never => {
    const rows = found.rows as unknown as readonly MetricsRow[];
    rowsBefore = rows.filter((row) => Number(row.step) <= step);
    reached.abort();
    throw new StoppedError("The step of the run was reached before");
  };
  const watched = (store: StageOptions["store"]): StageOptions["store"] => ({
    read: async (facts) => {
      const content = await store.read(facts);
      if (content === null || facts.kind !== "checkpoint" || facts.of !== "multitask") {
        return content;
      }
      from = content.found.step as number;
      return from < step ? content : reachedBefore(content);
    },
    obtainAll: async (all, make) => {
      const whole = all[0]?.kind === "multitask" ? await store.read(all[0]) : null;
      const diverged = whole?.found.diverged_at_step ?? null;
      if (whole !== null && (diverged === null || (diverged as number) > step)) {
        reachedBefore(whole);
      }
      return await store.obtainAll(all, make);
    },
    write: (facts, content) => store.write(facts, content),
    remove: (facts) => store.remove(facts),
  });
  try {
    return await work({
      stages: stages === null ? null : { ...stages, store: watched(stages.store) },
      signal: AbortSignal.any([signal, reached.signal]),
      report(done, loss) {
        report(done, loss);
        // A run tells its progress as a share of all that it does; its first sign is a step that is known.
        if (done > 0) ofOneStep ??= done / Math.max(1, from);
        if (ofOneStep !== null && Math.round(done / ofOneStep) >= step) reached.abort();
      },
    });
  } catch (error) {
    if (!(error instanceof StoppedError) || signal.aborted) throw error;
    const lines = rowsBefore.map((row) => `${JSON.stringify(row)}\n`).join("");
    await appendFile(join(dir, "metrics.jsonl"), lines);
    return { status: "planned", metrics: {}, tasks: [], stages: null };
  }
}
