/**
 * A program that takes a few training steps of runs on one device, and writes how long they took as one line
 * of JSON, {@linkcode MeasuredSteps}: `deno run lib/sweep/workers/measure_steps.ts JSON`, the JSON being
 * {@linkcode StepsRequest}.
 *
 * @module
 */
import process from "node:process";
import type { BackendName } from "../../backend/backend.ts";
import { type WebgpuAdapter, webgpuAdapter } from "../../backend/webgpu/find_adapter.ts";
import type { MeasuredRun } from "./seconds_of_step.ts";

/** What is to be measured. */
export interface StepsRequest {
  readonly backend: BackendName;
  /** Runs that are trained in the same batches, or one alone. */
  readonly runs: readonly MeasuredRun[];
  /** A folder to write into and to remove afterwards. */
  readonly dir: string;
}

/** What the program writes. */
export interface MeasuredSteps {
  /** The adapter of WebGPU; null where there is none, or another device is measured. */
  readonly adapter: WebgpuAdapter | null;
  /** Time of a step of all runs, in seconds; null on WebGPU without a card, which is not measured. */
  readonly seconds: number | null;
}

/** Measures steps; see {@linkcode StepsRequest}. */
export async function measureSteps({ backend, runs, dir }: StepsRequest): Promise<MeasuredSteps> {
  const adapter = backend === "webgpu" ? await webgpuAdapter() : null;
  if (backend === "webgpu" && (adapter === null || adapter.isSoftware)) {
    return { adapter, seconds: null };
  }
  // Most machines have no card: they need not load what takes steps.
  const { secondsOfStep } = await import("./seconds_of_step.ts");
  return { adapter, seconds: await secondsOfStep(backend, runs, dir) };
}

if (import.meta.main) {
  const request = JSON.parse(Deno.args[0]!) as StepsRequest;
  process.stdout.write(JSON.stringify(await measureSteps(request)));
}
