import { join } from "node:path";
import { openBlas } from "../../backend/wasm/blas.ts";
import { resolveModel } from "../../hub/hugging_face.ts";
import { HubError } from "../../hub/error.ts";
import { isFinal, type RunResult } from "../../run/result.ts";
import { batchRunsOf } from "../../sweep/device.ts";
import { forget } from "../../sweep/forget.ts";
import { type BaseFolders, readsNow, refuseChanges } from "../../sweep/identity.ts";
import { codeNow } from "../../sweep/provenance.ts";
import { notBegun, RunFolder } from "../../sweep/run_folder.ts";
import { roomHere } from "../../run/preflight/excess.ts";
import type { Slurm } from "../../slurm/programs.ts";
import { readSlurmSettings, roomOfElement, type SlurmSettings } from "../../slurm/settings.ts";
import { selectRuns, type SweepProgress } from "../../sweep/run_sweep.ts";
import { hasSweep, lockSweep, SweepStore } from "../../sweep/store.ts";
import { StoreError } from "../../sweep/store_error.ts";
import { type PlanChange, PlanChangeError } from "../../sweep/plan_change.ts";
import { describeRungs } from "../../sweep/tuning/early_stopping.ts";
import { stagesDirOf, writtenDirs } from "../../sweep/stages_dir.ts";
import { autoBatch } from "../../sweep/plan/auto_batch.ts";
import { readExtended, type SweepText } from "../../sweep/plan/extended.ts";
import { type PlannedRun, readSweep, type Sweep } from "../../sweep/plan/sweep.ts";
import { SweepError } from "../../sweep/plan/sweep_error.ts";
import { environmentVariable } from "../../util/environment.ts";
import { numberList } from "../../util/number_list.ts";
import { runCommand } from "../arguments.ts";
import { type Processes, processesOf } from "./processes.ts";
import { sweepBar, sweepLines, type SweepShown } from "../bars.ts";
import type { CommandOutput, LastingOutput } from "../output.ts";
import { lackingPermission, noteLoaderVariables } from "../permissions.ts";
import { commandLine } from "../shell.ts";
import { DEFAULT_SWEEP, SWEEP_OPTIONS, type SweepArguments, sweepArguments } from "./arguments.ts";
import { describeChange, offeredFolder } from "./change.ts";
import { chooseBatch } from "./choose_batch.ts";
import { chooseAndTell } from "./choose_device.ts";
import { describeCompanies } from "./describe_companies.ts";
import { describePlan } from "./describe_plan.ts";
import { instead, sweepHelp } from "./help.ts";
import { faultOfRuns, type ResolveBase } from "./preflight.ts";
import { sweepSchema } from "./schema.ts";
import { cancelJobs, describeLaunch, launchBySlurm, slurmHere, tellStatus } from "./slurm.ts";
import { watchInProcess } from "../watch/watch_process.ts";
import { readablePath, settingPath, userPath } from "../user_path.ts";
import { checkedBases } from "./bases.ts";
import { runUntilStopped } from "./run_until_stopped.ts";
import { yamlText } from "../yaml_file.ts";
import { tellEnd } from "./ending.ts";

/** What the command writes to and works with. */
export interface SweepCommandOptions extends CommandOutput {
  /** The program of the workers; another one in tests. */
  readonly worker?: URL;
  /** The cluster's Slurm; another one in tests. */
  readonly slurm?: Slurm;
  /** Finds the folder of a base model by its name or path; another one in tests. */
  readonly resolveBase?: ResolveBase;
  /** Seconds of a training step of some examples, which are measured where this is absent; in tests. */
  readonly secondsOfBatch?: (examples: number) => number;
}

/**
 * Does what `deno task sweep` does: reads a sweep, runs what is not done of it, and writes and prints
 * its tables. Base models that are not folders are downloaded first, so that workers find them there.
 *
 * While runs are at work, SIGINT and SIGTERM stop the sweep in good order; a second one ends the
 * process at once.
 *
 * @param args the words after `deno task sweep`
 * @returns the exit code: 0 when all runs are done, 1 when some failed, 2 when the sweep cannot be
 * run, 130 when it was interrupted
 */
export async function sweepCommand(
  args: readonly string[],
  options: SweepCommandOptions = {},
): Promise<number> {
  const command = { task: "sweep", help: sweepHelp(), options: SWEEP_OPTIONS, instead };
  return await runCommand(
    command,
    args,
    options,
    (given, output) => {
      if (!given.values.schema) return sweepAsAsked(sweepArguments(given), args, options, output);
      output.print(`${JSON.stringify(sweepSchema(), null, 2)}\n`);
      return Promise.resolve(0);
    },
  );
}

async function sweepAsAsked(
  asked: SweepArguments,
  args: readonly string[],
  { worker, resolveBase, slurm: slurmGiven, secondsOfBatch }: SweepCommandOptions,
  output: LastingOutput,
): Promise<number> {
  const { say, print } = output;
  const again = commandLine("sweep", args);
  try {
    const file = asked.file === DEFAULT_SWEEP ? asked.file : readablePath(asked.file);
    const note = (sentence: string) => say(`Note: ${sentence}.`);
    const text = await yamlText(file, "a sweep");
    const { yaml, files } = await readExtended(
      { path: file, text },
      (path) => yamlText(path, "a sweep"),
    );
    const auto = autoBatch(yaml, asked.settings);
    const batch = { batch_size: 1, accumulation: auto?.examples ?? 1 };
    let sweep = readSweep(auto?.yaml ?? yaml, file, auto?.with(batch) ?? asked.settings, {
      note,
      toPath: settingPath,
    });
    const dir = asked.out === null ? join("results", sweep.name) : userPath(asked.out);
    const settings = readSlurmSettings(yaml, file, asked.slurm);
    const isBySlurm = asked.launcher === "slurm";
    if (asked.status || asked.cancel) {
      const slurm = slurmGiven ?? slurmHere(args);
      if (asked.status) await tellStatus(dir, slurm, (line) => print(`${line}\n`));
      else await cancelJobs(dir, slurm, say);
      return 0;
    }
    const { jobs, threads } = processesAsked(asked, settings);
    if (auto !== null) {
      const options = { ...asked, dir, threads, say, secondsOfBatch };
      const prepare = () => basesToMeasure(sweep, dir, { args, asked, output, resolveBase });
      const chosen = await chooseBatch(auto, sweep, { ...options, prepare });
      if (chosen === null) return toldOfDownload(say, again);
      sweep = readSweep(auto.yaml, file, auto.with(chosen), { toPath: settingPath });
    }
    if (isBySlurm && sweep.early_stopping !== undefined) {
      throw new SweepError(
        "Cannot stop cells early on a cluster as the elements of a job array do not wait for each other at " +
          "a rung: leave out --launcher slurm, or early_stopping in the sweep's file",
      );
    }
    const blas = threads > 1 && !isBySlurm ? openBlas(environmentVariable("POLY_BLAS")) : null;
    if (typeof blas === "string") {
      note(
        `--threads ${threads} has no effect: ${blas}, and kernels without a BLAS have one thread`,
      );
    }
    const slurm = isBySlurm ? slurmGiven ?? slurmHere(args) : null;
    if (asked.onlyFailed && !await hasSweep(dir)) {
      throw new StoreError(
        `Cannot select failed runs as no sweep has run in ${dir}: leave out --only failed`,
      );
    }
    const { planned, change } = await planOf(dir, sweep, asked);
    if (change !== null && !asked.dryRun) {
      say(describeChange(dir, change, args));
      return 2;
    }
    const known = asked.fresh ? planned.manifest.runs.map(notBegun) : await planned.results();
    noteKept(planned, sweep, note);
    refuseMixedSeeds(planned, known);
    if (asked.onlyFailed && !asked.dryRun && selectRuns(known, true).length === 0) {
      say(`No run in ${dir} has failed: there is nothing to do.`);
      return 0;
    }
    const toDo = selectRuns(known, asked.onlyFailed);
    const room = isBySlurm ? roomOfElement(settings) : roomHere();
    const preflight = { note, dir: planned.dir, keepAdapter: asked.keepAdapter, room };
    const cached = asked.dryRun ? { resolveCached: resolveBase ?? resolveModel } : {};
    const fault = await faultOfRuns(toDo, { ...preflight, ...cached });
    const stagesDir = stagesDirOf(dir);
    const launch = {
      ...asked,
      settings,
      jobs,
      threads,
      stagesDir,
      args,
      ...(worker ? { worker } : {}),
    };
    if (asked.dryRun) {
      print(describePlan(planned, known, { ...asked, jobs }) + "\n");
      const sharing = isBySlurm ? () => 1 : batchRunsOf(asked.batchRuns, null);
      const rule = sweep.early_stopping;
      if (rule !== undefined) print(`\n${describeRungs(rule, planned.manifest.runs)}\n`);
      const inBatches = describeCompanies(toDo, stagesDir, sharing);
      if (inBatches !== null) print(`${inBatches}\n`);
      if (slurm !== null) print(`\n${await describeLaunch(dir, known, launch, slurm)}\n`);
      if (fault !== null) say(`Every run would fail: ${fault}`);
      if (change !== null) say(describeChange(dir, change, args));
      const code = asked.mixedCode ? null : await codeNow();
      await readsNow(known, new Map()).then((reads) => refuseChanges(dir, known, reads, code))
        .catch(({ message }) => say(message));
      return fault === null ? 0 : 2;
    }
    if (fault !== null) throw new SweepError(fault);
    refuseLacking(args, dir);
    noteLoaderVariables(note);
    using _lock = await lockSweep(dir);
    const baseFolders = await checkedBases(
      toDo,
      args,
      { ...asked, preflight },
      output,
      resolveBase,
    );
    if (baseFolders === null) return toldOfDownload(say, again);
    const source = { yaml: textOfFiles(files), command: again };
    const store = await SweepStore.plan(dir, sweep, { extend: asked.extend, source });
    const before = asked.fresh ? store.manifest.runs.map(notBegun) : await store.results();
    const reads = await readsNow(before, baseFolders);
    const hasWork = selectRuns(before, asked.onlyFailed).length > 0;
    refuseChanges(dir, before, reads, hasWork && !asked.mixedCode ? await codeNow() : null);
    await store.save();
    if (asked.fresh) await forget(store, stagesDir);
    // The elements of a job array choose their device themselves, and do each run alone.
    const chosen = isBySlurm ? { batchRuns: () => 1 } : await chooseAndTell(
      selectRuns(before, asked.onlyFailed),
      before,
      { ...launch, dir, reads },
      say,
    );
    await using served = asked.watch ? await watchInProcess(dir) : null;
    if (served?.address != null) say(`Live:     ${served.address}`);
    const started = performance.now();
    const progress = await progressOf(store, before, asked, output);
    const launched = slurm && await launchBySlurm(store, before, progress, launch, slurm, output);
    if (typeof launched === "number") return launched;
    const { results, stopped, interrupted } = launched !== null
      ? { results: launched, stopped: null, interrupted: false }
      : await runUntilStopped(store, before, progress, { ...launch, reads, ...chosen });
    if (interrupted) {
      const ended = results.filter(isFinal).length;
      say(`Stopped with ${ended} of ${results.length} runs done. To go on:\n  ${again}`);
      return 130;
    }
    const end = { results, stopped, begun: toDo, seconds: (performance.now() - started) / 1000 };
    return await tellEnd(store, end, asked, args, output);
  } catch (error) {
    const isToldAsItIs = error instanceof SweepError || error instanceof StoreError ||
      error instanceof HubError;
    if (!isToldAsItIs) throw error;
    say(error.message);
    return 2;
  }
}

/**
 * The plan of a sweep in its folder. Where that holds another sweep, what has changed, and the plan in the
 * folder that is offered instead.
 */
async function planOf(
  dir: string,
  sweep: Sweep,
  { extend }: SweepArguments,
): Promise<{ planned: SweepStore; change: PlanChange | null }> {
  try {
    return { planned: await SweepStore.plan(dir, sweep, { extend }), change: null };
  } catch (error) {
    if (!(error instanceof PlanChangeError)) throw error;
    const offered = offeredFolder(dir, error.change);
    const planned = await SweepStore.plan(offered, sweep, { extend: true });
    return { planned, change: error.change };
  }
}

/** @throws {SweepError} when the command may not write into a folder of results */
function refuseLacking(args: readonly string[], dir: string): void {
  const lacking = lackingPermission("sweep", args, { write: writtenDirs(dir) });
  if (lacking !== null) throw new SweepError(`Cannot run a sweep into ${dir}: ${lacking}`);
}

/**
 * Looks at a sweep, and makes its base models ready, before anything of it is measured.
 *
 * @returns null when a signal stopped the download
 * @throws {SweepError} when no run could be done
 */
async function basesToMeasure(
  { runs }: Sweep,
  dir: string,
  { args, asked: { quiet, keepAdapter }, output, resolveBase }: {
    readonly args: readonly string[];
    readonly asked: SweepArguments;
    readonly output: LastingOutput;
    readonly resolveBase: ResolveBase | undefined;
  },
): Promise<BaseFolders | null> {
  refuseLacking(args, dir);
  const toDo = runs.map(notBegun);
  // What is to be noted is told when the runs themselves are looked at.
  const preflight = { note: () => {}, dir, keepAdapter };
  const fault = await faultOfRuns(toDo, preflight);
  if (fault !== null) throw new SweepError(fault);
  return await checkedBases(toDo, args, { quiet, preflight }, output, resolveBase);
}

/** Says that a signal has stopped a download; returns the exit code. */
function toldOfDownload(say: (line: string) => void, again: string): number {
  say(`Stopped in the download of the base model. To go on:\n  ${again}`);
  return 130;
}

/** The text of a sweep's file, followed by those it extends. */
function textOfFiles([own, ...others]: readonly SweepText[]): string {
  return own!.text + others.map(({ path, text }) => `\n# It extends ${path}:\n${text}`).join("");
}

/**
 * Fails where runs of several seeds would stand in one table with runs that were, or are to be, stopped early.
 * @throws {StoreError} saying where to go on
 */
function refuseMixedSeeds({ dir, manifest }: SweepStore, known: readonly RunResult[]): void {
  const isOfTuning = manifest.early_stopping !== undefined ||
    known.some(({ status }) => status === "stopped_early");
  const seeds = new Set(manifest.runs.map(({ config }) => config.seed));
  if (!isOfTuning || seeds.size < 2) return;
  throw new StoreError(
    `Cannot have runs of ${seeds.size} seeds in ${dir} beside runs that are stopped early, as their means ` +
      `would be of the lucky seeds: name another folder with --out`,
  );
}

/** Says which seeds have results here and are not asked for. */
function noteKept({ manifest }: SweepStore, sweep: Sweep, note: (sentence: string) => void): void {
  const seedsOf = (runs: readonly PlannedRun[]) => new Set(runs.map(({ config }) => config.seed));
  const others = [...seedsOf(manifest.runs).difference(seedsOf(sweep.runs))].sort((a, b) => a - b);
  if (others.length === 0) return;
  const [seeds, them] = others.length === 1 ? ["seed", "it"] : ["seeds", "them"];
  note(
    `${seeds} ${numberList(others, ", ")} ${
      others.length === 1 ? "is" : "are"
    } not asked for: what is ` +
      `done with ${them} stays in the table`,
  );
}

/** Runs at once and their threads, on this machine or in an element of a job array. */
function processesAsked(asked: SweepArguments, settings: SlurmSettings): Processes {
  if (asked.launcher === "slurm") {
    const [cores, needed] = [settings.cpus_per_task, (asked.jobs ?? 1) * (asked.threads ?? 1)];
    return processesOf(asked, cores, "an element", `slurm.cpus_per_task=${needed}`);
  }
  const cores = navigator.hardwareConcurrency;
  // Without threads of their own, more runs than cores take turns, as they always could.
  if (asked.threads === null) return { jobs: asked.jobs ?? cores, threads: 1 };
  return processesOf(asked, cores, "this machine");
}

async function progressOf(
  { dir, manifest }: SweepStore,
  before: readonly RunResult[],
  { onlyFailed, quiet }: SweepArguments,
  { stderr, say }: LastingOutput,
): Promise<SweepProgress> {
  const done = before.filter(isFinal).length;
  const shown: SweepShown = {
    total: done + selectRuns(before, onlyFailed).length,
    done,
    metric: manifest.metric,
    errorPath: (run) => new RunFolder(dir, run).errorPath,
  };
  return stderr.isTTY === true && !quiet
    ? await sweepBar(stderr, shown)
    : sweepLines(say, shown, quiet);
}
