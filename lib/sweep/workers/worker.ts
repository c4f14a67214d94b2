/**
 * The program of a worker process.
 *
 * @module
 */
import process from "node:process";
import { type ChosenBackend, useBackend } from "../../backend/backend.ts";
import { fastKernels } from "../../backend/wasm/install.ts";
import { environmentVariable } from "../../util/environment.ts";
import type { RunConfig } from "../../run/config.ts";
import { inputsOf, refuseChangedInputs, type RunInputs } from "../../run/inputs.ts";
import { doRun } from "../../run/run.ts";
import type { Basis } from "../../run/stages/facts.ts";
import { StoppedError } from "../../run/stages/keeper.ts";
import { StageStore } from "../../stages/stage_store.ts";
import * as tf from "../../tf.ts";
import { codeDiff, keepCodeDiff, machineFacts, peakMemory } from "../provenance.ts";
import { serveRuns } from "./serve_runs.ts";

const facts = { ...await machineFacts(), tfjs: tf.version["tfjs-core"] };
const diff = facts.git_dirty === false ? null : await codeDiff();
const chosen = new Map<RunConfig["backend"], ChosenBackend>();

/** The backend of a run; each is tried once in a process. */
async function backendOf(name: RunConfig["backend"]): Promise<ChosenBackend> {
  const before = chosen.get(name);
  if (before !== undefined) {
    await tf.setBackend(before.name);
    return before;
  }
  const choice = await useBackend(name === "auto" ? undefined : name);
  chosen.set(name, choice);
  return choice;
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

/** Asks the run at work to stop and save where it is; without one, the process ends at once. */
const stopping = new AbortController();
let isAtWork = false;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  if (signal === "SIGTERM" && Deno.build.os === "windows") continue; // ends the process there
  Deno.addSignalListener(signal, () => {
    stopping.abort();
    if (!isAtWork) Deno.exit(STOPPED);
  });
}
const STOPPED = 130;

await serveRuns(async (task, { dir, adapterDir }, report) => {
  const { run: { config }, keepAdapter, stagesDir, reads } = task;
  if (reads !== undefined) await refuseChangedInputs(config, reads);
  const started = new Date();
  const processorBefore = process.cpuUsage();
  isAtWork = true;
  const backend = await backendOf(config.backend);
  const inputs = reads?.inputs ?? await inputsOf(config);
  const basis = basisOf(inputs, backend);
  const { stages, ...found } = await doRun(config, {
    dir,
    adapterDir: keepAdapter ? adapterDir : null,
    ...(typeof reads?.baseDir === "string" ? { baseDir: reads.baseDir } : {}),
    report,
    stages: stagesDir === null || basis === null
      ? null
      : { store: new StageStore(stagesDir), basis },
    signal: stopping.signal,
  }).catch((error) => {
    if (error instanceof StoppedError) Deno.exit(STOPPED);
    throw error;
  }).finally(() => isAtWork = false);
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
