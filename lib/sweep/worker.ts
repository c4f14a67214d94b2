/**
 * The program of a worker process.
 *
 * @module
 */
import process from "node:process";
import { type ChosenBackend, useBackend } from "../backend/backend.ts";
import { fastKernels } from "../backend/wasm/install.ts";
import { environmentVariable } from "../util/environment.ts";
import type { RunConfig } from "../run/config.ts";
import { inputsOf } from "../run/inputs.ts";
import { doRun } from "../run/run.ts";
import { StoppedError } from "../run/stages/keeper.ts";
import { StageStore } from "../stages/stage_store.ts";
import * as tf from "../tf.ts";
import { machineFacts, peakMemory } from "./provenance.ts";
import { serveRuns } from "./serve_runs.ts";

const facts = { ...await machineFacts(), tfjs: tf.version["tfjs-core"] };
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

/** What a stage depends on of the code and its dependencies. */
const codeFacts = {
  code: `${facts.git_commit} ${facts.git_dirty}`,
  deno_lock_sha256: facts.deno_lock_sha256,
  deno: facts.deno,
};

/** What a stage depends on of the machine. */
function deviceFacts(backend: ChosenBackend) {
  return { backend: backend.name, ...productsOf(backend), cpu: facts.cpu };
}

/** What the bytes of a run on WebAssembly depend on, with which it can be done again. */
function productsOf({ name }: ChosenBackend) {
  if (name !== "wasm") return {};
  const { blas, matmul } = fastKernels();
  return { blas, matmul, openblas_coretype: environmentVariable("OPENBLAS_CORETYPE") ?? null };
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
  const { run: { config }, keepAdapter, stagesDir } = task;
  const started = new Date();
  const processorBefore = process.cpuUsage();
  isAtWork = true;
  const backend = await backendOf(config.backend);
  const basis = { ...await inputsOf(config), ...codeFacts, ...deviceFacts(backend) };
  const { stages, ...found } = await doRun(config, {
    dir,
    adapterDir: keepAdapter ? adapterDir : null,
    report,
    stages: stagesDir === null ? null : { store: new StageStore(stagesDir), basis },
    signal: stopping.signal,
  }).catch((error) => {
    if (error instanceof StoppedError) Deno.exit(STOPPED);
    throw error;
  }).finally(() => isAtWork = false);
  const { user, system } = process.cpuUsage(processorBefore);
  const ended = new Date();
  return {
    ...found,
    provenance: {
      ...facts,
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
