import { type EndLabel, endLabels, heightBelow, labelMargin, labelsBelow } from "../end_labels.ts";
import { dodge } from "../dodge.ts";
import {
  type DrawPlace,
  type Figure,
  FILE_PLACE,
  type Markish,
  type Plot,
  type PlotOptions,
  type ScaleOptions,
} from "../figure.ts";
import {
  groupBySettings,
  type MeasuredGroup,
  measureGroups,
  missingNotes,
  missingRows,
  numbersOf,
  type Runs,
  seedCount,
  settingsLabel,
  valuesOf,
} from "../../tables/groups.ts";
import { scaleOf } from "../../tables/estimate.ts";
import type { Cell, Row } from "../../tables/table.ts";
import { estimateMean } from "../../statistics/mean.ts";
import { panelGrid } from "../panel_grid.ts";
import { pointLink } from "../point_link.ts";
import { MISSING_COLOR, SERIES_STYLES, type SeriesStyle } from "../series_style.ts";
import { logTicks, tickText } from "../tick_text.ts";
import { valueDomain } from "../value_domain.ts";

/** A value to compare with, drawn as a thin line with its name. */
export interface Reference {
  /** The value, on the scale of the metric. */
  readonly value: number;
  /** Its name, which stands beside the line. */
  readonly text: string;
}

/** Settings of {@linkcode lineChart}. */
export interface LineChartOptions {
  /** Column on the vertical axis. */
  readonly metric: string;
  /** Column on the horizontal axis: a setting. */
  readonly x: string;
  /** Columns whose values make a line each. */
  readonly series: readonly string[];
  /** Values to compare with. */
  readonly references?: readonly Reference[];
  /** Column whose mean is drawn as a dotted line for each series, with the name `chance`. */
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
  /** Its place among the lines, from 0. */
  readonly place: number;
  readonly groups: readonly MeasuredGroup[];
}

/**
 * A metric against a setting: for each series a line through the means over seeds, a bar for each 95 %
 * interval, and every seed as a small dot beside it. Each series has its own panel when there are more
 * than there are styles. Losses and ratios have a logarithmic axis.
 *
 * A value of x without any metric breaks the line, and a cross with a count marks runs that have no
 * value.
 *
 * @throws {RangeError} when a column does not exist
 */
export function lineChart(runs: Runs, options: LineChartOptions): Figure {
  const { x, metric, references = [], notes = [] } = options;
  const tied = options.series.filter((key) => movesWith(runs, x, key));
  const by = options.series.filter((key) => !tied.includes(key));
  const all = measureGroups(runs, metric, [x, ...by]);
  const values = valuesOf(runs, x);
  const series = seriesOf(all, x, by, values);
  const others = [
    ...references.map(({ value }) => value),
    ...(options.chance === undefined ? [] : chances(all, options.chance)),
  ];
  const { domain, cut, isLog } = valueDomain(all, { others, isLog: scaleOf(metric) === "log" });
  const isPaneled = series.length > SERIES_STYLES.length;
  return {
    name: `${metric}_by_${x}`,
    title: `${metric} against ${[x, ...tied].join(" with ")}`,
    subtitle: `Symbol: mean of ${seedCount(all)}; bar: its 95 % interval; dots: seeds.` +
      (isLog ? " The axis is logarithmic." : ""),
    notes: [
      ...missingNotes(all, metric).map((note) =>
        note.startsWith("Missing") ? `${note} Crosses show where.` : note
      ),
      ...(cut === 0 ? [] : [`Intervals wider than the frame are cut: ${cut}.`]),
      ...notes,
    ],
    alt: describe(series, metric, x),
    draw: (Plot, place = FILE_PLACE) => {
      const isHollow = options.isHollow ?? (() => false);
      const { chance } = options;
      const slot = slotOf(series, values.length, place.width, isPaneled);
      const draw = { Plot, x, domain, references, isHollow, chance, place, slot };
      const y = {
        domain,
        label: metric,
        grid: true,
        ticks: 6,
        ...(isLog ? { type: "log" as const, ticks: logTicks(domain), tickFormat: tickText } : {}),
      };
      const scales = { x: horizontal(values, x, slot * series.length), y };
      return isPaneled ? paneled(draw, series, scales) : single(draw, series, scales);
    },
  };
}

/** Whether values of `x` and of `key` correspond one to one, as in `zip`. */
function movesWith(runs: Runs, x: string, key: string): boolean {
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
    place: isPaneled ? 0 : i - (found.size - 1) / 2,
    groups: groups.toSorted((a, b) => place(a) - place(b)),
  }));
}

function chances(all: readonly MeasuredGroup[], chance: string): number[] {
  return all.map((group) => meanOf(group, chance)).filter((value) => value !== null);
}

/** Pixels that a line has beside the others at each value of x: for its bar, and for its seeds. */
function slotOf(
  series: readonly Series[],
  nValues: number,
  width: number,
  isPaneled: boolean,
): number {
  const room = isPaneled ? width / 3 - 40 : width - 190;
  const lines = isPaneled ? 1 : series.length;
  return Math.max(7, Math.min(24, 0.8 * room / Math.max(1, nValues * lines)));
}

/**
 * The horizontal scale: powers evenly spaced, with 0 before them where it is one of the values, other
 * numbers to scale, words side by side; a tick each.
 */
function horizontal(values: readonly Cell[], name: string, taken: number): ScaleOptions {
  const label = {
    label: name,
    labelAnchor: "center",
    labelArrow: "none",
    labelOffset: 36,
  } as const;
  const numbers = values.filter((value) => typeof value === "number");
  if (numbers.length < values.length || numbers.length < 2) {
    return { type: "point", domain: values, padding: 0.5, ...label };
  }
  const [low, high] = [numbers[0]!, numbers.at(-1)!];
  const [, least] = numbers;
  return {
    ...(low > 0 && high / low >= 4
      ? { type: "log" as const }
      : low === 0 && high / least! >= 20
      ? { type: "symlog" as const, constant: least! }
      : { type: "linear" as const }),
    domain: [low, high],
    ticks: numbers,
    tickFormat: String,
    inset: Math.max(20, taken / 2 + 8),
    ...label,
  };
}

interface Draw {
  readonly Plot: Plot;
  readonly x: string;
  readonly domain: readonly [number, number];
  readonly references: readonly Reference[];
  readonly isHollow: (run: Row) => boolean;
  readonly chance: string | undefined;
  readonly place: DrawPlace;
  readonly slot: number;
}

type Scales = Pick<PlotOptions, "x" | "y">;

/** Width below which labels stand below the plot. */
const NARROW = 520;

function single(draw: Draw, series: readonly Series[], scales: Scales): PlotOptions {
  const { x: name, place: { width }, slot } = draw;
  const named = series.filter(({ groups }) => groups.some(({ points }) => points.length > 0));
  const labels: EndLabel[] = [
    ...named.filter(({ label }) => label !== "").map(({ label, style, place, groups }) => {
      const last = groups.findLast(({ estimate }) => estimate.estimate !== null)!;
      const [x, y] = [last.settings[name], last.estimate.estimate!];
      return { text: label, color: style.color, dash: style.dash, x, y, dx: place * slot };
    }),
    ...chanceLabel(draw, named),
    ...draw.references.map((reference) => referenceLabel(reference, draw.domain)),
  ];
  const isNarrow = width < NARROW;
  return {
    ...scales,
    height: isNarrow ? 340 + heightBelow(labels) : 380,
    marginLeft: isNarrow ? 44 : 60,
    marginRight: isNarrow ? 10 : labelMargin(labels.map(({ text }) => text)),
    marginBottom: 42 + (isNarrow ? heightBelow(labels) : 0),
    marginTop: 28,
    marks: [
      draw.Plot.frame({ stroke: "#bbb" }),
      ...references(draw),
      ...series.flatMap((one, i) => seriesMarks(draw, one, {}, i)),
      isNarrow ? labelsBelow(labels) : endLabels(labels),
    ],
  };
}

function paneled(draw: Draw, series: readonly Series[], scales: Scales): PlotOptions {
  const { width } = draw.place;
  const grid = panelGrid(draw.Plot, series.map(({ label }) => label), {
    panelHeight: 170,
    ...(width < NARROW ? { columns: 1 } : {}),
  });
  return {
    ...scales,
    ...grid.options,
    marks: [
      ...grid.marks,
      ...references(draw),
      ...draw.references.map((reference) =>
        draw.Plot.text([referenceLabel(reference, draw.domain)], {
          ...{ y: "y", text: "text", frameAnchor: "left", textAnchor: "start", dx: 4, dy: -7 },
          ...{ fill: REFERENCE.color, ...grid.channels(0) },
        })
      ),
      ...series.flatMap((one, i) => seriesMarks(draw, one, grid.channels(i), 0)),
    ],
  };
}

const REFERENCE = { color: MISSING_COLOR, dash: "1 3" };

/** The label of a value to compare with; at the edge, with an arrow, where it is beyond the axis. */
function referenceLabel(
  { value, text }: Reference,
  [low, high]: readonly [number, number],
): EndLabel {
  const beyond = value > high ? `${text}, ${value} ↑` : value < low ? `${text}, ${value} ↓` : text;
  return { text: beyond, y: Math.max(low, Math.min(high, value)), ...REFERENCE };
}

/** The label at the end of the dotted lines of chance: at the last that there is. */
function chanceLabel(
  { chance, x: name, domain: [low, high] }: Draw,
  series: readonly Series[],
): EndLabel[] {
  if (chance === undefined) return [];
  const ends = series.flatMap(({ groups }) => {
    const last = groups.findLast((group) => meanOf(group, chance) !== null);
    return last === undefined ? [] : [{ x: last.settings[name], y: meanOf(last, chance)! }];
  }).filter(({ y }) => y >= low && y <= high);
  const [end] = ends;
  return end === undefined ? [] : [{ text: "chance", ...end, ...REFERENCE }];
}

function references({ Plot, references, domain: [low, high] }: Draw): Markish[] {
  const { color: stroke, dash: strokeDasharray } = REFERENCE;
  return references.filter(({ value }) => value >= low && value <= high)
    .map(({ value }) => Plot.ruleY([value], { stroke, strokeDasharray }));
}

function seriesMarks(
  { Plot, x, isHollow, chance, place: where, slot }: Draw,
  { style, place, groups }: Series,
  panel: Record<string, unknown>,
  row: number,
): Markish[] {
  const { color, symbol, dash } = style;
  const dx = place * slot;
  const bar = Math.min(7, slot / 2.5);
  const at = (group: MeasuredGroup) => group.settings[x];
  const mean = ({ estimate }: MeasuredGroup) => estimate.estimate ?? NaN;
  const seeds = groups.flatMap((group) =>
    group.points.map((point) => ({ ...point, x: at(group) }))
  );
  const lacking = groups.filter((group) => missingRows(group).length > 0);
  const radius = Math.min(2.4, slot / 6);
  const dots = {
    ...{ x: "x", y: "value", r: radius, dx: dx + bar / 2 + radius + 1.5, ...panel },
    ...{ stroke: color, strokeWidth: 0.8, symbol: "circle" as const },
    ...pointLink(where),
    render: dodge({ along: "x", radius: radius + 0.4, most: Math.max(0, slot - bar - 2 * radius) }),
  };
  return [
    Plot.ruleX(groups.filter(({ estimate }) => estimate.low !== null), {
      x: at,
      y1: ({ estimate }: MeasuredGroup) => estimate.low ?? NaN,
      y2: ({ estimate }: MeasuredGroup) => estimate.high ?? NaN,
      ...{ dx, clip: true, stroke: color, strokeOpacity: 0.38, strokeWidth: bar },
      ...panel,
    }),
    chance === undefined ? null : Plot.lineY(groups, {
      ...{ x: at, y: (group: MeasuredGroup) => meanOf(group, chance) ?? NaN, dx, ...panel },
      ...{ stroke: color, strokeWidth: 1, strokeDasharray: "1 3", clip: true },
    }),
    Plot.dot(seeds.filter(({ row }) => isHollow(row)), { ...dots, fill: "#fff" }),
    Plot.dot(seeds.filter(({ row }) => !isHollow(row)), {
      ...dots,
      ...{ fill: color, fillOpacity: 0.6, strokeWidth: 0 },
    }),
    Plot.lineY(groups, {
      ...{ x: at, y: mean, dx, ...panel },
      ...{ stroke: color, strokeWidth: 1.6, strokeDasharray: dash },
    }),
    Plot.dot(groups.filter(({ estimate }) => estimate.estimate !== null), {
      ...{ x: at, y: mean, dx, symbol, r: 4.2, ariaDescription: "mean", ...panel },
      ...{ fill: color, stroke: "#fff", strokeWidth: 1 },
      title: (group: MeasuredGroup) => `${group.label}: mean ${mean(group).toPrecision(3)}`,
    }),
    Plot.text(lacking, {
      x: at,
      frameAnchor: "bottom",
      text: (group: MeasuredGroup) => `✕${missingRows(group).length}`,
      ...{ dx, dy: -4 - 11 * row, fontSize: 9.5, stroke: "#fff", strokeWidth: 3, ...panel },
      fill: color === "#000000" ? MISSING_COLOR : color,
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
