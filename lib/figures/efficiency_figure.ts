import type { Figure } from "./figure.ts";
import {
  type MeasuredGroup,
  measureGroups,
  missingNotes,
  numbersOf,
  seedCount,
} from "../tables/groups.ts";
import { runsAndMetric, type Study } from "../tables/study.ts";
import type { ColumnTable } from "../tables/table.ts";
import { mean } from "../util/vectors.ts";
import { pointLabels } from "./point_labels.ts";
import { SERIES_STYLES } from "./series_style.ts";
import { valueDomain } from "./value_domain.ts";

/** Settings of {@linkcode efficiencyFigure}. */
export interface EfficiencyFigureOptions {
  /** Column on the vertical axis; when absent, the study's metric. */
  readonly metric?: string;
  /** Column on the horizontal axis, a number of parameters. */
  readonly parameters?: string;
}

/** A group of runs, with its number of parameters. */
interface Sized {
  readonly group: MeasuredGroup;
  readonly parameters: number;
}

/**
 * Draws a metric against the number of parameters on a logarithmic axis: a named point for each
 * combination of settings, with every seed and the mean's 95 % interval.
 *
 * Source: the efficiency plots of Caccia et al. 2023, arXiv 2211.03831
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
 * const run = { n_skills: 2, seed: 0, status: "done", score: 0.5, parameters_adaptation: 100 };
 * const runs = tableOf([run, { ...run, n_skills: 4, parameters_adaptation: 200 }]);
 * const { alt } = efficiencyFigure(runs, { metric: "score" });
 * assert.match(alt, /n_skills 2: 0.500 with 100; n_skills 4: 0.500 with 200/);
 * ```
 */
export function efficiencyFigure(
  of: Study | ColumnTable,
  { parameters = "parameters_adaptation", ...options }: EfficiencyFigureOptions = {},
): Figure {
  const { runs, metric } = runsAndMetric(of, options.metric);
  const all = measureGroups(runs, metric);
  const sized = all.flatMap((group): Sized[] => {
    const sizes = numbersOf(group.points.map(({ row }) => row), parameters).filter((n) => n > 0);
    return sizes.length === 0 ? [] : [{ group, parameters: mean(sizes) }];
  });
  const unsized = all.filter(({ points }) => points.length > 0).length - sized.length;
  const { domain, cut } = valueDomain(sized.map(({ group }) => group), []);
  const sizes = sized.map((point) => point.parameters);
  const [low, high] = [Math.min(...sizes), Math.max(...sizes)];
  return {
    name: `${metric}_by_${parameters}`,
    title: `${metric} against ${parameters}`,
    subtitle: `Points: mean of ${seedCount(all)}; bars: its 95 % interval; small dots: seeds. ` +
      `The axis of parameters is logarithmic.`,
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
    draw: (Plot) => {
      const at = ({ parameters }: Sized) => parameters;
      const seeds = sized.flatMap(({ group, parameters }) =>
        group.points.map(({ value }) => ({ parameters, value }))
      );
      const color = SERIES_STYLES[2]!.color;
      return {
        height: 420,
        marginLeft: 60,
        marginRight: 16,
        marginTop: 30,
        marginBottom: 42,
        x: {
          type: "log",
          domain: sizes.length === 0 ? [1, 10] : [low / 1.25, high * 1.6],
          label: parameters,
          labelAnchor: "center",
          labelArrow: "none",
          ticks: high / low > 30 ? 4 : 8,
          tickFormat: "~s",
        },
        y: { domain, label: metric, grid: true },
        marks: [
          Plot.frame({ stroke: "#bbb" }),
          Plot.ruleX(sized.filter(({ group }) => group.estimate.low !== null), {
            x: at,
            y1: ({ group }: Sized) => group.estimate.low,
            y2: ({ group }: Sized) => group.estimate.high,
            stroke: color,
            strokeOpacity: 0.6,
            clip: true,
          }),
          Plot.dot(seeds, {
            ...{ x: "parameters", y: "value", r: 1.8, fill: color, fillOpacity: 0.55 },
          }),
          Plot.dot(sized, {
            x: at,
            y: ({ group }: Sized) => group.estimate.estimate,
            r: 4,
            fill: color,
            stroke: "#fff",
          }),
          pointLabels(sized.map(({ group, parameters }) => ({
            text: group.label,
            x: parameters,
            y: group.estimate.estimate!,
          }))),
        ],
      };
    },
  };
}
