import type { Figure } from "./figure.ts";
import {
  type MeasuredGroup,
  measureGroups,
  missingNotes,
  missingRows,
  otherSettings,
  seedCount,
  settingsLabel,
  valuesOf,
} from "../tables/groups.ts";
import { runsAndMetric, type Study } from "../tables/study.ts";
import type { ColumnTable } from "../tables/table.ts";
import { panelGrid } from "./panel_grid.ts";
import { MISSING_COLOR } from "./series_style.ts";

/** Settings of {@linkcode heatMapFigure}. */
export interface HeatMapOptions {
  /** Column shown by shade and number; when absent, the study's metric. */
  readonly metric?: string;
  /** Column along the horizontal axis. */
  readonly x: string;
  /** Column along the vertical axis. */
  readonly y: string;
}

/**
 * Draws the mean of a metric for every pair of two settings, as a shade and in digits, with half
 * the width of its 95 % interval. Each combination of the other settings has a panel.
 *
 * A pair without any value is an empty cell with the number of runs that it should have; where only
 * some are missing, the cell shows the number that exist.
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
 * const run = { n_skills: 2, n_splits: 1, seed: 0, status: "done", score: 0.5 };
 * const { alt } = heatMapFigure(tableOf([run, { ...run, n_splits: 4, status: "failed" }]), {
 *   metric: "score",
 *   x: "n_skills",
 *   y: "n_splits",
 * });
 * assert.match(alt, /0.500 at n_skills 2, n_splits 1; no value at n_skills 2, n_splits 4/);
 * ```
 */
export function heatMapFigure(of: Study | ColumnTable, options: HeatMapOptions): Figure {
  const { x, y } = options;
  const { runs, metric } = runsAndMetric(of, options.metric);
  const by = otherSettings(runs, [x, y]);
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
    subtitle: `Mean of ${seedCount(all)} above its 95 % interval; the darker, the higher.`,
    notes: missingNotes(all, metric),
    alt: `Heat map of mean ${metric}: ${
      all.map(({ estimate, label }) => `${number(estimate.estimate)} at ${label}`).join("; ")
    }.`,
    draw: (Plot) => {
      const grid = panelGrid(Plot, panels, {
        panelHeight: Math.max(110, 46 * lines.length),
        columns: Math.max(1, Math.min(3, Math.floor(9 / columns.length))),
      });
      const place = (group: MeasuredGroup) => {
        const { fx, fy } = grid.channels(panels.indexOf(panelOf(group)));
        return { fx: fx(), fy: fy() };
      };
      const channels = {
        x: ({ settings }: MeasuredGroup) => settings[x],
        y: ({ settings }: MeasuredGroup) => settings[y],
        fx: (group: MeasuredGroup) => place(group).fx,
        fy: (group: MeasuredGroup) => place(group).fy,
      };
      const full = all.filter(({ estimate }) => estimate.estimate !== null);
      const empty = all.filter(({ estimate }) => estimate.estimate === null);
      const shade = (mean: number) =>
        high === low ? 0.3 : 0.04 + 0.84 * (mean - low) / (high - low);
      const ink = ({ estimate }: MeasuredGroup) =>
        shade(estimate.estimate!) > 0.62 ? "#fff" : "#000";
      const fill = ({ estimate }: MeasuredGroup) => blend(shade(estimate.estimate!));
      return {
        ...grid.options,
        x: { type: "band", domain: columns, label: x, labelArrow: "none", padding: 0.04 },
        y: {
          type: "band",
          domain: lines,
          label: y,
          labelArrow: "none",
          padding: 0.04,
          reverse: true,
        },
        color: { type: "identity" },
        marks: [
          ...grid.marks,
          Plot.cell(full, { ...channels, fill }),
          Plot.cell(empty, {
            ...channels,
            fill: "#fff",
            stroke: MISSING_COLOR,
            strokeDasharray: "3 3",
          }),
          Plot.text(full, {
            ...channels,
            fill: ink,
            dy: -7,
            fontWeight: "bold",
            text: ({ estimate }: MeasuredGroup) => number(estimate.estimate),
          }),
          Plot.text(full, { ...channels, fill: ink, dy: 8, fontSize: 9.5, text: detail }),
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
  return Math.abs(value) >= 1000 ? value.toFixed(0) : String(value.toPrecision(digits));
}

/**
 * A colour from white at 0 to dark blue at 1, whose luminance decreases steadily, so that it reads
 * in grey.
 */
function blend(share: number): string {
  const mix = (from: number, to: number) => Math.round(from + (to - from) * share);
  return `rgb(${mix(255, 0)},${mix(255, 40)},${mix(255, 90)})`;
}
