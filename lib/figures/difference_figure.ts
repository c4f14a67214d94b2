/**
 * Draws the differences between the cells of a study and its baseline as intervals, with the counts
 * and p-values beside them.
 */
import type { Figure } from "./figure.ts";
import { baselineDifferences, baselineLabel, pairingUnit } from "../tables/baseline.ts";
import { MEASURES } from "../tables/rows/paired_rows.ts";
import { settingsLabel } from "../tables/groups.ts";
import type { Study } from "../tables/study.ts";
import { type ColumnTable, type Row, rowsOf } from "../tables/table.ts";
import { MISSING_COLOR } from "./series_style.ts";

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
 * Draws the differences of a study's cells from its baseline, by {@linkcode tableDifferenceFigure}.
 *
 * @returns null when there is nothing to compare: the study has no baseline or no other cells
 */
export function differenceFigure(study: Study): Figure | null {
  const differences = baselineDifferences(study);
  return differences === null || differences.numRows() === 0
    ? null
    : tableDifferenceFigure(differences, {
      metric: study.metric,
      baseline: baselineLabel(study),
      units: pairingUnit(differences),
    });
}

/**
 * Draws differences from a baseline, best first: for each combination of settings the mean with its
 * 95 % interval beside a line at zero, wins, ties and losses, and the corrected p-value.
 *
 * @param differences a table from `pairedDifferences`
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { tableOf } from "../tables/table.ts";
 *
 * const measured = { difference: 0.25, low: 0.125, high: 0.5, wins: 3, ties: 0, losses: 1, n: 4 };
 * const figure = tableDifferenceFigure(
 *   tableOf([{ method: "poly", ...measured, n_missing: 1, p: 0.01, p_holm: 0.02 }]),
 *   { metric: "score", baseline: "shared", units: "seed" },
 * );
 * assert.match(figure.alt, /poly: 0.250 \(0.125 to 0.500\), 3 wins, 0 ties, 1 loss/);
 * assert.deepEqual(figure.notes, ["Missing: pairs without both values, left out: 1."]);
 * ```
 */
export function tableDifferenceFigure(
  differences: ColumnTable,
  { metric, baseline, units }: DifferenceWords,
): Figure {
  const rows = rowsOf(differences);
  const labelled = rows.map((row) => ({ row, label: labelOf(row) }));
  const missing = sum(rows, "n_missing");
  const isRatio = differences.columnNames().includes("ratio");
  const [column, none] = isRatio ? ["ratio", 1] as const : ["difference", 0] as const;
  const word = isRatio ? "Ratio" : "Difference";
  const ends = rows.flatMap((row) => [row[column], row.low, row.high])
    .filter((value) => typeof value === "number");
  const hasTiers = differences.columnNames().includes("tier");
  const longest = Math.max(0, ...labelled.map(({ label }) => label.length));
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
    draw: (Plot) => ({
      height: 26 * rows.length + 72,
      marginLeft: Math.min(300, 6.6 * longest + 20),
      marginRight: 190,
      marginTop: 30,
      marginBottom: 42,
      x: {
        ...(isRatio ? { type: "log" as const, tickFormat: String } : {}),
        domain: domainOf(ends, none),
        label: isRatio ? `ratio of ${metric}` : `difference in ${metric}`,
        labelAnchor: "center",
        labelArrow: "none",
        grid: true,
        ticks: 5,
      },
      y: { type: "band", domain: labelled.map(({ label }) => label), label: null, tickSize: 0 },
      marks: [
        Plot.frame({ stroke: "#bbb" }),
        Plot.ruleX([none], { stroke: "#000" }),
        Plot.ruleY(labelled.filter(({ row }) => row.low !== null), {
          x1: ({ row }) => row.low,
          x2: ({ row }) => row.high,
          y: "label",
          strokeWidth: 1.6,
        }),
        Plot.dot(labelled.filter(({ row }) => row[column] !== null), {
          x: ({ row }) => row[column],
          y: "label",
          r: 4,
          fill: ({ row }) => row.p_holm !== null && row.p_holm < 0.05 ? "#000" : "#fff",
          stroke: "#000",
          strokeWidth: 1.4,
        }),
        Plot.text(labelled.filter(({ row }) => row[column] === null), {
          ...{ y: "label", frameAnchor: "left", dx: 6, fill: MISSING_COLOR },
          text: () => "no complete pair",
        }),
        ...COLUMNS.flatMap(({ title, dx, text }) => [
          Plot.text(labelled, {
            ...{ y: "label", frameAnchor: "right", textAnchor: "start", dx, fontSize: 10 },
            text: ({ row }) => text(row),
          }),
          Plot.text([title], {
            ...{ frameAnchor: "top-right", textAnchor: "start", dx, dy: -16, fontSize: 10 },
            fontWeight: "bold",
          }),
        ]),
        Plot.text(rows.length === 0 ? ["no settings to compare"] : [], { frameAnchor: "middle" }),
      ],
    }),
  };
}

/** Texts beside each interval, and how many pixels right of the frame each starts. */
const COLUMNS = [
  { title: "n", dx: 10, text: (row: Row) => String(row.n) },
  { title: "win/tie/loss", dx: 44, text: counts },
  { title: "p", dx: 130, text: probability },
];

/** Wins, ties and losses; a dash where the metric has no direction. */
function counts({ wins, ties, losses }: Row): string {
  return wins === null ? "–" : `${wins}/${ties}/${losses}`;
}

function labelOf(row: Row): string {
  const settings = Object.entries(row).filter(([key]) => !MEASURES.includes(key));
  return settingsLabel(Object.fromEntries(settings)) || "all runs";
}

/** The corrected p-value; the raw one of an exploratory comparison in brackets. */
function probability({ p, p_holm, tier }: Row): string {
  const isRaw = tier === "exploratory";
  const value = isRaw ? p : p_holm;
  if (typeof value !== "number") return "–";
  const text = value < 0.001 ? "< 0.001" : value.toFixed(3);
  return isRaw ? `(${text})` : text;
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
