/**
 * One measured program: `deno run lib/bench/process.ts DIR`. The way to a matrix product is
 * what `POLY_MATMUL` says. It writes one line of JSON when it is ready, then one for each line it
 * reads, {@linkcode BenchRequest} → {@linkcode BenchReply}, until its input ends. `peft_step.py` does
 * the same with PEFT.
 *
 * @module
 */
import process from "node:process";
import { createInterface } from "node:readline";
import { useBackend } from "../backend/backend.ts";
import { peakMemory } from "../sweep/provenance.ts";
import { type BenchLosses, BenchWork } from "./work.ts";

/** The first line that a program writes. */
export interface BenchReady extends BenchLosses {
  /** What computes, for people. */
  readonly engine: string;
}

/** Which step to measure, and for how long. */
export interface BenchRequest {
  /** `arithmetic` needs a processor and nothing else: it tells how many there really are. */
  readonly step: "train" | "evaluate" | "arithmetic";
  /** Steps are taken until this time is over; at least one. */
  readonly milliseconds: number;
}

/** What was measured. */
export interface BenchReply {
  /** Time of each step. */
  readonly milliseconds: readonly number[];
  /** Processor time per step, all threads together. */
  readonly cpu_milliseconds: number;
  /** The most memory the program ever held at once, in bytes. */
  readonly peak_memory: number;
}

if (import.meta.main) {
  const { reason } = await useBackend("wasm");
  const work = await BenchWork.open(Deno.args[0]!);
  write({ engine: `Deno ${Deno.version.deno}, ${reason}`, ...await work.losses() });
  for await (const line of createInterface({ input: process.stdin })) {
    const { step, milliseconds } = JSON.parse(line) as BenchRequest;
    const times: number[] = [];
    const cpu = process.cpuUsage();
    const started = performance.now();
    do {
      const from = performance.now();
      if (step === "arithmetic") arithmetic();
      else await work[step]();
      times.push(performance.now() - from);
    } while (performance.now() - started < milliseconds);
    const { user, system } = process.cpuUsage(cpu);
    write({
      milliseconds: times,
      cpu_milliseconds: (user + system) / 1000 / times.length,
      peak_memory: peakMemory(),
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
