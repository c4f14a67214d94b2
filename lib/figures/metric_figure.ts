import { type EndLabel, endLabels, labelMargin } from "./end_labels.ts";
import type { Figure, Markish, Plot, PlotOptions, ScaleOptions } from "./figure.ts";
import {
  groupBySettings,
  type MeasuredGroup,
  measureGroups,
  missingNotes,
  missingRows,
  numbersOf,
  otherSettings,
  seedCount,
  settingsLabel,
  valuesOf,
} from "../tables/groups.ts";
import { runsAndMetric, type Study } from "../tables/study.ts";
import type { Cell, ColumnTable, Row } from "../tables/table.ts";
import { estimateMean } from "../statistics/mean.ts";
import { panelGrid } from "./panel_grid.ts";
import { MISSING_COLOR, SERIES_STYLES, type SeriesStyle } from "./series_style.ts";
import { valueDomain } from "./value_domain.ts";

/** Settings of {@linkcode metricFigure}. */
export interface MetricFigureOptions {
  /** Column on the vertical axis; when absent, the study's metric. */
  readonly metric?: string;
  /** Column on the horizontal axis: a setting. */
  readonly x: string;
  /**
   * Columns whose values make a line each; when absent, every other setting that varies, except the
   * seed.
   */
  readonly series?: readonly string[];
  /** Values to compare with, each drawn as a thin line with its name. */
  readonly references?: readonly { readonly value: number; readonly text: string }[];
  /** Column whose mean is drawn as a dotted line for each series. */
  readonly chance?: string;
  /** Whether a run is drawn as a ring instead of a dot. */
  readonly isHollow?: (run: Row) => boolean;
  /** Notes below the figure. */
  readonly notes?: readonly string[];
}

/** One line: a group of runs for each value of x, in order. */
interface Series {
  readonly label: string;
  readonly style: SeriesStyle;
  /** Shift to the right in pixels, so that lines do not hide each other's points. */
  readonly dx: number;
  readonly groups: readonly MeasuredGroup[];
}

/**
 * Draws a metric against a setting: for each series a line through the means over seeds, a band for
 * their 95 % intervals, and every seed as a dot. Each series has its own panel when there are more
 * than there are styles.
 *
 * A value of x without any metric breaks the line, and a cross with a count marks runs that have no
 * value.
 *
 * @param of a study, or a table with one row per run
 * @throws {RangeError} when a column does not exist
 * @throws {TypeError} when a table comes without a metric
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { tableOf } from "../tables/table.ts";
 *
 * const runs = tableOf([1, 2, 4].flatMap((n_skills) =>
 *   [0, 1, 2].map((seed) => ({ n_skills, seed, status: "done", score: n_skills + seed / 9 }))
 * ));
 * const figure = metricFigure(runs, { metric: "score", x: "n_skills" });
 * assert.equal(figure.title, "score against n_skills");
 * assert.match(figure.subtitle, /mean of 3 seeds/);
 * assert.deepEqual(figure.notes, []);
 * ```
 */
export function metricFigure(of: Study | ColumnTable, options: MetricFigureOptions): Figure {
  const { x, references = [], notes = [] } = options;
  const { runs, metric } = runsAndMetric(of, options.metric);
  const other = options.series ?? otherSettings(runs, [x]);
  const tied = other.filter((key) => movesWith(runs, x, key));
  const by = other.filter((key) => !tied.includes(key));
  const all = measureGroups(runs, metric, [x, ...by]);
  const values = valuesOf(runs, x);
  const series = seriesOf(all, x, by, values);
  const { domain, cut } = valueDomain(all, references.map(({ value }) => value));
  const isPaneled = series.length > SERIES_STYLES.length;
  return {
    name: `${metric}_by_${x}`,
    title: `${metric} against ${[x, ...tied].join(" with ")}`,
    subtitle: isOrdered(values)
      ? `Line: mean of ${seedCount(all)}; bar and band: its 95 % interval; points: seeds.`
      : `Long tick: mean of ${seedCount(all)}; bar: its 95 % interval; points: seeds.`,
    notes: [
      ...missingNotes(all, metric).map((note) =>
        note.startsWith("Missing") ? `${note} Crosses show where.` : note
      ),
      ...(cut === 0 ? [] : [`Intervals wider than the frame are cut: ${cut}.`]),
      ...notes,
    ],
    alt: describe(series, metric, x),
    draw: (Plot) => {
      const isHollow = options.isHollow ?? (() => false);
      const { chance } = options;
      const draw = { Plot, x, references, isHollow, hasLines: isOrdered(values), chance };
      const scales = { x: horizontal(values, x), y: { domain, label: metric, grid: true } };
      return isPaneled ? paneled(draw, series, scales) : single(draw, series, scales);
    },
  };
}

/** Whether values of `x` and of `key` correspond one to one, as in `zip`. */
function movesWith(runs: ColumnTable, x: string, key: string): boolean {
  const count = (...columns: string[]) => groupBySettings(runs, columns).length;
  return count(x) === count(x, key) && count(key) === count(x, key);
}

function seriesOf(
  all: readonly MeasuredGroup[],
  x: string,
  by: readonly string[],
  order: readonly Cell[],
): Series[] {
  const found = Map.groupBy(
    all,
    ({ settings }) => settingsLabel(Object.fromEntries(by.map((key) => [key, settings[key]!]))),
  );
  const place = (group: MeasuredGroup) => order.indexOf(group.settings[x]!);
  const isPaneled = found.size > SERIES_STYLES.length;
  return [...found].map(([label, groups], i) => ({
    label,
    style: SERIES_STYLES[isPaneled ? 0 : i]!,
    dx: isPaneled ? 0 : 7 * (i - (found.size - 1) / 2),
    groups: groups.toSorted((a, b) => place(a) - place(b)),
  }));
}

/** Whether values have an order, which a line between them needs. */
function isOrdered(values: readonly Cell[]): boolean {
  return values.every((value) => typeof value === "number");
}

/**
 * The horizontal scale: powers evenly spaced, other numbers to scale, words side by side; a tick
 * each.
 */
function horizontal(values: readonly Cell[], name: string): ScaleOptions {
  const label = { label: name, labelAnchor: "center", labelArrow: "none" } as const;
  const numbers = values.filter((value) => typeof value === "number");
  if (numbers.length < values.length || numbers.length < 2) {
    return { type: "point", domain: values, padding: 0.5, ...label };
  }
  const [low, high] = [numbers[0]!, numbers.at(-1)!];
  return {
    type: low > 0 && high / low >= 4 ? "log" : "linear",
    domain: [low, high],
    ticks: numbers,
    tickFormat: String,
    inset: 28,
    ...label,
  };
}

interface Draw {
  readonly Plot: Plot;
  readonly x: string;
  readonly references: readonly { readonly value: number; readonly text: string }[];
  readonly isHollow: (run: Row) => boolean;
  readonly hasLines: boolean;
  readonly chance: string | undefined;
}

type Scales = Pick<PlotOptions, "x" | "y">;

function single(draw: Draw, series: readonly Series[], scales: Scales): PlotOptions {
  const named = series.filter(({ label, groups }) =>
    label !== "" && groups.some(({ points }) => points.length > 0)
  );
  const labels: EndLabel[] = [
    ...named.map(({ label, style, dx, groups }) => {
      const last = groups.findLast(({ estimate }) => estimate.estimate !== null)!;
      const [x, y] = [last.settings[draw.x], last.estimate.estimate!];
      return { text: label, color: style.color, dash: style.dash, x, y, dx };
    }),
    ...draw.references.map(({ value, text }) => ({ text, y: value, ...REFERENCE })),
  ];
  return {
    ...scales,
    height: 380,
    marginLeft: 60,
    marginRight: labelMargin(labels.map(({ text }) => text)),
    marginBottom: 42,
    marks: [
      draw.Plot.frame({ stroke: "#bbb" }),
      ...references(draw),
      ...series.flatMap((one, i) => seriesMarks(draw, one, {}, i)),
      endLabels(labels),
    ],
  };
}

function paneled(draw: Draw, series: readonly Series[], scales: Scales): PlotOptions {
  const grid = panelGrid(draw.Plot, series.map(({ label }) => label), { panelHeight: 170 });
  return {
    ...scales,
    ...grid.options,
    marks: [
      ...grid.marks,
      ...references(draw),
      ...draw.references.map(({ value, text }) =>
        draw.Plot.text([text], {
          ...{ y: [value], frameAnchor: "left", dx: 4, dy: -7, fill: REFERENCE.color },
          ...grid.channels(0),
        })
      ),
      ...series.flatMap((one, i) => seriesMarks(draw, one, grid.channels(i), 0)),
    ],
  };
}

/** A long tick at the mean of a group on an axis of words. */
const DASH = {
  draw(
    context: { moveTo(x: number, y: number): void; lineTo(x: number, y: number): void },
    size: number,
  ) {
    const half = Math.sqrt(size / Math.PI);
    context.moveTo(-half, 0);
    context.lineTo(half, 0);
  },
};

const REFERENCE = { color: MISSING_COLOR, dash: "1 3" };

function references({ Plot, references }: Draw): Markish[] {
  const { color: stroke, dash: strokeDasharray } = REFERENCE;
  return references.map(({ value }) => Plot.ruleY([value], { stroke, strokeDasharray }));
}

function seriesMarks(
  { Plot, x, isHollow, hasLines, chance }: Draw,
  { style, dx, groups }: Series,
  panel: Record<string, unknown>,
  row: number,
): Markish[] {
  const { color, symbol, dash } = style;
  const at = (group: MeasuredGroup) => group.settings[x];
  const mean = ({ estimate }: MeasuredGroup) => estimate.estimate ?? NaN;
  const interval = {
    x: at,
    y1: ({ estimate }: MeasuredGroup) => estimate.low ?? NaN,
    y2: ({ estimate }: MeasuredGroup) => estimate.high ?? NaN,
    dx,
    clip: true,
    ...panel,
  };
  const seeds = groups.flatMap((group) =>
    group.points.map((point) => ({ ...point, x: at(group) }))
  );
  const lacking = groups.filter((group) => missingRows(group).length > 0);
  return [
    hasLines ? Plot.areaY(groups, { ...interval, fill: color, fillOpacity: 0.12 }) : null,
    Plot.ruleX(groups.filter(({ estimate }) => estimate.low !== null), {
      ...interval,
      stroke: color,
      strokeOpacity: 0.55,
    }),
    hasLines
      ? Plot.lineY(groups, {
        ...{ x: at, y: mean, dx, ...panel },
        ...{ stroke: color, strokeWidth: 1.8, strokeDasharray: dash },
      })
      : Plot.dot(groups, {
        ...{ x: at, y: mean, dx, ...panel },
        ...{ symbol: DASH, r: 9, stroke: color, strokeWidth: 2.2 },
      }),
    chance === undefined ? null : Plot.lineY(groups, {
      ...{ x: at, y: (group: MeasuredGroup) => meanOf(group, chance) ?? NaN, dx, ...panel },
      ...{ stroke: color, strokeWidth: 1, strokeDasharray: "1 3" },
    }),
    Plot.dot(seeds.filter(({ row }) => isHollow(row)), {
      ...{ x: "x", y: "value", dx, symbol, r: 3, ...panel },
      fill: "#fff",
      stroke: color,
    }),
    Plot.dot(seeds.filter(({ row }) => !isHollow(row)), {
      ...{ x: "x", y: "value", dx, symbol, r: 3, ...panel },
      fill: color,
      fillOpacity: 0.75,
      stroke: "#fff",
      strokeWidth: 0.7,
    }),
    Plot.text(lacking, {
      x: at,
      frameAnchor: "bottom",
      text: (group: MeasuredGroup) => `✕${missingRows(group).length}`,
      dx,
      dy: -4 - 11 * row,
      fontSize: 9.5,
      fill: color === "#000000" ? MISSING_COLOR : color,
      stroke: "#fff",
      strokeWidth: 3,
      ...panel,
    }),
  ];
}

function meanOf({ points }: MeasuredGroup, column: string): number | null {
  return estimateMean(numbersOf(points.map(({ row }) => row), column)).estimate;
}

function describe(series: readonly Series[], metric: string, x: string): string {
  const lines = series.map(({ label, groups }) => {
    const means = groups.map(({ settings, estimate }) =>
      `${estimate.estimate === null ? "no value" : estimate.estimate.toPrecision(3)} at ${
        settings[x]
      }`
    );
    return `${label === "" ? "" : `${label}: `}${means.join(", ")}`;
  });
  return `Line chart of mean ${metric} by ${x}. ${lines.join("; ")}.`;
}
