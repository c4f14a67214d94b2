import type { Figure } from "../figure.ts";
import { FILE_PLACE } from "../figure.ts";
import { bestFirst, directionOf, orderText } from "../../tables/direction.ts";
import { scaleOf } from "../../tables/estimate.ts";
import {
  type MeasuredGroup,
  measureGroups,
  missingNotes,
  missingRows,
  type Runs,
  seedCount,
  settingsLabel,
} from "../../tables/groups.ts";
import { intervalRows } from "./interval_rows.ts";
import type { LineChartOptions } from "./line_chart.ts";
import { alignedNumbers } from "../../tables/rows/aligned.ts";
import { valueDomain } from "../value_domain.ts";

/**
 * A metric of cells that have no order: a row for each, best first, with the mean, its 95 % interval and a
 * small dot for every seed below it.
 *
 * @throws {RangeError} when a column does not exist
 */
export function rowChart(runs: Runs, options: LineChartOptions): Figure {
  const { x, metric, series, references = [], notes = [] } = options;
  const direction = directionOf(metric);
  const groups = bestFirst(
    measureGroups(runs, metric, [x, ...series]),
    ({ estimate }) => [estimate.estimate, estimate.n],
    direction,
  );
  const label = ({ settings }: MeasuredGroup) => settingsLabel(settings);
  const texts = alignedNumbers(groups.map(({ estimate }) => estimate.estimate));
  const others = references.map(({ value }) => value);
  const { domain, cut, isLog } = valueDomain(groups, { others, isLog: scaleOf(metric) === "log" });
  return {
    name: `${metric}_by_${x}`,
    title: `${metric} by ${x}`,
    subtitle:
      `Dot: mean of ${seedCount(groups)}; bar: its 95 % interval; small dots: seeds. Rows are ` +
      `${orderText(direction, groups.map(({ points }) => points.length))}.` +
      (isLog ? " The axis is logarithmic." : ""),
    notes: [
      ...missingNotes(groups, metric),
      ...(cut === 0 ? [] : [`Intervals wider than the frame are cut: ${cut}.`]),
      ...notes,
    ],
    alt: `Mean ${metric} by ${x}. ${
      groups.map((group) =>
        `${label(group)}: ${group.estimate.estimate?.toPrecision(3) ?? "no value"}`
      ).join("; ")
    }.`,
    draw: (Plot, place = FILE_PLACE) =>
      intervalRows(Plot, place, {
        rows: groups.map((group, i) => ({
          label: label(group),
          mean: group.estimate.estimate,
          low: group.estimate.low,
          high: group.estimate.high,
          isFilled: true,
          points: group.points,
          missing: `no value: ${missingRows(group).length} runs lack it`,
          texts: [
            String(group.points.length),
            texts[i]!,
          ],
        })),
        domain,
        isLog,
        label: metric,
        references,
        columns: [{ title: "n", width: 34 }, { title: "mean", width: 62 }],
        empty: "no runs",
      }),
  };
}
