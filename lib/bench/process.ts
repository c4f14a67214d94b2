/**
 * One measured program: `deno run lib/bench/process.ts [BACKEND] DIR`, on WebAssembly by default, where
 * `POLY_MATMUL` selects its matrix product. It writes one line of JSON when it is ready, then one for each line it reads, {@linkcode
 * BenchRequest} → {@linkcode BenchReply}, until its input ends. `peft_step.py` does the same with
 * PEFT.
 *
 * @module
 */
import process from "node:process";
import { createInterface } from "node:readline";
import { type BackendName, useBackend } from "../backend/backend.ts";
import { peakMemory } from "../sweep/provenance.ts";
import { callsBetween, countGpuCalls, type GpuCalls } from "./gpu_calls.ts";
import { type BenchLosses, BenchWork } from "./work.ts";

/** The first line that a program writes. */
export interface BenchReady extends BenchLosses {
  /** Description of the device and its kernels, for people. */
  readonly engine: string;
}

/** Kind of step to measure, and for how long. */
export interface BenchRequest {
  /** Kind of step; `arithmetic` only needs a processor, so it reveals how many there really are. */
  readonly step: "train" | "evaluate" | "arithmetic";
  /** Time to take steps for; at least one step is taken. */
  readonly milliseconds: number;
}

/** Measurements of the steps. */
export interface BenchReply {
  /** Time of each step, in milliseconds. */
  readonly milliseconds: readonly number[];
  /** Processor time per step, all threads together, in milliseconds. */
  readonly cpu_milliseconds: number;
  /** Largest memory that the program held, in bytes. */
  readonly peak_memory: number;
  /** Calls of WebGPU in the last step; absent elsewhere. */
  readonly calls?: GpuCalls;
}

if (import.meta.main) {
  const [dir, backend = "wasm"] = Deno.args.toReversed() as [string, BackendName?];
  const calls = backend === "webgpu" ? countGpuCalls() : null;
  const { reason } = await useBackend(backend);
  const work = await BenchWork.open(dir);
  write({ engine: `Deno ${Deno.version.deno}, ${reason}`, ...await work.losses() });
  for await (const line of createInterface({ input: process.stdin })) {
    const { step, milliseconds } = JSON.parse(line) as BenchRequest;
    const times: number[] = [];
    let before: Readonly<GpuCalls>;
    const cpu = process.cpuUsage();
    const started = performance.now();
    do {
      const from = performance.now();
      before = { ...calls! };
      if (step === "arithmetic") arithmetic();
      else await work[step]();
      times.push(performance.now() - from);
    } while (performance.now() - started < milliseconds);
    const { user, system } = process.cpuUsage(cpu);
    write({
      milliseconds: times,
      cpu_milliseconds: (user + system) / 1000 / times.length,
      peak_memory: peakMemory(),
      ...calls !== null && { calls: callsBetween(before, calls) },
    });
  }
  work.dispose();
}

/** Does about a millisecond of plain arithmetic. */
function arithmetic(): number {
  let x = 1;
  for (let i = 0; i < 250_000; i++) x = x * 1.000001 + 1e-9;
  return x;
}

function write(line: BenchReady | BenchReply): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
