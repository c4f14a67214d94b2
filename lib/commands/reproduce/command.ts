import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type ClaimsFile, readClaims } from "../../claims/claims_file.ts";
import { claimsFiles } from "../../claims/claims_files.ts";
import { judgeClaims, type Judged } from "../../claims/judge.ts";
import { Pool } from "../../claims/pool.ts";
import { HubError } from "../../hub/error.ts";
import type { RunConfig } from "../../run/config.ts";
import { runId, runLabel } from "../../run/id.ts";
import { parseMetrics } from "../../run/metrics_log.ts";
import { isFinal, type RunResult } from "../../run/result.ts";
import { readsNow, refuseChanges } from "../../sweep/identity.ts";
import type { Sweep } from "../../sweep/plan/sweep.ts";
import { SweepError } from "../../sweep/plan/sweep_error.ts";
import { codeNow } from "../../sweep/provenance.ts";
import { RunFolder } from "../../sweep/run_folder.ts";
import { hasSweep, lockSweep, SweepStore } from "../../sweep/store.ts";
import { StoreError } from "../../sweep/store_error.ts";
import { stagesDirOf, writtenDirs } from "../../sweep/stages_dir.ts";
import { counted, duration, firstLine } from "../../util/words.ts";
import { ArgumentError, runCommand } from "../arguments.ts";
import { sweepBar, sweepLines, type SweepShown } from "../bars.ts";
import type { CommandOutput, LastingOutput } from "../output.ts";
import { lackingPermission, noteLoaderVariables } from "../permissions.ts";
import { commandLine } from "../shell.ts";
import { checkedBases } from "../sweep/bases.ts";
import { chooseAndTell } from "../sweep/choose_device.ts";
import { faultOfRuns } from "../sweep/preflight.ts";
import { runUntilStopped } from "../sweep/run_until_stopped.ts";
import { readablePath, userPath } from "../user_path.ts";
import { yamlText } from "../yaml_file.ts";
import {
  DEFAULT_CLAIMS,
  REPRODUCE_HELP,
  REPRODUCE_OPTIONS,
  type ReproduceArguments,
  reproduceArguments,
} from "./arguments.ts";
import { planText } from "./plan_text.ts";
import { roundLines } from "./round_lines.ts";
import { verdictsText } from "./verdicts_text.ts";

/** What the command writes to and works with. */
export interface ReproduceCommandOptions extends CommandOutput {
  /** The program of the workers; another one in tests. */
  readonly worker?: URL;
  /** Characters in a line; those of the terminal unless given, and 80 where there is none. */
  readonly width?: number;
}

/**
 * Does what `deno task reproduce` does: runs what a file of claims asks for, in rounds, until no further
 * run can change a verdict, and writes and prints the verdicts.
 *
 * @param args the words after `deno task reproduce`
 * @returns the exit code: 0 when all is run, 1 when runs failed, 2 when it cannot be run, 130 when it was
 * interrupted
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { PassThrough } from "node:stream";
 *
 * const stdout = new PassThrough();
 * assert.equal(await reproduceCommand(["--help"], { stdout }), 0);
 * assert.match(`${stdout.read()}`, /deno task reproduce/);
 * ```
 */
export async function reproduceCommand(
  args: readonly string[],
  options: ReproduceCommandOptions = {},
): Promise<number> {
  const command = { task: "reproduce", help: REPRODUCE_HELP, options: REPRODUCE_OPTIONS };
  return await runCommand(command, args, options, async (given, output) => {
    try {
      return await reproduce(reproduceArguments(given), args, options, output);
    } catch (error) {
      const isToldAsItIs = error instanceof SweepError || error instanceof StoreError ||
        error instanceof HubError;
      if (!isToldAsItIs) throw error;
      output.say(error.message);
      return 2;
    }
  });
}

async function reproduce(
  asked: ReproduceArguments,
  args: readonly string[],
  { worker, width }: ReproduceCommandOptions,
  output: LastingOutput,
): Promise<number> {
  const { say, print } = output;
  const path = asked.file === DEFAULT_CLAIMS ? asked.file : readablePath(asked.file);
  const yaml = await yamlText(path, "claims");
  const file = readClaims(yaml, path);
  checkAsked(file, asked);
  const stem = path.replace(/^.*[\\/]/, "").replace(/\.ya?ml$/, "");
  const name = asked.file === DEFAULT_CLAIMS ? "reproduce" : stem;
  const dir = asked.out === null ? join("results", name) : userPath(asked.out);
  const again = commandLine("reproduce", args);
  if (asked.dryRun) {
    const results = await hasSweep(dir) ? await (await SweepStore.read(dir)).results() : [];
    print(planText(file, asked, results, poolOf(dir, results)));
    return 0;
  }
  const lacking = lackingPermission("reproduce", args, { write: writtenDirs(dir) });
  if (lacking !== null) throw new SweepError(`Cannot write into ${dir}: ${lacking}`);
  using _lock = await lockSweep(dir);
  const started = performance.now();
  let results = await hasSweep(dir) ? await (await SweepStore.read(dir)).results() : [];
  for (let round = 1;; round++) {
    const pool = poolOf(dir, results);
    const judged = judgeClaims(file, asked.mode, pool, asked.only);
    if (round > 1 || judged.missing.length === 0) {
      // After every round, so that what is known so far is there whatever happens to this process.
      await writeVerdicts(dir, file, asked.mode, judged, results);
    }
    if (judged.missing.length === 0) {
      print(verdictsText(judged, width ?? (output.stdout as { columns?: number }).columns ?? 80));
      const seconds = (performance.now() - started) / 1000;
      say(`${counted(results.filter(isFinal).length, "run")} in ${dir}, ${duration(seconds)}.`);
      return 0;
    }
    say(roundText(round, judged));
    const store = await SweepStore.plan(dir, sweepOf(name, judged.missing), {
      extend: true,
      source: { yaml, command: again },
    });
    const asks = new Set(judged.missing.map((config) => runId(config, NAMED)));
    const before = (await store.results()).filter((run) => isFinal(run) || asks.has(run.id));
    const toDo = before.filter((run) => !isFinal(run));
    const note = (sentence: string) => say(`Note: ${sentence}.`);
    const preflight = { note, dir };
    const fault = await faultOfRuns(toDo, preflight);
    if (fault !== null) throw new SweepError(fault);
    if (round === 1) noteLoaderVariables(note);
    const baseFolders = await checkedBases(toDo, args, { ...asked, preflight }, output);
    if (baseFolders === null) return stopped(say, results, again);
    const reads = await readsNow(before, baseFolders);
    refuseChanges(dir, before, reads, asked.mixedCode ? null : await codeNow());
    await store.save();
    const options = {
      jobs: asked.jobs ?? navigator.hardwareConcurrency,
      stagesDir: stagesDirOf(dir),
      reads,
      ...(worker ? { worker } : {}),
    };
    const machine = { ...options, dir, batchRuns: "auto" } as const;
    const chosen = await chooseAndTell(toDo, before, machine, say);
    const progress = await progressOf(dir, toDo.length, asked, output);
    const end = await runUntilStopped(store, before, progress, { ...options, ...chosen });
    results = end.results;
    if (end.interrupted) return stopped(say, results, again);
    const failed = results.filter(({ id, status }) => asks.has(id) && status === "failed");
    if (failed.length > 0) {
      for (const run of failed.slice(0, FAILURES_TOLD)) {
        say(`${runLabel(run.id)} failed: ${firstLine(run.error)}`);
      }
      say(`${counted(failed.length, "run")} failed in ${dir}. To try again:\n  ${again}`);
      return 1;
    }
  }
}

/** Failed runs that are named; every one has an `error.txt`. */
const FAILURES_TOLD = 5;

/** Settings that stand in the name of a run's folder. */
const NAMED: readonly (keyof RunConfig)[] = [
  ...["suite", "method", "n_skills", "n_splits", "shots", "adaptation", "seed"] as const,
];

function sweepOf(name: string, configs: readonly RunConfig[]): Sweep {
  return {
    name,
    question: "Which claims of the papers hold here?",
    metric: "heldout_loss",
    baseline: null,
    varying: NAMED,
    runs: configs.map((config) => ({ id: runId(config, NAMED), config })),
  };
}

/** Throws where a mode or a claim is asked for that the file does not have. */
function checkAsked(file: ClaimsFile, { only, mode }: ReproduceArguments): void {
  if (!(mode in file.modes)) {
    throw new ArgumentError(
      `Cannot run mode ${mode} as the file has ${Object.keys(file.modes).join(", ")}`,
    );
  }
  const ids = file.claims.map(({ id }) => id);
  const unknown = only?.find((id) => !ids.includes(id));
  if (unknown !== undefined) {
    throw new ArgumentError(`Cannot judge claim ${unknown} as the file has ${ids.join(", ")}`);
  }
}

function poolOf(dir: string, results: readonly RunResult[]): Pool {
  return new Pool(results, (run) => {
    const path = join(new RunFolder(dir, run).dir, "metrics.jsonl");
    return parseMetrics(readFileSync(path, "utf8"), path);
  });
}

function roundText(round: number, { missing, isTuning }: Judged): string {
  const what = isTuning ? "choose settings on tuning seeds, or confirm" : "confirm on fresh seeds";
  return `Round ${round}: ${counted(missing.length, "run")} to ${what}.`;
}

function stopped(
  say: (line: string) => void,
  results: readonly RunResult[],
  again: string,
): number {
  say(`Stopped with ${counted(results.filter(isFinal).length, "run")} done. To go on:\n  ${again}`);
  return 130;
}

async function writeVerdicts(
  dir: string,
  file: ClaimsFile,
  mode: string,
  judged: Judged,
  results: readonly RunResult[],
): Promise<void> {
  const store = await SweepStore.read(dir);
  await store.write(claimsFiles(file, mode, judged, results));
}

async function progressOf(
  dir: string,
  total: number,
  { quiet }: ReproduceArguments,
  { stderr, say }: LastingOutput,
) {
  const shown: SweepShown = {
    total,
    done: 0,
    metric: "heldout_loss",
    errorPath: (run) => new RunFolder(dir, run).errorPath,
  };
  return stderr.isTTY === true && !quiet
    ? await sweepBar(stderr, shown)
    : quiet
    ? sweepLines(say, shown, true)
    : roundLines(say, total);
}
