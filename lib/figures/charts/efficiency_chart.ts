import { type Figure, FILE_PLACE } from "../figure.ts";
import {
  type MeasuredGroup,
  measureGroups,
  missingNotes,
  numbersOf,
  type Runs,
  seedCount,
} from "../../tables/groups.ts";
import { scaleOf } from "../../tables/estimate.ts";
import { mean } from "../../util/vectors.ts";
import { dodge } from "../dodge.ts";
import { pointLabels } from "../point_labels.ts";
import { pointLink } from "../point_link.ts";
import { SERIES_STYLES } from "../series_style.ts";
import { spreadPositions } from "../spread_positions.ts";
import { logTicks, tickText } from "../tick_text.ts";
import { valueDomain } from "../value_domain.ts";

/** Settings of {@linkcode efficiencyChart}. */
export interface EfficiencyChartOptions {
  /** Column on the vertical axis. */
  readonly metric: string;
  /** Column on the horizontal axis, a number of parameters. */
  readonly parameters: string;
  /** Columns whose values make a point each. */
  readonly by: readonly string[];
}

/** A group of runs, with its number of parameters. */
interface Sized {
  readonly group: MeasuredGroup;
  readonly parameters: number;
}

/**
 * A metric against the number of parameters on a logarithmic axis: a named point for each combination of
 * settings, with the mean's 95 % interval, and every seed beside it. Points of equal size stand side by side.
 *
 * Source: the efficiency plots of Caccia et al. 2023, arXiv 2211.03831
 *
 * @throws {RangeError} when a column does not exist
 */
export function efficiencyChart(
  runs: Runs,
  { metric, parameters, by }: EfficiencyChartOptions,
): Figure {
  const all = measureGroups(runs, metric, by);
  const sized = all.flatMap((group): Sized[] => {
    const sizes = numbersOf(group.points.map(({ row }) => row), parameters).filter((n) => n > 0);
    return sizes.length === 0 ? [] : [{ group, parameters: mean(sizes) }];
  });
  const unsized = all.filter(({ points }) => points.length > 0).length - sized.length;
  const { domain, cut, isLog } = valueDomain(sized.map(({ group }) => group), {
    isLog: scaleOf(metric) === "log",
  });
  const sizes = sized.map((point) => point.parameters);
  const [low, high] = [Math.min(...sizes), Math.max(...sizes)];
  return {
    name: `${metric}_by_${parameters}`,
    title: `${metric} against ${parameters}`,
    subtitle: `Points: mean of ${seedCount(all)}; bars: its 95 % interval; small dots: seeds. ` +
      `${
        isLog ? "Both axes are" : "The axis of parameters is"
      } logarithmic; settings of equal size ` +
      `stand side by side.`,
    notes: [
      ...missingNotes(all, metric),
      ...(unsized === 0 ? [] : [`Missing: ${unsized} settings have no ${parameters}.`]),
      ...(cut === 0 ? [] : [`Intervals wider than the frame are cut: ${cut}.`]),
    ],
    alt: `Scatter plot of mean ${metric} by ${parameters}. ${
      sized.map(({ group, parameters }) =>
        `${group.label}: ${group.estimate.estimate!.toPrecision(3)} with ${Math.round(parameters)}`
      ).join("; ")
    }.`,
    draw: (Plot, place = FILE_PLACE) => {
      const isNarrow = place.width < NARROW;
      const [marginLeft, marginRight] = [isNarrow ? 44 : 60, 16];
      const ends: [number, number] = sizes.length === 0 ? [1, 10] : [low / 1.4, high * 1.8];
      const pixels = (parameters: number) =>
        (place.width - marginLeft - marginRight) * Math.log(parameters / ends[0]) /
        Math.log(ends[1] / ends[0]);
      const wanted = sizes.map(pixels);
      const apart = spreadPositions(wanted, APART, 0, place.width - marginLeft - marginRight);
      const color = SERIES_STYLES[2]!.color;
      const at = ({ parameters }: Sized) => parameters;
      const value = ({ group }: Sized) => group.estimate.estimate;
      return {
        height: 420,
        marginLeft,
        marginRight,
        marginTop: 30,
        marginBottom: 42,
        x: {
          type: "log",
          domain: ends,
          label: parameters,
          labelAnchor: "center",
          labelArrow: "none",
          ticks: logTicks(ends),
          tickFormat: "~s",
        },
        y: {
          ...{ domain, label: metric, grid: true, ticks: 6 },
          ...(isLog ? { type: "log" as const, ticks: logTicks(domain), tickFormat: tickText } : {}),
        },
        marks: [
          Plot.frame({ stroke: "#bbb" }),
          ...sized.flatMap((one, i) => {
            const { group, parameters } = one;
            const dx = apart[i]! - wanted[i]!;
            return [
              Plot.ruleX(group.estimate.low === null ? [] : [one], {
                x: at,
                y1: group.estimate.low!,
                y2: group.estimate.high!,
                ...{ dx, stroke: color, strokeOpacity: 0.38, strokeWidth: 7, clip: true },
              }),
              Plot.dot(group.points.map((point) => ({ ...point, parameters })), {
                ...{ x: "parameters", y: "value", r: 1.9, fill: color, fillOpacity: 0.6 },
                dx: dx + 7,
                ...pointLink(place),
                render: dodge({ along: "x", radius: 2.2, most: 10 }),
              }),
              Plot.dot([one], {
                ...{
                  x: at,
                  y: value,
                  dx,
                  r: 4.4,
                  fill: color,
                  stroke: "#fff",
                  ariaDescription: "mean",
                },
              }),
            ];
          }),
          pointLabels(sized.map(({ group, parameters }, i) => ({
            text: group.label,
            x: parameters,
            y: group.estimate.estimate!,
            dx: apart[i]! - wanted[i]!,
            low: group.estimate.low,
            high: group.estimate.high,
          }))),
        ],
      };
    },
  };
}

const NARROW = 520;
/** Pixels between points that would stand on each other: a bar, and the seeds beside it. */
const APART = 24;
