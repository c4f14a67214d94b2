import { type Figure, FILE_PLACE } from "../figure.ts";
import {
  type MeasuredGroup,
  measureGroups,
  missingNotes,
  missingRows,
  type Runs,
  seedCount,
  settingsLabel,
  valuesOf,
} from "../../tables/groups.ts";
import { panelGrid } from "../panel_grid.ts";
import { MISSING_COLOR, SERIES_STYLES } from "../series_style.ts";
import { tickText } from "../tick_text.ts";
import type { Cell } from "../../tables/table.ts";

/** Settings of {@linkcode heatChart}. */
export interface HeatChartOptions {
  /** Column shown by shade and number. */
  readonly metric: string;
  /** Column along the horizontal axis. */
  readonly x: string;
  /** Column along the vertical axis. */
  readonly y: string;
  /** Columns whose values have a panel each. */
  readonly by: readonly string[];
}

/**
 * The mean of a metric for every pair of two settings, as a shade and in digits, with its 95 % interval.
 *
 * A pair without any value is an empty cell with the number of runs that it should have; where only
 * some are missing, the cell shows the number that exist.
 *
 * @throws {RangeError} when a column does not exist
 */
export function heatChart(runs: Runs, { metric, x, y, by }: HeatChartOptions): Figure {
  const all = measureGroups(runs, metric, [x, y, ...by]);
  const panelOf = ({ settings }: MeasuredGroup) =>
    settingsLabel(Object.fromEntries(by.map((key) => [key, settings[key]!])));
  const panels = [...new Set(all.map(panelOf))];
  const [columns, lines] = [valuesOf(runs, x), valuesOf(runs, y)];
  const means = all.map(({ estimate }) => estimate.estimate).filter((mean) => mean !== null);
  const [low, high] = [Math.min(...means), Math.max(...means)];
  return {
    name: `${metric}_by_${x}_and_${y}`,
    title: `${metric} by ${x} and ${y}`,
    subtitle: `Mean of ${
      seedCount(all)
    } above its 95 % interval; the stronger the colour, the higher.`,
    notes: missingNotes(all, metric),
    alt: `Heat map of mean ${metric}: ${
      all.map(({ estimate, label }) => `${number(estimate.estimate)} at ${label}`).join("; ")
    }.`,
    draw: (Plot, place = FILE_PLACE) => {
      const grid = panelGrid(Plot, panels, {
        panelHeight: Math.max(110, 46 * lines.length),
        columns: Math.max(1, Math.min(3, Math.floor(place.width / (CELL * columns.length)))),
      });
      const panel = (group: MeasuredGroup) => {
        const { fx, fy } = grid.channels(panels.indexOf(panelOf(group)));
        return { fx: fx(), fy: fy() };
      };
      const channels = {
        x: ({ settings }: MeasuredGroup) => settings[x],
        y: ({ settings }: MeasuredGroup) => settings[y],
        fx: (group: MeasuredGroup) => panel(group).fx,
        fy: (group: MeasuredGroup) => panel(group).fy,
      };
      const full = all.filter(({ estimate }) => estimate.estimate !== null);
      const empty = all.filter(({ estimate }) => estimate.estimate === null);
      const shade = (mean: number) =>
        high === low ? 0.3 : 0.04 + 0.44 * (mean - low) / (high - low);
      const fillOpacity = ({ estimate }: MeasuredGroup) => shade(estimate.estimate!);
      const isNarrow = place.width / columns.length < CELL;
      return {
        ...grid.options,
        x: {
          type: "band",
          domain: columns,
          label: x,
          labelArrow: "none",
          padding: 0.04,
          tickFormat: settingText,
        },
        y: {
          type: "band",
          domain: lines,
          label: y,
          labelArrow: "none",
          padding: 0.04,
          reverse: true,
          tickFormat: settingText,
        },
        opacity: { type: "identity" },
        marks: [
          ...grid.marks,
          Plot.cell(full, { ...channels, fill: SERIES_STYLES[2]!.color, fillOpacity }),
          Plot.cell(empty, {
            ...channels,
            fill: "#fff",
            stroke: MISSING_COLOR,
            strokeDasharray: "3 3",
          }),
          Plot.text(full, {
            ...channels,
            dy: isNarrow ? 0 : -7,
            fontWeight: "bold",
            text: ({ estimate }: MeasuredGroup) => number(estimate.estimate),
          }),
          Plot.text(isNarrow ? [] : full, { ...channels, dy: 8, fontSize: 9.5, text: detail }),
          Plot.text(empty, { ...channels, fill: MISSING_COLOR, fontSize: 9.5, text: detail }),
        ],
      };
    },
  };
}

/** Text below a mean: its interval, and the number of missing runs. */
function detail(group: MeasuredGroup): string {
  const { estimate: { low, high, n }, rows } = group;
  const interval = low === null || high === null ? [] : [`${number(low, 2)} to ${number(high, 2)}`];
  const missing = missingRows(group).length;
  return [...interval, ...(missing === 0 ? [] : [`${n} of ${rows.length}`])].join(", ");
}

function number(value: number | null, digits = 3): string {
  if (value === null) return "no value";
  return Math.abs(value) >= 1000 ? tickText(Math.round(value)) : value.toPrecision(digits);
}

/** A value of a setting beside its row or column, in full. */
function settingText(value: Cell): string {
  return typeof value === "number" ? tickText(value) : String(value ?? "—");
}

/** Pixels that a cell needs for the digits of its interval. */
const CELL = 78;
