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
import { inputsOf, refuseChangedInputs } from "../run/inputs.ts";
import { doRun } from "../run/run.ts";
import * as tf from "../tf.ts";
import { codeDiff, keepCodeDiff, machineFacts, peakMemory } from "./provenance.ts";
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

/** What the bytes of a run on WebAssembly depend on, with which it can be done again. */
function productsOf({ name }: ChosenBackend) {
  if (name !== "wasm") return {};
  const { blas, matmul } = fastKernels();
  return { blas, matmul, openblas_coretype: environmentVariable("OPENBLAS_CORETYPE") ?? null };
}

await serveRuns(async (task, { dir, adapterDir }, report) => {
  const { run: { config }, keepAdapter, reads } = task;
  if (reads !== undefined) await refuseChangedInputs(config, reads);
  const started = new Date();
  const backend = await backendOf(config.backend);
  const outcome = await doRun(config, {
    dir,
    adapterDir: keepAdapter ? adapterDir : null,
    ...(typeof reads?.baseDir === "string" ? { baseDir: reads.baseDir } : {}),
    report,
  });
  if (reads !== undefined) await refuseChangedInputs(config, reads);
  const ended = new Date();
  return {
    ...outcome,
    provenance: {
      ...facts,
      ...(diff === null ? {} : { code_diff: await keepCodeDiff(task.dir, diff) }),
      ...reads?.inputs ?? await inputsOf(config),
      backend: backend.name,
      backend_reason: backend.reason,
      ...productsOf(backend),
      threads: 1,
      started: started.toISOString(),
      ended: ended.toISOString(),
      seconds: (ended.getTime() - started.getTime()) / 1000,
      memory_bytes: process.memoryUsage().rss,
      peak_memory_bytes: peakMemory(),
    },
  };
});
