/**
 * Rows with an interval, a mean and seeds each, below one horizontal axis. On a narrow place the name of a row
 * stands above it instead of beside it, so every row is seen.
 */
import { dodge } from "../dodge.ts";
import { type DrawPlace, type Markish, type Plot, type PlotOptions } from "../figure.ts";
import { pointLink } from "../point_link.ts";
import { MISSING_COLOR } from "../series_style.ts";
import { logTicks, tickText } from "../tick_text.ts";
import type { Row } from "../../tables/table.ts";

/** One row. */
export interface IntervalRow {
  readonly label: string;
  readonly mean: number | null;
  readonly low: number | null;
  readonly high: number | null;
  /** Whether the mark of the mean is filled. */
  readonly isFilled: boolean;
  /** Runs of the row, with their values; none where only the mean is known. */
  readonly points: readonly { readonly row: Row; readonly value: number }[];
  /** What stands in place of a missing mean. */
  readonly missing: string;
  /** Texts of the columns beside the row. */
  readonly texts: readonly string[];
}

/** A column of texts beside the rows. */
export interface TextColumn {
  readonly title: string;
  /** Width in pixels. */
  readonly width: number;
}

/** Settings of {@linkcode intervalRows}. */
export interface IntervalRowsOptions {
  readonly rows: readonly IntervalRow[];
  readonly domain: readonly [low: number, high: number];
  readonly isLog: boolean;
  /** Name of the horizontal axis. */
  readonly label: string;
  /** Values to compare with, each a line with its name at the top. */
  readonly references: readonly { readonly value: number; readonly text: string }[];
  /** Columns of texts to the right. */
  readonly columns: readonly TextColumn[];
  /** Text in place of rows where there are none. */
  readonly empty: string;
}

const NARROW = 520;
const LETTER = 6.6;

/** The options of a plot of rows. */
export function intervalRows(
  Plot: Plot,
  place: DrawPlace,
  { rows, domain, isLog, label, references, columns, empty }: IntervalRowsOptions,
): PlotOptions {
  const isNarrow = place.width < NARROW;
  const longest = Math.max(0, ...rows.map(({ label }) => label.length));
  const hasSeeds = rows.some(({ points }) => points.length > 1);
  const height = isNarrow ? (hasSeeds ? 52 : 40) : hasSeeds ? 34 : 26;
  // On a narrow place the row's name has the upper part of its band.
  const down = isNarrow ? 8 : 0;
  const keys = rows.map((_, i) => i);
  const y = (i: number) => i;
  const found = keys.filter((i) => rows[i]!.mean !== null);
  const seeds = rows.flatMap(({ points }, i) =>
    points.length < 2 ? [] : points.map((point) => ({ ...point, i }))
  );
  const [low, high] = domain;
  const marginRight = isNarrow ? 14 : 16 + columns.reduce((sum, { width }) => sum + width, 0);
  const to = isLog ? Math.log : (value: number) => value;
  const share = (value: number) => (to(value) - to(low)) / (to(high) - to(low));
  const shown = references.filter(({ value }) => value >= low && value <= high);
  return {
    height: height * Math.max(1, rows.length) + 78,
    marginLeft: isNarrow ? 14 : Math.min(300, LETTER * longest + 20),
    marginRight,
    marginTop: 32,
    marginBottom: 42,
    x: {
      ...(isLog ? { type: "log" as const } : {}),
      ...{ domain: [low, high], label, labelAnchor: "center", labelArrow: "none", grid: true },
      ticks: isLog ? logTicks(domain) : isNarrow ? 4 : 6,
      tickFormat: tickText,
    },
    y: {
      ...{ type: "band", domain: keys, label: null, tickSize: 0, padding: 0 },
      ...(isNarrow ? { axis: null } : { tickFormat: (i: number) => rows[i]!.label }),
    },
    marks: [
      Plot.frame({ stroke: "#bbb" }),
      Plot.ruleX(shown, { x: "value", stroke: MISSING_COLOR, strokeDasharray: "3 3" }),
      ...shown.map((reference) =>
        Plot.text([reference], {
          ...{ x: "value", text: "text", frameAnchor: "top", dy: -10, fill: MISSING_COLOR },
          ...sideOf(share(reference.value)),
        })
      ),
      Plot.ruleY(found.filter((i) => rows[i]!.low !== null), {
        x1: (i: number) => Math.max(low, rows[i]!.low!),
        x2: (i: number) => Math.min(high, rows[i]!.high!),
        ...{ y, dy: down, stroke: "#000", strokeOpacity: 0.34, strokeWidth: 8 },
      }),
      Plot.dot(seeds, {
        ...{ x: "value", y: "i", dy: down + 8, r: 2.2, fill: "#000", fillOpacity: 0.5 },
        ...pointLink(place),
        render: dodge({ along: "y", radius: 2.5, most: 12 }),
      }),
      Plot.dot(found, {
        x: (i: number) => rows[i]!.mean,
        ...{ y, dy: down, r: 4.4, stroke: "#000", strokeWidth: 1.4, ariaDescription: "mean" },
        fill: (i: number) => rows[i]!.isFilled ? "#000" : "#fff",
        title: (i: number) => rowTitle(rows[i]!),
      }),
      Plot.text(keys.filter((i) => rows[i]!.mean === null), {
        ...{ y, dy: down, frameAnchor: "left", textAnchor: "start", dx: 6, fill: MISSING_COLOR },
        text: (i: number) => rows[i]!.missing,
      }),
      ...(isNarrow ? namesAbove(Plot, rows, y, columns) : textColumns(Plot, rows, y, columns)),
      Plot.text(rows.length === 0 ? [empty] : [], { frameAnchor: "middle" }),
    ],
  };
}

/** A name near an end of the axis stands to the other side, so that it stays above the frame. */
function sideOf(share: number): { textAnchor: "start" | "middle" | "end"; dx: number } {
  return share > 0.75
    ? { textAnchor: "end", dx: 4 }
    : share < 0.25
    ? { textAnchor: "start", dx: -4 }
    : { textAnchor: "middle", dx: 0 };
}

function rowTitle({ label, mean, low, high }: IntervalRow): string {
  const interval = low === null || high === null
    ? ""
    : ` [${low.toPrecision(3)}, ${high.toPrecision(3)}]`;
  return `${label}: ${mean!.toPrecision(3)}${interval}`;
}

/** The name of each row above it, with its last text. */
function namesAbove(
  Plot: Plot,
  rows: readonly IntervalRow[],
  y: (i: number) => number,
  columns: readonly TextColumn[],
): Markish[] {
  const text = (i: number) =>
    [
      rows[i]!.label,
      ...rows[i]!.texts.slice(-1).map((text) => `${columns.at(-1)!.title} ${text}`),
    ].join(" · ");
  return [
    Plot.text(rows.map((_, i) => i), {
      ...{ y, dy: -12, dx: 4, frameAnchor: "left", textAnchor: "start", text, fontSize: 11 },
      ...{ stroke: "#fff", strokeWidth: 3, fill: "#000" },
    }),
  ];
}

function textColumns(
  Plot: Plot,
  rows: readonly IntervalRow[],
  y: (i: number) => number,
  columns: readonly TextColumn[],
): Markish[] {
  let dx = 10;
  return columns.flatMap(({ title, width }, c) => {
    const at = { dx, fontSize: 10, textAnchor: "start" } as const;
    dx += width;
    return [
      Plot.text(rows.map((_, i) => i), {
        ...at,
        ...{ y, frameAnchor: "right", text: (i: number) => rows[i]!.texts[c] ?? "" },
      }),
      Plot.text([title], { ...at, frameAnchor: "top-right", dy: -16, fontWeight: "bold" }),
    ];
  });
}
