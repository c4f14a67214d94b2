/** How far a sweep is, from the files in its folder alone. */
import { open } from "node:fs/promises";
import { join } from "node:path";
import { runLabel } from "../../run/id.ts";
import { parseMetrics } from "../../run/metrics_log.ts";
import type { RunResult } from "../../run/result.ts";
import { RUNS } from "../../sweep/run_folder.ts";
import { isAtWork, isSteered } from "../../sweep/steering.ts";
import type { CellProgress, LiveProgress, RunningRun } from "../../report/page/live_data.ts";
import type { SweepStore } from "../../sweep/store.ts";
import type { PlannedRun } from "../../sweep/plan/sweep.ts";
import { settingsLabel } from "../../tables/groups.ts";
import type { Row } from "../../tables/table.ts";
import { cell } from "../../tables/rows/cell.ts";
import { firstLine } from "../../util/words.ts";

/** The most points of a loss curve. */
const MOST_POINTS = 120;

/** Reads how far a sweep is; keeps what it has read of the logs of runs at work. */
export class ProgressReader {
  readonly #logs = new Map<string, LogTail>();

  /** @param results what is known of every run, by its id */
  async read(
    { dir, manifest }: SweepStore,
    results: readonly RunResult[],
  ): Promise<LiveProgress> {
    const open = results.filter(({ status }) => status === "planned" || status === "failed");
    const atWork = new Set<string>();
    for (const { id } of open) if (await isAtWork(dir, id)) atWork.add(id);
    for (const id of this.#logs.keys()) if (!atWork.has(id)) this.#logs.delete(id);
    const running: RunningRun[] = [];
    for (const { id, config } of manifest.runs.filter(({ id }) => atWork.has(id))) {
      const log = this.#logs.get(id) ?? new LogTail(join(dir, RUNS, id, "metrics.jsonl"));
      this.#logs.set(id, log);
      await log.read();
      const { step, losses } = log;
      const kept = thinned(losses);
      running.push({ id, label: runLabel(id), step, steps: config.steps, losses: kept });
    }
    const failed = results.filter(({ id, status }) => status === "failed" && !atWork.has(id));
    return {
      cells: cellsOf(manifest.varying, results, atWork),
      running,
      failed: failed.map(({ id, error }) => ({ id, label: runLabel(id), why: firstLine(error) })),
      done: results.filter(isDone).length,
      all: results.length,
      isSteered: await isSteered(dir),
    };
  }
}

function isDone({ status }: RunResult): boolean {
  return status !== "planned" && status !== "failed";
}

/** What grows of a log is read from where it was; a log that begins anew is read anew. */
class LogTail {
  step = 0;
  losses: number[] = [];
  #at = 0;
  #rest = "";
  #file: string | null = null;

  constructor(readonly path: string) {}

  async read(): Promise<void> {
    const file = await open(this.path).catch(() => null);
    if (file === null) return; // it has not begun
    try {
      const { size, ino } = await file.stat();
      if (size < this.#at || this.#file !== String(ino)) {
        [this.step, this.losses, this.#at, this.#rest] = [0, [], 0, ""];
        this.#file = String(ino);
      }
      const bytes = new Uint8Array(size - this.#at);
      const { bytesRead } = await file.read(bytes, 0, bytes.length, this.#at);
      this.#at += bytesRead;
      const text = this.#rest + new TextDecoder().decode(bytes.subarray(0, bytesRead));
      const end = text.lastIndexOf("\n") + 1;
      this.#rest = text.slice(end);
      for (const { phase, step, loss } of parseMetrics(text.slice(0, end), this.path)) {
        const isTraining = phase === "multitask" || phase === undefined;
        if (!isTraining || typeof step !== "number" || typeof loss !== "number") continue;
        this.step = step;
        this.losses.push(loss);
      }
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error; // what is damaged is told when the run ends
    } finally {
      await file.close();
    }
  }
}

/** Every so many values, and the last. */
function thinned(values: readonly number[]): number[] {
  const every = Math.ceil(values.length / MOST_POINTS);
  return values.filter((_, i) => i % every === 0 || i === values.length - 1)
    .map((value) => Number(value.toPrecision(4)));
}

function cellsOf(
  varying: readonly (keyof PlannedRun["config"])[],
  results: readonly RunResult[],
  atWork: ReadonlySet<string>,
): CellProgress[] {
  const keys = varying.filter((key) => key !== "seed");
  const groups = Map.groupBy(results, ({ config }) => {
    const settings = Object.fromEntries(keys.map((key) => [key, cell(config[key])])) as Row;
    return keys.length === 0 ? "all runs" : settingsLabel(settings);
  });
  return [...groups].map(([label, runs]) => ({
    label,
    done: runs.filter(isDone).length,
    failed: runs.filter(({ id, status }) => status === "failed" && !atWork.has(id)).length,
    running: runs.filter(({ id }) => atWork.has(id)).length,
    all: runs.length,
  }));
}
