import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { CURVES } from "../figures/sweep_figures.ts";
import { writeFilesAtomically } from "../files/atomic_write.ts";
import { flushFolder, namesIn } from "../files/file_system.ts";
import { type MetricsRow, parseMetrics } from "../run/metrics_log.ts";
import { hasPredictions, writeKept } from "../run/predictions/file.ts";
import { resultToJson } from "../run/result.ts";
import { writtenFiles } from "../run/written_files.ts";
import { CODE_FOLDER } from "../sweep/provenance.ts";
import { RunFolder } from "../sweep/run_folder.ts";
import { SweepStore } from "../sweep/store.ts";
import type { PlannedRun } from "../sweep/plan/sweep.ts";
import { StoreError, whenWriting } from "../sweep/store_error.ts";
import { stepsPerPoint, thinRows } from "../tables/curve_points.ts";
import { sweepReport } from "../tables/files.ts";
import { answerPlan, shownAnswersOf } from "../tables/shown_answers.ts";
import { Study, typicalRun } from "../tables/study.ts";

/** The phases of logs that curves are drawn from. */
export const CURVE_PHASES: readonly string[] = [...new Set(CURVES.map(({ phase }) => phase))];

/**
 * Copies the part of a sweep that tables, figures and notebooks read, to be kept with the code: the
 * manifest, the leaderboard, the result of every run, as many rows of its log as its curves have
 * points, the answers that are shown, and the routing of the one run that is shown. From these, `deno task report` makes the
 * same tables and figures as from the whole.
 *
 * @param from folder of the sweep's results
 * @param to folder of the copy; its old contents are replaced once the copy is complete
 * @param phases the phases of the logs that are kept; of others there are no curves any more
 * @throws {StoreError} when a folder cannot be read or written
 * @throws {SyntaxError} when a run's log or answers are damaged
 * @throws {RangeError} when runs are done and none has the sweep's metric
 */
export async function writeReference(
  from: string,
  to: string,
  phases: readonly string[] = CURVE_PHASES,
): Promise<void> {
  const store = await SweepStore.read(from);
  const results = await store.results();
  const study = new Study(from, store.manifest, results);
  const shown = typicalRun(study.runs, study.metric);
  const draft = join(dirname(to), `.${basename(to)}.tmp`);
  try {
    await rm(draft, { recursive: true, force: true });
    await mkdir(draft, { recursive: true });
    await copy(from, draft, ["manifest.json"]);
    await writeFilesAtomically(draft, new Map([[LEADERBOARD, sweepReport(study)]]));
    for (const diff of await namesIn(join(from, CODE_FOLDER)).catch(() => [])) {
      if (diff.endsWith(".diff")) {
        await copy(join(from, CODE_FOLDER), join(draft, CODE_FOLDER), [diff]);
      }
    }
    const [change] = await study.changes();
    if (change !== undefined) {
      throw new StoreError(
        `a file is no longer what its run has written: ${change}; remove the run's folder and run the ` +
          `sweep again`,
      );
    }
    const answers = answerPlan(study);
    const isShown = new Set(answers.runs.map(({ id }) => id));
    const logs = thinLogs(await Promise.all(results.map((run) => logOf(from, run))), phases);
    for (const [i, result] of results.entries()) {
      const [source, target] = [new RunFolder(from, result).dir, new RunFolder(draft, result).dir];
      if (!existsSync(source)) continue;
      const files = ["result.json", "error.txt", ...(result.id === shown ? [ROUTING] : [])];
      await copy(source, target, files.filter((file) => existsSync(join(source, file))));
      if (logs[i]!.length > 0) {
        const text = logs[i]!.map((row) => `${JSON.stringify(row)}\n`).join("");
        await writeFilesAtomically(target, new Map([["metrics.jsonl", text]]));
      }
      if (isShown.has(result.id) && await hasPredictions(source)) {
        await writeKept(target, await Array.fromAsync(shownAnswersOf(study, answers, result.id)));
      }
      if (result.files === undefined) continue;
      const copied = { ...result, files: await writtenFiles(target) };
      await writeFilesAtomically(target, new Map([["result.json", resultToJson(copied)]]));
    }
    await rm(to, { recursive: true, force: true });
    await rename(draft, to);
    await flushFolder(dirname(to));
  } catch (error) {
    throw whenWriting(to, error);
  }
}

/** Copies files of one folder into another, to outlast a loss of power. */
async function copy(from: string, to: string, names: readonly string[]): Promise<void> {
  const files = names.map(async (name) => [name, await readFile(join(from, name))] as const);
  await writeFilesAtomically(to, new Map(await Promise.all(files)));
}

/** The whole log of a run; nothing of one that has not begun. */
async function logOf(dir: string, run: PlannedRun): Promise<readonly MetricsRow[]> {
  const path = join(new RunFolder(dir, run).dir, "metrics.jsonl");
  return existsSync(path) ? parseMetrics(await readFile(path, "utf8"), path) : [];
}

/** The rows that the curves of all runs are drawn from, for each run. */
function thinLogs(
  logs: readonly (readonly MetricsRow[])[],
  kept: readonly string[],
): MetricsRow[][] {
  const drawn = Map.groupBy(CURVES.filter(({ phase }) => kept.includes(phase)), (c) => c.phase);
  const phases = [...drawn].map(([phase, curves]) => {
    const rows = logs.map((log) => log.filter((row) => row.phase === phase));
    return { phase, curves, rows, width: stepsPerPoint(rows.flat(), "step") };
  });
  return logs.map((_, i) =>
    phases.flatMap(({ phase, curves, rows, width }) =>
      width === 1
        ? rows[i]!
        : curves.flatMap(({ y }) =>
          thinRows(rows[i]!, "step", y, width).map((row) => ({ phase, ...row }))
        )
    )
  );
}

const LEADERBOARD = "leaderboard.md";
const ROUTING = "routing.safetensors";
