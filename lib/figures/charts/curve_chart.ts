import { scaleOf } from "../../tables/estimate.ts";
import { type CurvePoint, curvePoints, stepsPerPoint } from "../../tables/curve_points.ts";
import { type Figure, FILE_PLACE } from "../figure.ts";
import { groupBySettings, rowsIn, type Runs, settingsLabel } from "../../tables/groups.ts";
import type { Row } from "../../tables/table.ts";
import { panelGrid } from "../panel_grid.ts";
import { RUN_LINK } from "../point_link.ts";
import { logTicks, tickText } from "../tick_text.ts";
import { SERIES_STYLES } from "../series_style.ts";

/** Settings of {@linkcode curveChart}. */
export interface CurveChartOptions {
  /** Column on the vertical axis. */
  readonly y: string;
  /** Column on the horizontal axis. */
  readonly x: string;
  /** Phase of the log that is drawn. */
  readonly phase: string;
  /** Settings whose values have a panel each. */
  readonly by: readonly string[];
  /** Value to compare with, drawn as a horizontal line with its name. */
  readonly reference?: number;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** Curve of one run. */
interface Curve {
  readonly id: string;
  readonly diverged: boolean;
  readonly points: readonly CurvePoint[];
}

interface Panel {
  readonly label: string;
  readonly curves: readonly Curve[];
  /** Number of runs without a point. */
  readonly missing: number;
}

/**
 * The course of a metric over training: each seed as a thin line and their mean as a thick one, in a panel for
 * each combination of settings. A cross ends the line of a run that diverged. A loss, all of whose values are
 * above 0, has a logarithmic axis.
 *
 * @param rows one for each run and point: `id`, `status` and settings of the run, and the two columns; a run
 * without points has one row with missing values
 */
export function curveChart(rows: Runs, options: CurveChartOptions): Figure {
  const { y, x, phase, by, reference } = options;
  const all = rowsIn(rows);
  const width = stepsPerPoint(all, x);
  // The rows of a thinned log say how many steps each point stands for.
  const meanOf = all.reduce((most, { mean_of }) => Math.max(most, Number(mean_of ?? 1)), width);
  const panels = panelsOf(all, by, x, y, width);
  const curves = panels.flatMap((panel) => panel.curves);
  const runs = curves.length + panels.reduce((sum, { missing }) => sum + missing, 0);
  const diverged = curves.filter((curve) => curve.diverged).length;
  const { domain, cut, isLog } = range(curves, reference, scaleOf(y) === "log");
  const counts = panels.map((panel) => panel.curves.length).filter((n) => n > 0);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  const seeds = `${least === most ? most : `${least} to ${most}`} ${most === 1 ? "seed" : "seeds"}`;
  return {
    name: `${phase}_${y}`,
    title: `${y} over ${x}, ${phase}`,
    subtitle: `Thin lines: ${counts.length === 0 ? "no seed" : seeds}; thick line: their mean` +
      `${meanOf === 1 ? "" : `; each point is the mean of ${meanOf} ${x}s`}.` +
      (isLog ? " The axis is logarithmic." : ""),
    notes: [
      ...(diverged === 0 ? [] : [`${diverged} of ${runs} runs diverged: a cross ends their line.`]),
      ...(curves.length === runs
        ? []
        : [`Missing: ${runs - curves.length} of ${runs} runs have no ${y} of phase ${phase}.`]),
      ...(cut ? ["Runs that diverged leave the frame and are cut there."] : []),
    ],
    alt: `Line charts of ${y} over ${x}. ${panels.map((panel) => describe(panel)).join("; ")}.`,
    draw: (Plot, place = FILE_PLACE) => {
      const grid = panelGrid(Plot, panels.map(({ label }) => label), {
        panelHeight: panels.length === 1 ? 280 : 150,
        ...(place.width < NARROW ? { columns: 1 } : {}),
      });
      const href = ({ id }: { id: string }) => `${RUN_LINK}${encodeURIComponent(id)}`;
      return {
        ...grid.options,
        x: { label: x, labelAnchor: "center", labelArrow: "none", ticks: 4, nice: true },
        y: {
          ...{ label: y, domain, grid: true, ticks: 5 },
          ...(isLog ? { type: "log" as const, ticks: logTicks(domain), tickFormat: tickText } : {}),
        },
        marks: [
          ...grid.marks,
          reference === undefined ? null : Plot.ruleY([reference], { stroke: "#555" }),
          reference === undefined ? null : Plot.text([tickText(reference)], {
            ...{ y: [reference], frameAnchor: "right", textAnchor: "end", dx: -4, dy: -6 },
            ...{ fill: "#555", fontSize: 10, ...grid.channels(0) },
          }),
          ...panels.flatMap(({ curves }, i) => {
            const channels = { x: "x", y: "y", clip: true, ...grid.channels(i) } as const;
            const points = curves.flatMap((curve) =>
              curve.points.map((point) => ({ ...point, id: curve.id }))
            );
            const ends = curves.filter((curve) => curve.diverged).map(({ points }) => ({
              x: points.at(-1)!.x,
              y: Math.min(domain[1], Math.max(domain[0], points.at(-1)!.y)),
            }));
            return [
              Plot.line(points, {
                ...channels,
                z: "id",
                stroke: SERIES_STYLES[2]!.color,
                strokeWidth: 0.8,
                strokeOpacity: 0.6,
                ...(place.hasLinks ? { href } : {}),
              }),
              Plot.line(meanCurve(curves), { ...channels, stroke: "#000", strokeWidth: 2 }),
              Plot.dot(ends, {
                ...channels,
                clip: null,
                symbol: "times",
                r: 4.5,
                stroke: SERIES_STYLES[1]!.color,
                strokeWidth: 2,
              }),
            ];
          }),
        ],
      };
    },
  };
}

function panelsOf(
  all: readonly Row[],
  by: readonly string[],
  x: string,
  y: string,
  width: number,
): Panel[] {
  return groupBySettings(all, by).map(({ settings, rows }) => {
    const runs = Map.groupBy(rows, ({ id }) => String(id));
    const curves = [...runs].map(([id, rows]) => ({
      id,
      diverged: rows[0]!.status === "diverged",
      points: curvePoints(rows, x, y, width),
    })).filter(({ points }) => points.length > 0);
    return { label: settingsLabel(settings), curves, missing: runs.size - curves.length };
  });
}

/** The mean over runs that did not diverge, at steps where all of them have a value. */
function meanCurve(curves: readonly Curve[]): readonly CurvePoint[] {
  const whole = curves.filter(({ diverged }) => !diverged);
  const at = Map.groupBy(whole.flatMap(({ points }) => points), ({ x }) => x);
  return [...at].filter(([, points]) => points.length === whole.length && points.length > 1)
    .map(([x, points]) => ({ x, y: points.reduce((sum, { y }) => sum + y, 0) / points.length }))
    .sort((a, b) => a.x - b.x);
}

const NARROW = 520;

/** The ends of the vertical axis: the range of runs that did not diverge, if there are any. */
function range(
  curves: readonly Curve[],
  reference: number | undefined,
  asksLog: boolean,
): { readonly domain: [number, number]; readonly cut: boolean; readonly isLog: boolean } {
  const values = (of: readonly Curve[]) => of.flatMap(({ points }) => points.map(({ y }) => y));
  const whole = values(curves.filter(({ diverged }) => !diverged));
  const every = values(curves);
  const shown = [
    ...whole.length > 0 ? whole : every,
    ...reference === undefined ? [] : [reference],
  ];
  if (shown.length === 0) return { domain: [0, 1], cut: false, isLog: false };
  const low = shown.reduce((least, value) => Math.min(least, value), Infinity);
  const high = shown.reduce((most, value) => Math.max(most, value), -Infinity);
  const isLog = asksLog && low > 0 && every.every((value) => value > 0);
  const room = isLog
    ? 0.05 * Math.log(high / low) || 0.1
    : 0.05 * (high - low || Math.abs(high) || 1);
  const domain: [number, number] = isLog
    ? [low * Math.exp(-room), high * Math.exp(room)]
    : [low - room, high + room];
  const cut = every.some((value) => value < domain[0] || value > domain[1]);
  return { domain, cut, isLog };
}

function describe({ label, curves, missing }: Panel): string {
  const ends = curves.filter(({ diverged }) => !diverged).map(({ points }) =>
    `from ${points[0]!.y.toPrecision(3)} to ${points.at(-1)!.y.toPrecision(3)}`
  );
  const lost = curves.filter(({ diverged }) => diverged).length;
  const parts = [
    ...ends.length === 0 ? [] : [ends.join(", ")],
    ...lost === 0 ? [] : [`${lost} diverged`],
    ...missing === 0 ? [] : [`${missing} without points`],
  ];
  return `${label === "" ? "" : `${label}: `}${parts.join(", ")}`;
}
