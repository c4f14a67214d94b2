/**
 * Draws differences from a baseline as intervals, with the counts and p-values beside them.
 */
import { type Figure, FILE_PLACE } from "../figure.ts";
import { settingsLabel } from "../../tables/groups.ts";
import { MEASURES } from "../../tables/rows/paired_rows.ts";
import { probability } from "../../tables/rows/probability.ts";
import type { Row } from "../../tables/table.ts";
import { intervalRows } from "./interval_rows.ts";

/** Labels for a table of differences. */
export interface DifferenceWords {
  /** Name of the metric. */
  readonly metric: string;
  /** Settings of the baseline, as a label. */
  readonly baseline: string;
  /** What each pair has in common, such as `seed` or `task and seed`. */
  readonly units: string;
}

/**
 * Draws differences from a baseline, best first: for each combination of settings the mean with its
 * 95 % interval beside a line at zero, wins, ties and losses, and the corrected p-value.
 *
 * @param rows of a table from `pairedDifferences`
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const measured = { difference: 0.25, low: 0.125, high: 0.5, wins: 3, ties: 0, losses: 1, n: 4 };
 * const figure = differenceChart(
 *   [{ method: "poly", ...measured, n_missing: 1, p: 0.01, p_holm: 0.02 }],
 *   { metric: "score", baseline: "shared", units: "seed" },
 * );
 * assert.match(figure.alt, /poly: 0.250 \(0.125 to 0.500\), 3 wins, 0 ties, 1 loss/);
 * assert.deepEqual(figure.notes, ["Missing: pairs without both values, left out: 1."]);
 * ```
 */
export function differenceChart(
  rows: readonly Row[],
  { metric, baseline, units }: DifferenceWords,
): Figure {
  const labelled = rows.map((row) => ({ row, label: labelOf(row) }));
  const missing = sum(rows, "n_missing");
  const isRatio = rows.some((row) => "ratio" in row);
  const [column, none] = isRatio ? ["ratio", 1] as const : ["difference", 0] as const;
  const word = isRatio ? "Ratio" : "Difference";
  const ends = rows.flatMap((row) => [row[column], row.low, row.high])
    .filter((value) => typeof value === "number");
  const hasTiers = rows.some((row) => "tier" in row);
  return {
    name: `${metric}_differences`,
    title: isRatio ? `Ratio of ${metric} to ${baseline}` : `Difference in ${metric} to ${baseline}`,
    subtitle:
      `${isRatio ? "Geometric mean of ratios" : "Mean of differences"} paired on ${units}, ` +
      `with its 95 % interval; p after Holm's correction over ` +
      (hasTiers
        ? `the primary comparisons, filled below 0.05; raw p of exploratory ones in brackets.`
        : `all rows, filled below 0.05.`),
    notes: missing === 0 ? [] : [
      `Missing: pairs without both values, left out: ${missing}.`,
    ],
    alt: `${word}s ${isRatio ? "of" : "in"} ${metric} to ${baseline}. ${
      labelled.map((one) => describe(one, column)).join("; ")
    }.`,
    draw: (Plot, place = FILE_PLACE) =>
      intervalRows(Plot, place, {
        rows: labelled.map(({ row, label }) => ({
          label,
          mean: row[column] as number | null,
          low: row.low as number | null,
          high: row.high as number | null,
          isFilled: typeof row.p_holm === "number" && row.p_holm < 0.05,
          points: [],
          missing: "no complete pair",
          texts: [String(row.n), counts(row), corrected(row)],
        })),
        domain: domainOf(ends, none),
        isLog: isRatio,
        label: isRatio ? `ratio of ${metric}` : `difference in ${metric}`,
        references: [{ value: none, text: isRatio ? "1: no difference" : "0: no difference" }],
        columns: [
          { title: "n", width: 34 },
          { title: "win/tie/loss", width: 86 },
          { title: "p", width: 60 },
        ],
        empty: "no settings to compare",
      }),
  };
}

/** Wins, ties and losses; a dash where the metric has no direction. */
function counts({ wins, ties, losses }: Row): string {
  return wins === null ? "—" : `${wins}/${ties}/${losses}`;
}

function labelOf(row: Row): string {
  const settings = Object.entries(row).filter(([key]) => !MEASURES.includes(key));
  return settingsLabel(Object.fromEntries(settings)) || "all runs";
}

/** The corrected p-value; the raw one of an exploratory comparison in brackets. */
function corrected({ p, p_holm, tier }: Row): string {
  if (tier !== "exploratory") return probability(p_holm ?? null);
  return typeof p === "number" ? `(${probability(p)})` : probability(null);
}

/** The ends of the horizontal axis, with some room; on the scale of logarithms where none is 1. */
function domainOf(ends: readonly number[], none: 0 | 1): [low: number, high: number] {
  const scale = none === 1 ? Math.log : (value: number) => value;
  const back = none === 1 ? Math.exp : (value: number) => value;
  const places = [none, ...ends].map(scale);
  const [least, most] = [Math.min(...places), Math.max(...places)];
  const room = 0.06 * (most - least || 1);
  return [back(least - room), back(most + room)];
}

function describe({ row, label }: { row: Row; label: string }, column: string): string {
  const { [column]: difference, low, high } = row;
  if (typeof difference !== "number") return `${label}: no complete pair`;
  const interval = typeof low === "number" && typeof high === "number"
    ? ` (${low.toPrecision(3)} to ${high.toPrecision(3)})`
    : "";
  const shown = `${label}: ${difference.toPrecision(3)}${interval}`;
  if (row.wins === null) return shown;
  const count = (n: unknown, one: string, many: string) => `${n} ${n === 1 ? one : many}`;
  return `${shown}, ${count(row.wins, "win", "wins")}, ` +
    `${count(row.ties, "tie", "ties")}, ${count(row.losses, "loss", "losses")}`;
}

function sum(rows: readonly Row[], column: string): number {
  return rows.reduce((total, row) => total + Number(row[column] ?? 0), 0);
}
