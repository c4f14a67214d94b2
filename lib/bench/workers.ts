/**
 * Measures how much faster two workers are than one. Plain arithmetic is measured beside it, as a
 * machine may have fewer free processors than it reports.
 */
import { BenchProcess, type BenchProgram, median } from "./bench.ts";
import type { BenchReply, BenchRequest } from "./process.ts";
import type { BenchSize } from "./size.ts";
import { scratchFolder } from "../util/scratch_folder.ts";
import { writeBenchWork } from "./work.ts";

/** Options of {@linkcode measureWorkers}. */
export interface WorkerOptions {
  readonly rounds: number;
  /** Length of one measurement, in milliseconds; at least one step is taken. */
  readonly milliseconds: number;
  /** Time that each worker runs before that, in milliseconds. */
  readonly warmUp: number;
  /**
   * Numbers of the two processors that the workers run on, if the system can pin them; null for
   * any.
   */
  readonly cpus: readonly [number, number] | null;
}

/** Throughput of two workers at once, and of each alone. */
export interface WorkerMeasure {
  readonly size: string;
  readonly program: string;
  /**
   * Training steps per second of one worker while the other waits, as the mean of both, in each
   * round.
   */
  readonly alone: readonly number[];
  /** Training steps per second of both workers at once, as their sum, in each round. */
  readonly together: readonly number[];
  /**
   * Ratio of plain arithmetic done by both workers at once to that of one alone, in each round: the
   * number of processors that they really had. If it is far below 2, `together` says little.
   */
  readonly processors: readonly number[];
}

/**
 * Measures the throughput of two processes that do the same training work, as the workers of a
 * sweep do, relative to that of one. In each round the first works alone, then both, then the
 * second alone.
 */
export async function measureWorkers(
  name: string,
  size: BenchSize,
  program: BenchProgram,
  options: WorkerOptions,
): Promise<WorkerMeasure> {
  const dir = await scratchFolder("bench-");
  const running: BenchProcess[] = [];
  try {
    await writeBenchWork(dir, size);
    for (const i of [0, 1]) {
      running.push(await BenchProcess.start(program, dir, options.cpus?.[i] ?? null));
    }
    const [first, second] = running as [BenchProcess, BenchProcess];
    const speedOf = async (
      worker: BenchProcess,
      step: BenchRequest["step"],
      milliseconds: number,
    ) => stepsPerSecond(await worker.ask({ step, milliseconds }));
    /**
     * Measures the first alone, both at once, then the second alone, so that drift affects both
     * sides.
     */
    const compare = async (step: BenchRequest["step"], milliseconds: number) => {
      const before = await speedOf(first, step, milliseconds);
      const [one, other] = await Promise.all([
        speedOf(first, step, milliseconds),
        speedOf(second, step, milliseconds),
      ]);
      const after = await speedOf(second, step, milliseconds);
      return { alone: (before + after) / 2, together: one + other };
    };
    await compare("train", options.warmUp);
    const [alone, together, processors]: number[][] = [[], [], []];
    for (let round = 0; round < options.rounds; round++) {
      const trained = await compare("train", options.milliseconds);
      alone!.push(trained.alone);
      together!.push(trained.together);
      const counted = await compare("arithmetic", options.milliseconds / 4);
      processors!.push(counted.together / counted.alone);
    }
    return {
      size: name,
      program: program.name,
      alone: alone!,
      together: together!,
      processors: processors!,
    };
  } finally {
    await Promise.all(running.map((worker) => worker.stop()));
    await Deno.remove(dir, { recursive: true });
  }
}

/** Ratio of the work of two workers to that of one, as the median of the rounds. */
export function workerGain(
  { alone, together }: Pick<WorkerMeasure, "alone" | "together">,
): number {
  return median(together.map((steps, round) => steps / alone[round]!));
}

function stepsPerSecond({ milliseconds }: BenchReply): number {
  return 1000 * milliseconds.length / milliseconds.reduce((total, step) => total + step, 0);
}
