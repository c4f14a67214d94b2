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
import { doRun } from "../run/run.ts";
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

await serveRuns(async ({ run: { config }, keepAdapter }, { dir, adapterDir }, report) => {
  const started = new Date();
  const backend = await backendOf(config.backend);
  const outcome = await doRun(config, {
    dir,
    adapterDir: keepAdapter ? adapterDir : null,
    report,
  });
  const ended = new Date();
  return {
    ...outcome,
    provenance: {
      ...facts,
      backend: backend.name,
      backend_reason: backend.reason,
      ...productsOf(backend),
      started: started.toISOString(),
      ended: ended.toISOString(),
      seconds: (ended.getTime() - started.getTime()) / 1000,
      memory_bytes: process.memoryUsage().rss,
      peak_memory_bytes: peakMemory(),
    },
  };
});
