import { type BenchMeasure, median } from "./bench.ts";
import { toMarkdown } from "./markdown_table.ts";
import { tableOf } from "./table.ts";

/**
 * A row for each size, step and program: the median step, and how many times as long it takes as this
 * project's best program, in the median of the rounds' ratios.
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
