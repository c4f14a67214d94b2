import { scaleOf } from "../../tables/estimate.ts";
import { type EndLabel, heightBelow, labelsBelow } from "../end_labels.ts";
import { type Figure, FILE_PLACE } from "../figure.ts";
import { SERIES_STYLES } from "../series_style.ts";
import { logTicks, tickText } from "../tick_text.ts";

/** The curve of one run. */
export interface RunCurve {
  readonly label: string;
  readonly x: readonly number[];
  readonly y: readonly number[];
}

/** The curves of one run, or of two side by side, in one frame. */
export function runCurvesChart(
  curves: readonly RunCurve[],
  { y, phase }: { readonly y: string; readonly phase: string },
): Figure {
  const values = curves.flatMap(({ y }) => y);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const isLog = scaleOf(y) === "log" && low > 0;
  const labels = curves.map(({ label }, i): EndLabel => ({
    ...{ text: label, color: styleOf(i).color, dash: styleOf(i).dash, y: 0 },
  }));
  const ends = curves.map(({ label, y }) =>
    `${label}: from ${y[0]!.toPrecision(3)} to ${y.at(-1)!.toPrecision(3)}`
  );
  return {
    name: `run_${phase}_${y}`,
    title: `${y} over step, ${phase}`,
    subtitle: isLog ? "The axis is logarithmic." : "",
    notes: [],
    alt: `Line chart of ${y} over step. ${ends.join("; ")}.`,
    draw: (Plot, { width } = FILE_PLACE) => ({
      width,
      height: 240 + heightBelow(labels),
      ...{ marginLeft: 50, marginTop: 24, marginRight: 10, marginBottom: 38 + heightBelow(labels) },
      x: { label: "step", labelAnchor: "center", labelArrow: "none", labelOffset: 34, ticks: 5 },
      y: {
        ...{ label: y, grid: true, ticks: 5 },
        ...(isLog
          ? { type: "log" as const, ticks: logTicks([low, high]), tickFormat: tickText }
          : {}),
      },
      marks: [
        Plot.frame({ stroke: "#bbb" }),
        ...curves.map(({ x, y }, i) =>
          Plot.line(x.map((at, k) => [at, y[k]!]), {
            ...{ stroke: styleOf(i).color, strokeDasharray: styleOf(i).dash, strokeWidth: 1.6 },
          })
        ),
        labelsBelow(labels),
      ],
    }),
  };
}

function styleOf(i: number) {
  return SERIES_STYLES[i % SERIES_STYLES.length]!;
}
