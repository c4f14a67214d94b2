import { type CrossingOptions, type RatioLine, ratioLines } from "../tables/crossings.ts";
import { settingsLabel } from "../tables/groups.ts";
import type { ColumnTable } from "../tables/table.ts";
import type { Figure } from "./figure.ts";
import { panelGrid } from "./panel_grid.ts";
import { SERIES_STYLES } from "./series_style.ts";

/** Settings of {@linkcode ratioFigure}. */
export interface RatioFigureOptions extends Omit<CrossingOptions, "by"> {
  /** Settings that tell the panels apart. */
  readonly panels: readonly string[];
  /** The setting that tells the lines of a panel apart. */
  readonly lines: string;
  /** What the judged runs and the others are called; their settings when absent. */
  readonly names?: { readonly of: string; readonly to: string };
  /** Title of the figure. */
  readonly title: string;
}

/**
 * Draws the ratio of a loss between two ways of training along a setting, on a logarithmic scale, with 95 %
 * intervals: below the line at 1 the judged way has the lower loss. The description says where each line
 * rises above 1, with its interval.
 *
 * @param runs one row for each run
 * @throws {RangeError} when the metric is not on a logarithmic scale
 */
export function ratioFigure(runs: ColumnTable, options: RatioFigureOptions): Figure {
  const { x, of, to, metric, panels: panelKeys, lines: lineKey, title } = options;
  const { names = { of: settingsLabel(of), to: settingsLabel(to) } } = options;
  const all = ratioLines(runs, { metric, x, of, to, by: [...panelKeys, lineKey] });
  const panelOf = ({ settings }: RatioLine) =>
    settingsLabel(Object.fromEntries(panelKeys.map((key) => [key, settings[key]!])));
  const panels = [...new Set(all.map(panelOf))];
  const series = [...new Set(all.map(({ settings }) => settings[lineKey]!))];
  const styleOf = ({ settings }: RatioLine) =>
    SERIES_STYLES[series.indexOf(settings[lineKey]!) % SERIES_STYLES.length]!;
  const points = all.flatMap((line) =>
    line.points.map(({ x, logRatio: { estimate, low, high } }) => ({
      line,
      x,
      ratio: estimate === null ? null : Math.exp(estimate),
      low: low === null ? null : Math.exp(low),
      high: high === null ? null : Math.exp(high),
    }))
  );
  const seeds = [...new Set(all.flatMap(({ points }) => points.map(({ logRatio }) => logRatio.n)))];
  const places = [...new Set(points.map(({ x }) => x))].sort((a, b) => a - b);
  return {
    name: `${metric}_ratio_by_${x}`,
    title,
    subtitle: `${metric} of ${names.of} over that of ${names.to}: mean of ` +
      `${Math.min(...seeds)}${
        seeds.length > 1 ? ` to ${Math.max(...seeds)}` : ""
      } seeds with its 95 % ` +
      `interval, by ${x}. Below 1 ${names.of} is better.`,
    notes: [
      `Lines: ${
        series.map((value, i) => `${SIGNS[i % SIGNS.length]} ${lineKey} ${value}`).join(", ")
      }. Bands are intervals of a mean over seeds; each is of one line alone.`,
    ],
    alt: `Where the ratio of ${metric} rises above 1 along ${x}: ${
      all.map(crossingText).join("; ")
    }.`,
    draw: (Plot) => {
      const grid = panelGrid(Plot, panels, {
        panelHeight: 190,
        columns: Math.min(3, panels.length),
      });
      const channels = {
        fx: ({ line }: { line: RatioLine }) => grid.channels(panels.indexOf(panelOf(line))).fx(),
        fy: ({ line }: { line: RatioLine }) => grid.channels(panels.indexOf(panelOf(line))).fy(),
      };
      return {
        ...grid.options,
        x: {
          type: "log",
          domain: [places[0]!, places.at(-1)!],
          ticks: places,
          tickFormat: String,
          label: x,
          labelAnchor: "center",
          labelArrow: "none",
          inset: 12,
        },
        y: {
          type: "log",
          grid: true,
          label: "ratio",
          tickFormat: (value: number) => String(value),
          ticks: 5,
        },
        marks: [
          ...grid.marks,
          Plot.ruleY([1], { stroke: "#000", strokeDasharray: "none" }),
          ...all.flatMap((line) => {
            const own = points.filter((point) => point.line === line && point.ratio !== null);
            const { color, symbol, dash } = styleOf(line);
            return [
              Plot.areaY(own.filter(({ low }) => low !== null), {
                ...channels,
                x: "x",
                y1: "low",
                y2: "high",
                fill: color,
                fillOpacity: 0.12,
              }),
              Plot.line(own, {
                ...channels,
                x: "x",
                y: "ratio",
                stroke: color,
                strokeDasharray: dash,
              }),
              Plot.dot(own, {
                ...channels,
                x: "x",
                y: "ratio",
                stroke: color,
                fill: "#fff",
                symbol,
                r: 3,
              }),
            ];
          }),
        ],
      };
    },
  };
}

/** Signs like the symbols of {@linkcode SERIES_STYLES}, in their order. */
const SIGNS = ["○", "□", "△", "◇", "☆"];

function crossingText({ settings, crossing }: RatioLine): string {
  const place = (at: number) =>
    at === 0 ? "below all" : at === Infinity ? "above all" : String(Number(at.toPrecision(3)));
  return crossing === null
    ? `${settingsLabel(settings)}: unknown`
    : `${settingsLabel(settings)}: ${place(crossing.at)} (${place(crossing.low)} to ${
      place(crossing.high)
    })`;
}
