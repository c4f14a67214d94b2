/**
 * Measures the steps of several programs that do the same work. Each runs in a process of its own,
 * and their losses are compared before their times.
 */
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { ONE_THREAD } from "../backend/wasm/blas.ts";
import { BLAS_PERMISSIONS, blasEnvironment } from "../backend/wasm/child_environment.ts";
import { withoutLoaderVariables } from "../util/environment.ts";
import { scratchFolder } from "../util/scratch_folder.ts";
import type { GpuCalls } from "./gpu_calls.ts";
import type { BenchReady, BenchReply, BenchRequest } from "./process.ts";
import type { BenchSize } from "./size.ts";
import { writeBenchWork } from "./work.ts";

/** A program that can be measured. */
export interface BenchProgram {
  /** Name of the program in tables. */
  readonly name: string;
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Measurements of one step of one program at one size. */
export interface BenchMeasure {
  readonly size: string;
  readonly program: string;
  readonly engine: string;
  readonly step: "train" | "evaluate";
  /** Median time of a step in each round, in milliseconds. */
  readonly rounds: readonly number[];
  /** Processor time per step in each round, all threads together, in milliseconds. */
  readonly cpu_rounds: readonly number[];
  /** Largest memory that the program held, in bytes. */
  readonly peak_memory: number;
  /** Loss before training, then those of the first training steps. */
  readonly losses: readonly number[];
  /** Calls of WebGPU in a step; absent elsewhere. */
  readonly calls?: GpuCalls | undefined;
}

/** Options of {@linkcode measure}. */
export interface BenchOptions {
  readonly rounds: number;
  /** Time that a program is measured in each round, in milliseconds; at least one step is taken. */
  readonly milliseconds: number;
  /**
   * Time that a program runs before it is measured, in milliseconds, so that its code is compiled.
   */
  readonly warmUp: number;
  /** Number of the processor that all programs run on, if the system can pin them; null for any. */
  readonly cpu: number | null;
}

/** Largest relative difference of losses between programs that do the same work. */
const SAME_LOSS = 1e-4;

/** Thrown when programs that should do the same work have different losses. */
export class BenchMismatch extends Error {
  override readonly name = "BenchMismatch";
}

/**
 * The programs to measure: this project by the system's BLAS, by its own kernel and as published;
 * and PEFT if there is a Python for it.
 */
export function benchPrograms(python: string | null, hasBlas: boolean): BenchProgram[] {
  const file = (path: string) => fileURLToPath(new URL(path, import.meta.url));
  const deno = [Deno.execPath(), "run", ...BLAS_PERMISSIONS, file("process.ts")];
  const by = (matmul: string) => ({ ...blasEnvironment(), POLY_MATMUL: matmul });
  const pythonEnv = {
    ...ONE_THREAD,
    OMP_NUM_THREADS: "1",
    HF_HUB_OFFLINE: "1",
    CUDA_VISIBLE_DEVICES: "",
  };
  return [
    ...(hasBlas ? [{ name: "blas", command: deno, env: by("blas") }] : []),
    { name: "own", command: deno, env: by("wasm") },
    { name: "published", command: deno, env: by("published") },
    ...(python === null
      ? []
      : [{ name: "peft", command: [python, file("./peft_step.py")], env: pythonEnv }]),
  ];
}

/** The programs to measure on a graphics card: this project, and PEFT on CUDA if a Python has it. */
export function cardPrograms(cudaPython: string | null): BenchProgram[] {
  const file = (path: string) => fileURLToPath(new URL(path, import.meta.url));
  const deno = [Deno.execPath(), "run", ...BLAS_PERMISSIONS, file("process.ts"), "webgpu"];
  return [
    { name: "webgpu", command: deno },
    ...(cudaPython === null ? [] : [{
      name: "peft on cuda",
      command: [cudaPython, file("peft_step.py"), "cuda"],
      env: { HF_HUB_OFFLINE: "1" },
    }]),
  ];
}

/** Whether a Python's PyTorch can use a graphics card. */
export async function hasCuda(python: string): Promise<boolean> {
  const { stdout } = await new Deno.Command(python, {
    args: ["-c", "import torch; print(torch.cuda.is_available())"],
    env: withoutLoaderVariables(),
    stderr: "null",
  }).output();
  return new TextDecoder().decode(stdout).trim() === "True";
}

/**
 * Measures programs that do the same work, each in a process of its own, in rounds that alternate
 * between them, so that other load on the machine affects all of them.
 *
 * @throws {BenchMismatch} when their losses differ
 */
export async function measure(
  name: string,
  size: BenchSize,
  programs: readonly BenchProgram[],
  options: BenchOptions,
): Promise<BenchMeasure[]> {
  const dir = await scratchFolder("bench-");
  const running: BenchProcess[] = [];
  try {
    await writeBenchWork(dir, size);
    for (const program of programs) {
      running.push(await BenchProcess.start(program, dir, options.cpu));
    }
    compareLosses(name, running);
    const measures: BenchMeasure[] = [];
    for (const step of ["train", "evaluate"] as const) {
      for (const program of running) await program.ask({ step, milliseconds: options.warmUp });
      const replies = running.map((): BenchReply[] => []);
      for (let round = 0; round < options.rounds; round++) {
        for (const [i, program] of running.entries()) {
          replies[i]!.push(await program.ask({ step, milliseconds: options.milliseconds }));
        }
      }
      measures.push(...running.map(({ program, ready }, i): BenchMeasure => ({
        size: name,
        program: program.name,
        engine: ready.engine,
        step,
        rounds: replies[i]!.map(({ milliseconds }) => median(milliseconds)),
        cpu_rounds: replies[i]!.map(({ cpu_milliseconds }) => cpu_milliseconds),
        peak_memory: Math.max(...replies[i]!.map(({ peak_memory }) => peak_memory)),
        losses: [ready.evaluation, ...ready.training],
        calls: replies[i]!.at(-1)!.calls,
      })));
    }
    return measures;
  } finally {
    await Promise.all(running.map((program) => program.stop()));
    await Deno.remove(dir, { recursive: true });
  }
}

/** The median of numbers. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function compareLosses(size: string, running: readonly BenchProcess[]): void {
  const [first, ...others] = running;
  for (const other of others) {
    const [expected, actual] = [first!, other].map(({ ready: { evaluation, training } }) => [
      evaluation,
      ...training,
    ]);
    for (const [i, loss] of expected!.entries()) {
      if (!(Math.abs(actual![i]! - loss) <= SAME_LOSS * Math.abs(loss))) {
        throw new BenchMismatch(
          `Cannot compare times at size "${size}" as losses differ: ${first!.program.name} has ` +
            `${expected!.join(", ")}, ${other.program.name} has ${actual!.join(", ")}`,
        );
      }
    }
  }
}

/** A program under measurement, running in a process that waits for requests. */
export class BenchProcess {
  private constructor(
    readonly program: BenchProgram,
    readonly ready: BenchReady,
    readonly process: Deno.ChildProcess,
    readonly input: WritableStreamDefaultWriter<Uint8Array>,
    readonly lines: AsyncIterator<string>,
  ) {}

  /**
   * Starts a program on the files of {@linkcode writeBenchWork}, and waits until it is ready.
   *
   * @param cpu number of the processor that it is pinned to; null for any
   */
  static async start(
    program: BenchProgram,
    dir: string,
    cpu: number | null,
  ): Promise<BenchProcess> {
    const pinned = cpu === null ? [] : ["/usr/bin/taskset", "--cpu-list", `${cpu}`];
    const [command, ...args] = [...pinned, ...program.command, dir];
    const process = new Deno.Command(command!, {
      args,
      env: { ...program.env, ...withoutLoaderVariables() },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const errors = new Response(process.stderr).text(); // read throughout: a full pipe would block
    const stdout = Readable.fromWeb(
      process.stdout as unknown as Parameters<typeof Readable.fromWeb>[0],
    );
    const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
    const first = await lines.next();
    if (first.done) {
      throw new Error(`Cannot measure "${program.name}" as it does not start: ${await errors}`);
    }
    const ready = JSON.parse(first.value) as BenchReady;
    return new BenchProcess(program, ready, process, process.stdin.getWriter(), lines);
  }

  /** Requests steps, and returns their measurements. */
  async ask(request: BenchRequest): Promise<BenchReply> {
    await this.input.write(new TextEncoder().encode(`${JSON.stringify(request)}\n`));
    const { value, done } = await this.lines.next();
    if (done) throw new Error(`Cannot measure "${this.program.name}" as it ended early`);
    return JSON.parse(value) as BenchReply;
  }

  /** Ends the process. */
  async stop(): Promise<void> {
    await this.input.close().catch(() => {}); // it may have ended by itself
    await this.process.status;
  }
}
