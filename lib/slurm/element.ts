/**
 * The program of an element of a job array: does its runs in workers, as any sweep does, and says in its
 * log what became of each. It ends with code 0 when all are done, with 1 when some failed, and with 2 when
 * it cannot work.
 *
 * @module
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { runLabel } from "../run/id.ts";
import { isFinal } from "../run/result.ts";
import { chooseDevice } from "../sweep/device.ts";
import { runSweep, type SweepProgress } from "../sweep/run_sweep.ts";
import { SweepStore } from "../sweep/store.ts";
import { StoreError } from "../sweep/store_error.ts";
import { printable } from "../util/printable.ts";
import { duration, firstLine } from "../util/words.ts";
import { agreeOnDevice } from "./device.ts";
import { elementPath } from "./element_words.ts";
import { agreeOnWays } from "./ways.ts";

function say(line: string): void {
  process.stdout.write(`${new Date().toISOString()} ${printable(line)}\n`);
}

const progress: SweepProgress = {
  working() {},
  silent: ({ id, seconds, pid }) =>
    say(`No progress of ${runLabel(id)} for ${duration(seconds)} in process ${pid}`),
  ended: ({ id, status, error }) =>
    say(`${runLabel(id)} ${status}${error === undefined ? "" : `: ${firstLine(error)}`}`),
  again: ({ id, error }) => say(`${runLabel(id)} is tried again: ${firstLine(error ?? "")}`),
  stop() {},
};

const { values, positionals } = parseArgs({
  options: {
    jobs: { type: "string", default: "1" },
    threads: { type: "string", default: "1" },
    adapters: { type: "boolean", default: false },
    retry: { type: "string", default: "0" },
    stages: { type: "string" },
    worker: { type: "string" },
  },
  allowPositionals: true,
});
const [dir, number, index] = positionals as [string, string, string];
const stop = new AbortController();
// Slurm sends it before it ends a job: at its time limit, and when someone cancels it.
process.on("SIGTERM", () => stop.abort());
try {
  const store = await SweepStore.read(dir, elementPath(dir, Number(number), Number(index)));
  const before = await store.results();
  const toDo = before.filter((run) => !isFinal(run));
  say(`Runs to do: ${toDo.length} of ${before.length}`);
  const [jobs, threads] = [Number(values.jobs), Number(values.threads)];
  const device = values.worker === undefined
    ? await agreeOnDevice(dir, (settled) => {
      return chooseDevice(toDo, settled, { dir, jobs, threads, batchRuns: 1, reads: new Map() });
    })
    : null;
  if (device !== null) say(`Device: ${device.reason}`);
  const { results } = await runSweep(store, before, progress, {
    ...{ jobs, threads, device },
    keepAdapter: values.adapters,
    retry: Number(values.retry),
    stagesDir: values.stages ?? null,
    settle: (found) => agreeOnWays(dir, found),
    signal: stop.signal,
    ...values.worker === undefined ? {} : { worker: new URL(values.worker) },
  });
  if (stop.signal.aborted) say("Stopped by Slurm; the same command sends the rest again");
  process.exitCode = results.every(isFinal) ? 0 : 1;
} catch (error) {
  if (!(error instanceof StoreError)) throw error;
  say(error.message);
  process.exitCode = 2;
}
