/**
 * Formats measurements as tables in Markdown. Ratios are medians over rounds, as programs alternate
 * within a round.
 */
import { toMarkdown } from "../tables/markdown.ts";
import { tableOf } from "../tables/table.ts";
import { type BenchMeasure, median } from "./bench.ts";
import type { OwnersMeasure } from "./owners.ts";
import { gigaflops, type ProductMeasure } from "./products.ts";
import { workerGain, type WorkerMeasure } from "./workers.ts";

/**
 * Formats a row for each size, step and program: the median time of a step, and its ratio to this
 * project's fastest program, as the median of the rounds' ratios.
 */
export function benchTable(measures: readonly BenchMeasure[]): string {
  const rows = measures.map((measure) => {
    const { size, step, program, rounds, cpu_rounds, peak_memory } = measure;
    const best = measures.find((other) => other.size === size && other.step === step)!;
    const ratios = (mine: readonly number[], its: readonly number[]) =>
      median(mine.map((value, round) => value / its[round]!));
    return {
      size,
      step,
      program,
      milliseconds: median(rounds),
      ratio: ratios(rounds, best.rounds),
      cpu_milliseconds: median(cpu_rounds),
      cpu_ratio: ratios(cpu_rounds, best.cpu_rounds),
      peak_mb: Math.round(peak_memory / 2 ** 20),
    };
  });
  return toMarkdown(tableOf(rows));
}

/** Formats a row for each size and step: the calls of WebGPU in one. */
export function callsTable(measures: readonly BenchMeasure[]): string {
  return toMarkdown(tableOf(
    measures.flatMap(({ size, step, calls }) =>
      calls === undefined ? [] : [{ size, step, ...calls }]
    ),
  ));
}

/**
 * Formats a row for each number of owners: the median time of a step of all, how many steps of one owner
 * that makes in a second, and how many times as many that is as PEFT makes.
 *
 * @param peft median time of a step of one owner by PEFT, in milliseconds; null when not measured
 */
export function ownersTable(measures: readonly OwnersMeasure[], peft: number | null): string {
  return toMarkdown(tableOf(measures.map(({ owners, rounds, calls }) => {
    const milliseconds = median(rounds);
    return {
      owners,
      milliseconds,
      owner_steps_a_second: 1000 * owners / milliseconds,
      times_peft: peft === null ? null : peft * owners / milliseconds,
      dispatches: calls?.dispatches ?? null,
    };
  })));
}

/**
 * Formats a row for each product: the speed of each implementation in GFLOP/s and, as medians of
 * the rounds' ratios, the speed of the project's kernel relative to the published one, and of the
 * BLAS through the kernel relative to the BLAS alone.
 */
export function productTable(measures: readonly ProductMeasure[]): string {
  const byName = Map.groupBy(measures, ({ name }) => name);
  const rows = [...byName].map(([product, ways]) => {
    const { count, m, n, k, transposeA, transposeB } = ways[0]!;
    const sides = `${m}×${k}${transposeA ? "ᵀ" : ""} · ${k}×${n}${transposeB ? "ᵀ" : ""}`;
    const of = (way: ProductMeasure["way"]) => ways.find((measure) => measure.way === way);
    const speed = (way: ProductMeasure["way"]) => {
      const measure = of(way);
      return measure === undefined ? null : gigaflops(measure);
    };
    const faster = (way: ProductMeasure["way"], than: ProductMeasure["way"]) => {
      const [mine, its] = [of(way), of(than)];
      if (mine === undefined || its === undefined) return null;
      return median(its.rounds.map((time, round) => time / mine.rounds[round]!));
    };
    return {
      product,
      sizes: count === 1 ? sides : `${count} × (${sides})`,
      published: speed("published"),
      own: speed("own"),
      blas: speed("blas"),
      blas_alone: speed("blas alone"),
      own_to_published: faster("own", "published"),
      blas_to_alone: faster("blas", "blas alone"),
    };
  });
  return toMarkdown(tableOf(rows));
}

/**
 * Formats a row for each size: training steps per second of one worker and of two at once, their
 * ratio, and the same ratio for plain arithmetic.
 */
export function workerTable(measures: readonly WorkerMeasure[]): string {
  return toMarkdown(tableOf(measures.map((measure) => ({
    size: measure.size,
    program: measure.program,
    steps_by_one: median(measure.alone),
    steps_by_two: median(measure.together),
    ratio: workerGain(measure),
    processors: median(measure.processors),
  }))));
}
