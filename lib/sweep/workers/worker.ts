/**
 * The program of a worker process.
 *
 * @module
 */
import process from "node:process";
import { type ChosenBackend, useBackend } from "../../backend/backend.ts";
import { fastKernels } from "../../backend/wasm/install.ts";
import { environmentVariable } from "../../util/environment.ts";
import { Company } from "../../run/company/company.ts";
import type { RunConfig } from "../../run/config.ts";
import { inputsOf, refuseChangedInputs, type RunInputs } from "../../run/inputs.ts";
import { doRun, type RunOutput } from "../../run/run.ts";
import type { Basis } from "../../run/stages/facts.ts";
import { StoppedError } from "../../run/stages/keeper.ts";
import { StageStore } from "../../stages/stage_store.ts";
import * as tf from "../../tf.ts";
import { codeDiff, keepCodeDiff, machineFacts, peakMemory } from "../provenance.ts";
import type { WorkerTask } from "./message.ts";
import { workUntil } from "./pause.ts";
import { serveRuns, STOPPED } from "./serve_runs.ts";

const facts = { ...await machineFacts(), tfjs: tf.version["tfjs-core"] };
const diff = facts.git_dirty === false ? null : await codeDiff();
const chosen = new Map<RunConfig["backend"], Promise<ChosenBackend>>();

/** The backend of a run; each is tried once in a process. */
async function backendOf(
  name: RunConfig["backend"],
  device: WorkerTask["device"],
): Promise<ChosenBackend> {
  const choice = chosen.get(name) ??
    (name !== "auto"
      ? useBackend(name)
      : useBackend(device?.name, device?.reason.replace(`${device.name}: `, "")));
  chosen.set(name, choice);
  const backend = await choice;
  await tf.setBackend(backend.name);
  return backend;
}

/** What a stage depends on beside settings; null where the code is not known, so that none is shared. */
function basisOf(inputs: RunInputs, backend: ChosenBackend): Basis | null {
  const { code_sha256, deno_lock_sha256, deno, cpu } = facts;
  const { data_sha256, base_model_sha256 } = inputs;
  if (code_sha256 === null) return null;
  return {
    ...{ code_sha256, deno_lock_sha256, deno, data_sha256, base_model_sha256, cpu },
    backend: backend.name,
    ...productsOf(backend),
  };
}

/** What the bytes of a run on WebAssembly depend on, with which it can be done again. */
function productsOf({ name }: ChosenBackend) {
  if (name !== "wasm") return { threads: 1 };
  const { blas, matmul, threads } = fastKernels();
  return {
    blas,
    matmul,
    threads,
    openblas_coretype: environmentVariable("OPENBLAS_CORETYPE") ?? null,
  };
}

/** Asks the runs at work to stop and save where they are; without one, the process ends at once. */
const stopping = new AbortController();
let atWork = 0;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  if (signal === "SIGTERM" && Deno.build.os === "windows") continue; // ends the process there
  Deno.addSignalListener(signal, () => {
    stopping.abort();
    if (atWork === 0) Deno.exit(STOPPED);
  });
}

/** The company that was joined last; its runs come one behind another. */
let latest = new Company([]);

/** The place of a run among those that are trained in the same batches; null for a run alone. */
function seatOf({ run: { id }, company = [] }: WorkerTask) {
  if (company.length < 2) return null;
  if (`${latest.ids}` !== `${company}`) latest = new Company(company);
  return latest.seatOf(id);
}

await serveRuns(async (task, { dir, adapterDir }, report) => {
  const { run: { config }, keepAdapter, stagesDir, reads, pauseAt } = task;
  if (reads !== undefined) await refuseChangedInputs(config, reads);
  const started = new Date();
  const processorBefore = process.cpuUsage();
  const seat = seatOf(task);
  const backend = await backendOf(config.backend, task.device);
  const inputs = reads?.inputs ?? await inputsOf(config);
  const basis = basisOf(inputs, backend);
  const shared = stagesDir === null || basis === null
    ? null
    : { store: new StageStore(stagesDir), basis };
  const work = (own: Pick<RunOutput, "stages" | "signal" | "report">) =>
    doRun(config, {
      dir,
      adapterDir: keepAdapter ? adapterDir : null,
      ...(typeof reads?.baseDir === "string" ? { baseDir: reads.baseDir } : {}),
      seat,
      ...own,
    });
  atWork++;
  const all = { stages: shared, signal: stopping.signal, report };
  const done = await (pauseAt === undefined ? work(all) : workUntil(pauseAt, dir, all, work))
    .catch((error) => {
      if (error instanceof StoppedError) return null;
      throw error;
    }).finally(() => atWork--);
  if (done === null) return null;
  const { stages, ...found } = done;
  const { user, system } = process.cpuUsage(processorBefore);
  if (reads !== undefined) await refuseChangedInputs(config, reads);
  const ended = new Date();
  return {
    ...found,
    provenance: {
      ...facts,
      ...(diff === null ? {} : { code_diff: await keepCodeDiff(task.dir, diff) }),
      ...inputs,
      backend: backend.name,
      backend_reason: backend.reason,
      ...(seat === null ? {} : { company: seat.company }),
      ...productsOf(backend),
      started: started.toISOString(),
      ended: ended.toISOString(),
      seconds: (ended.getTime() - started.getTime()) / 1000,
      processor_seconds: (user + system) / 1e6,
      stages,
      memory_bytes: process.memoryUsage().rss,
      peak_memory_bytes: peakMemory(),
    },
  };
});
