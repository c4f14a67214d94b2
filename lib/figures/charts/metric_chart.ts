import type { Figure } from "../figure.ts";
import { type Runs, valuesOf } from "../../tables/groups.ts";
import { lineChart, type LineChartOptions } from "./line_chart.ts";
import { rowChart } from "./row_chart.ts";

/**
 * A metric by a setting: lines where the values of the setting are numbers, else a row for each cell.
 *
 * @throws {RangeError} when a column does not exist
 */
export function metricChart(runs: Runs, options: LineChartOptions): Figure {
  return isOrdered(runs, options.x) ? lineChart(runs, options) : rowChart(runs, options);
}

/** Whether the values of a column have an order, which a line between them needs. */
export function isOrdered(runs: Runs, column: string): boolean {
  return valuesOf(runs, column).every((value) => typeof value === "number");
}

/** What {@linkcode lineChart} needs to show the recovery of a true allocation, which 1 is. */
export function recoveryOptions(
  runs: readonly { readonly recovery_p?: unknown }[],
): Omit<LineChartOptions, "x" | "series"> {
  const known = runs.map(({ recovery_p }) => recovery_p).filter((p) => typeof p === "number");
  return {
    metric: "recovery",
    references: [{ value: 1, text: "the truth" }],
    chance: "recovery_null",
    isHollow: ({ recovery_p }) => typeof recovery_p === "number" && recovery_p >= 0.05,
    notes: [
      `Dotted lines: chance, recovery after permuting the tasks. Rings: permutation p of 0.05 or ` +
      `more (${known.filter((p) => p >= 0.05).length} of ${known.length} runs).`,
    ],
  };
}
