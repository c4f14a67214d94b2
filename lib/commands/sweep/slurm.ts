/** What `deno task sweep` does with Slurm: submit, wait, say where it stands, cancel. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { runLabel } from "../../run/id.ts";
import { isFinal, type RunResult } from "../../run/result.ts";
import { sbatchArguments } from "../../slurm/batch_script.ts";
import { findPrograms, type Slurm, slurmByPrograms } from "../../slurm/programs.ts";
import { jobNames, logFolder, readRecord } from "../../slurm/record.ts";
import { launchStatus } from "../../slurm/status.ts";
import {
  type LaunchOptions,
  type LaunchPlan,
  planLaunch,
  submitLaunch,
} from "../../slurm/submit.ts";
import { waitForLaunch } from "../../slurm/wait.ts";
import { selectRuns, type SweepProgress } from "../../sweep/run_sweep.ts";
import { SweepStore } from "../../sweep/store.ts";
import { StoreError } from "../../sweep/store_error.ts";
import { SweepError } from "../../sweep/plan/sweep_error.ts";
import { counted } from "../../util/words.ts";
import { interruptible } from "../interruptible.ts";
import type { LastingOutput } from "../output.ts";
import { lackingPermission, taskWords } from "../permissions.ts";
import { commandLine } from "../shell.ts";

/** A sweep that goes by Slurm, as the command line asks for it. */
export interface SlurmLaunch extends Omit<LaunchOptions, "collect"> {
  readonly onlyFailed: boolean;
  /** Wait until everything is over. */
  readonly wait: boolean;
  /** The words after `deno task sweep`. */
  readonly args: readonly string[];
}

/**
 * Slurm as this machine has it.
 *
 * @param args the words after `deno task sweep`
 * @throws {SweepError} when a program of it is missing, or this process may not start it
 */
export function slurmHere(args: readonly string[]): Slurm {
  const found = findPrograms();
  const slurm = slurmByPrograms(found);
  const run = Object.values(found).filter((path) => path !== null);
  const lacking = lackingPermission("sweep", args, { run });
  if (lacking !== null) throw new SweepError(`Cannot launch by Slurm: ${lacking}`);
  return slurm;
}

/**
 * Submits what is not done of a sweep, is not queued and not at work.
 *
 * @param before what is known of every run
 * @returns the results once nothing is left to do; or an exit code: 0 when Slurm is at work, 1 when
 * elements have died while this waited, 130 when the waiting was interrupted
 * @throws {SweepError} when Slurm refuses
 */
export async function launchBySlurm(
  store: SweepStore,
  before: readonly RunResult[],
  progress: SweepProgress,
  launch: SlurmLaunch,
  slurm: Slurm,
  { say }: LastingOutput,
): Promise<RunResult[] | number> {
  const selected = selectRuns(before, launch.onlyFailed);
  const plan = await planLaunch(store.dir, before, selected, launch, slurm);
  const isNew = plan.elements.first.length > 0;
  if (!isNew && plan.active.length === 0) return [...before];
  if (isNew) {
    const options = { ...launch, collect: [Deno.execPath(), ...taskWords("report", store.dir)] };
    const arrays = await submitLaunch(store, before, plan, options, slurm);
    const jobs = arrays.map(({ job }) => job).join(", ");
    say(`Submitted ${describeElements(plan)}; ${arrays.length === 1 ? "job" : "jobs"} ${jobs}.`);
  }
  const waited = launch.args.filter((word) => word !== "--wait");
  if (!launch.wait) {
    await tellStatus(store.dir, slurm, say);
    say(`Tables:   written into ${store.dir} when all is over, by a job or by the same command`);
    say(`Status:   ${commandLine("sweep", [...waited, "--status"])}`);
    say(`Cancel:   ${commandLine("sweep", [...waited, "--cancel"])}`);
    return 0;
  }
  const isStopped = await interruptible(async (signal) => {
    const note = (sentence: string) => say(`Note: ${sentence}.`);
    await waitForLaunch(store.dir, before, progress, slurm, { signal, note });
    return signal.aborted;
  }, () => progress.stop()).finally(() => progress.stop());
  if (isStopped) {
    say(`Stopped waiting; the jobs go on. To cancel them:`);
    say(`  ${commandLine("sweep", [...waited, "--cancel"])}`);
    return 130;
  }
  const results = await store.results();
  if (selectRuns(results).every(({ status }) => status === "failed")) return results;
  await tellStatus(store.dir, slurm, say);
  say(`To do what is left:\n  ${commandLine("sweep", launch.args)}`);
  return 1;
}

/** What would be submitted, for people. */
export async function describeLaunch(
  dir: string,
  before: readonly RunResult[],
  launch: SlurmLaunch,
  slurm: Slurm,
): Promise<string> {
  const selected = selectRuns(before, launch.onlyFailed);
  const plan = await planLaunch(dir, before, selected, launch, slurm);
  if (plan.elements.first.length === 0) return "Nothing would be submitted.";
  const elements = plan.elements.first.length;
  const options = { name: "<name>", logs: resolve(logFolder(dir)), elements, after: [] };
  return `Slurm would get ${describeElements(plan)}:\n  sbatch ` +
    sbatchArguments(options, launch.settings).join(" ");
}

/** Counts runs and elements, and says how large the elements are. */
function describeElements({ elements: { first, then }, active, capacity }: LaunchPlan): string {
  const runs = [...first, ...then].flat().length;
  const parts = [`${counted(runs, "run")} as ${counted(first.length + then.length, "element")}`];
  if (then.length > 0) {
    parts.push(`${then.length} of which wait for others that train what they share`);
  }
  if (active.length > 0) parts.push(`beside ${active.length} that are queued or at work`);
  return `${parts.join(", ")} (${capacity.reason})`;
}

/**
 * Says where a sweep stands that was submitted: how many runs are done, failed, at work, waiting and left,
 * and which elements died, with the end of what they wrote.
 *
 * @throws {StoreError} when no sweep has run in the folder
 * @throws {SweepError} when Slurm does not answer
 */
export async function tellStatus(
  dir: string,
  slurm: Slurm,
  say: (line: string) => void,
): Promise<void> {
  const { results, record } = await submitted(dir, "say where the jobs stand");
  const status = launchStatus(dir, results, record, await slurm.queue(jobNames(record)));
  const { done, failed, running, pending, left, reasons, dead } = status;
  say(
    `${
      counted(results.length, "run")
    } in ${dir}: ${done} done, ${failed} failed, ${running} running, ` +
      `${pending} pending, ${left} not submitted`,
  );
  for (const [reason, elements] of reasons) {
    say(`Pending: ${counted(elements, "element")}, as Slurm says, for ${reason}`);
  }
  const [begun, others] = [
    dead.filter(({ log }) => log !== null),
    dead.filter(({ log }) => log === null),
  ];
  for (const { array, index, left, log } of begun.slice(0, DEAD_TOLD)) {
    const runs = left.slice(0, 3).map(runLabel).join(" and ");
    const more = left.length > 3 ? ` and ${left.length - 3} more` : "";
    say(`Died: element ${index} of job ${array.job}, with ${runs}${more}`);
    say(`  ${log}`);
    for (const line of tail(log!)) say(`  | ${line}`);
  }
  if (begun.length > DEAD_TOLD) say(`  and ${begun.length - DEAD_TOLD} more elements`);
  if (others.length > 0) {
    say(`Never begun: ${counted(others.length, "element")}, cancelled or refused, without a log`);
  }
  const failures = results.filter((run) => run.status === "failed");
  for (const { id, error } of failures.slice(0, DEAD_TOLD)) {
    say(`Failed: ${runLabel(id)}: ${(error ?? "").trim().split("\n")[0]}`);
  }
}

/**
 * Cancels every job of a sweep, those that wait and those at work; runs that are done stay.
 *
 * @throws {StoreError} when nothing of the sweep was submitted
 * @throws {SweepError} when Slurm does not answer
 */
export async function cancelJobs(
  dir: string,
  slurm: Slurm,
  say: (line: string) => void,
): Promise<void> {
  const { results, record } = await submitted(dir, "cancel jobs");
  const queued = await slurm.queue(jobNames(record));
  const names = new Set(queued.filter(({ state }) => state !== "over").map(({ name }) => name));
  await slurm.cancel([...names]);
  const done = results.filter(isFinal).length;
  say(
    `Cancelled ${counted(names.size, "job")}; ${done} of ${
      counted(results.length, "run")
    } are done`,
  );
}

/** A sweep that was submitted, and what was. */
async function submitted(dir: string, action: string) {
  const record = await readRecord(dir);
  if (record === null) {
    throw new StoreError(
      `Cannot ${action} of ${dir} as nothing of it was submitted: add --launcher slurm to submit it`,
    );
  }
  return { record, results: await (await SweepStore.read(dir)).results() };
}

/** The last lines of a log. */
function tail(path: string): string[] {
  return readFileSync(path, "utf8").trimEnd().split("\n").slice(-LINES_TOLD);
}

/** Dead elements that are told, and lines of the log of each. */
const [DEAD_TOLD, LINES_TOLD] = [10, 5];
