/** What is written and told when the runs of a sweep are over. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { runLabel } from "../../run/id.ts";
import { countByStatus, isFinal, type RunResult } from "../../run/result.ts";
import type { StagesTold } from "../../run/stages/keeper.ts";
import { SweepError } from "../../sweep/plan/sweep_error.ts";
import { RunFolder } from "../../sweep/run_folder.ts";
import type { SweepEnd } from "../../sweep/run_sweep.ts";
import type { SweepStore } from "../../sweep/store.ts";
import { dataFiles, sweepReport } from "../../tables/files.ts";
import { Study } from "../../tables/study.ts";
import { shellWord } from "../../util/shell_word.ts";
import { duration, firstLine } from "../../util/words.ts";
import { findingsText } from "../findings_text.ts";
import type { LastingOutput } from "../output.ts";
import { tellChanges } from "../report.ts";
import { commandLine } from "../shell.ts";
import { terminalOf } from "../terminal.ts";
import type { SweepArguments } from "./arguments.ts";

/** How a sweep has ended. */
export interface Ending extends SweepEnd {
  /** The runs that were to be done. */
  readonly begun: readonly Pick<RunResult, "id">[];
  /** How long they took, in seconds. */
  readonly seconds: number;
}

/**
 * Writes tables and page, prints the table, on a terminal one that fits it, and says where everything is and what failed.
 *
 * @param args the words after `deno task sweep`
 * @returns the exit code: 0 when all runs are done, else 1
 * @throws {SweepError} when runs cannot be compared by the metric
 */
export async function tellEnd(
  store: SweepStore,
  { results, stopped, begun, seconds }: Ending,
  asked: SweepArguments,
  args: readonly string[],
  { say, print, stdout }: LastingOutput,
): Promise<number> {
  const { dir, manifest } = store;
  const study = new Study(dir, manifest, results);
  const files = dataFiles(study);
  await store.write(files);
  const report = reportOf(study);
  await store.write(new Map([[REPORT, report]]));
  const terminal = terminalOf(stdout);
  if (terminal === null) print(report);
  else stdout.write(findingsText(study, terminal)); // has the terminal's own colours
  say(`${summary(results)} in ${duration(seconds)}.`);
  const shared = sharedLine(results, begun);
  if (shared !== null) say(shared);
  // Where there is no result there is nothing to see.
  if (results.some(isFinal)) {
    say(`Table:    ${join(dir, REPORT)}; every number: ${[...files.keys()].join(", ")}`);
    say(`Report:   ${await pageOf(study)}`);
    tellChanges(await study.changes(), say);
    if (results.some(({ files }) => files?.["predictions.jsonl.gz"])) {
      say(`Answers:  ${commandLine("predictions", [dir, "--wrong"])}`);
    }
    say(`Notebook: ${notebookLine(manifest.name, dir)}`);
  }
  if (asked.keepAdapter) say(`Adapters: ${adaptersLine(dir, results)}`);
  const failed = results.filter(({ status }) => status === "failed");
  for (const { error, ...run } of failed.slice(0, FAILURES_TOLD)) {
    say(`Failed: ${runLabel(run.id)}: ${firstLine(error)}`);
    say(`  ${new RunFolder(dir, run).errorPath}`);
  }
  if (failed.length > FAILURES_TOLD) say(`  and ${failed.length - FAILURES_TOLD} more`);
  if (stopped !== null) {
    const { why, left } = stopped;
    say(`Stopped as ${why}.`);
    say(`${left} ${left === 1 ? "run is" : "runs are"} left. To go on, once that is mended:`);
    say(`  ${commandLine("sweep", args)}`);
  } else if (failed.length > 0) {
    const onlyFailed = asked.onlyFailed ? args : [...args, "--only", "failed"];
    say(`To try them again:\n  ${commandLine("sweep", onlyFailed)}`);
  }
  return failed.length > 0 ? 1 : 0;
}

/** Says how many multi-task phases were not trained, as another run had; null when all were. */
function sharedLine(results: readonly RunResult[], begun: Ending["begun"]): string | null {
  const ids = new Set(begun.map(({ id }) => id));
  const phases = results.filter((run) => isFinal(run) && ids.has(run.id))
    .map(({ provenance }) => provenance.stages as StagesTold | undefined);
  const kept = phases.filter((stages) => (stages?.kept.multitask ?? 0) > 0).length;
  if (kept === 0) return null;
  return `Shared:   ${kept} of ${phases.length} multi-task phases were trained before or by another run`;
}

function reportOf(study: Study): string {
  try {
    return sweepReport(study);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new SweepError(
      `${error.message} The runs and their numbers are in ${study.dir}; name a column of results.csv ` +
        `with metric=<column>`,
    );
  }
}

/** Writes the page of a study; says where it is, or why there is none. */
async function pageOf(study: Study): Promise<string> {
  const { writeReport } = await import("../../report/report.ts");
  try {
    return await writeReport(study);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return `none. ${error.message}`;
  }
}

/** The command that opens a sweep in a notebook: the study's own, or that of the default sweep. */
function notebookLine(name: string, dir: string): string {
  const own = join("notebooks", `${name}.ipynb`);
  const notebook = existsSync(own) ? own : join("notebooks", "quick.ipynb");
  return `SWEEP=${shellWord(dir)} ${commandLine("jupyter", [notebook])}`;
}

/** Where the adapters of runs are, and how many runs were done before anyone asked to keep theirs. */
function adaptersLine(dir: string, results: readonly RunResult[]): string {
  const done = results.filter(({ status }) => status === "done");
  const without = done.filter((run) => !existsSync(new RunFolder(dir, run).adapterDir));
  const left = without.length === 0
    ? ""
    : `; ${without.length} of ${done.length} runs were done without: remove their folders to do them again`;
  return join(dir, "runs", "*", "adapter") + left;
}

/** Counts runs by their end, as `48 runs: 46 done, 2 failed`. */
function summary(results: readonly RunResult[]): string {
  const counts = Object.entries(countByStatus(results)).filter(([, count]) => count > 0);
  const parts = counts.map(([status, count]) => `${count} ${status.replaceAll("_", " ")}`);
  const runs = results.length === 1 ? "run" : "runs";
  return `${results.length} ${runs}: ${parts.join(", ")}`;
}

const REPORT = "leaderboard.md";
/** Failed runs that are named at the end; every one has an `error.txt`. */
const FAILURES_TOLD = 10;
