import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeFilesAtomically } from "../files/atomic_write.ts";
import type { LoggedRun } from "../tables/curve_table.ts";
import { type Figure, renderSvg } from "../figures/figure.ts";
import { renderPng } from "../figures/figure_png.ts";
import { parseMetrics } from "../run/metrics_log.ts";
import { type DrawnFigure, reportPage } from "./page.ts";
import { routingFigures } from "../figures/routing_figures.ts";
import { shownRouting } from "../tables/shown_run.ts";
import { SweepStore } from "../sweep/store.ts";
import { whenWriting } from "../sweep/store_error.ts";
import { sweepFigures } from "../figures/sweep_figures.ts";

/**
 * Writes `report.html`, one page that shows a sweep whole and opens from disk, and every figure of it
 * as `figures/*.svg` and `figures/*.png`. A sweep that is not done yet is shown as far as it is.
 *
 * @param dir the sweep's folder of results
 * @returns the page's path
 * @throws {StoreError} when the folder cannot be read or written
 * @throws {SyntaxError} when a run's log or routing is damaged
 * @throws {RangeError} when runs are done and none has measured the sweep's metric
 */
export async function writeReport(dir: string): Promise<string> {
  const store = await SweepStore.read(dir);
  const runs = await readRuns(store);
  const figures: DrawnFigure[] = [];
  const files = new Map<string, string | Uint8Array>();
  for (const figure of await allFigures(store, runs)) {
    const svg = await renderSvg(figure);
    figures.push({ figure, svg });
    files.set(`${figure.name}.svg`, svg).set(`${figure.name}.png`, await renderPng(svg));
  }
  const page = reportPage(store.manifest, runs.map(({ result }) => result), figures);
  try {
    await writeFilesAtomically(join(dir, "figures"), files);
    await writeFilesAtomically(dir, new Map([[REPORT, page]]));
  } catch (error) {
    throw whenWriting(dir, error);
  }
  return join(dir, REPORT);
}

/** The figures of the table and the logs, and the routing of the run that a report opens. */
async function allFigures(store: SweepStore, runs: readonly LoggedRun[]): Promise<Figure[]> {
  const figures = sweepFigures(store.manifest, runs);
  const shown = await shownRouting(store, runs.map(({ result }) => result));
  return shown === null ? figures : [...figures, ...routingFigures(shown.id, shown.routing)];
}

/**
 * Every run of a sweep with the rows of its log, for figures; a run that has not begun has none.
 *
 * @throws {StoreError} when a result is damaged
 * @throws {SyntaxError} when a log is
 */
export async function readRuns(store: SweepStore): Promise<LoggedRun[]> {
  const results = await store.results();
  return await Promise.all(results.map(async (result) => {
    const path = join(store.dir, "runs", result.id, "metrics.jsonl");
    const log = existsSync(path) ? parseMetrics(await readFile(path, "utf8"), path) : [];
    return { result, log };
  }));
}

const REPORT = "report.html";
