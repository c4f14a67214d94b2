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

/** What curves of runs are of, and where they stand. */
export interface RunCurvesOptions {
  /** Column on the vertical axis, such as `loss`. */
  readonly y: string;
  /** Phase of the log, such as `multitask`. */
  readonly phase: string;
  /** Where the horizontal axis ends, for curves that still grow; at their last step when absent. */
  readonly lastStep?: number;
  /** Whether it is a small picture beside a text that says what it is of. */
  readonly isCard?: boolean;
}

/** The curves of one run, or of two side by side, in one frame. */
export function runCurvesChart(
  curves: readonly RunCurve[],
  { y, phase, lastStep, isCard = false }: RunCurvesOptions,
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
      ...(isCard
        ? { height: 110, marginLeft: 36, marginTop: 8, marginRight: 12, marginBottom: 20 }
        : {
          height: 240 + heightBelow(labels),
          ...{ marginLeft: 50, marginTop: 24, marginRight: 10 },
          marginBottom: 38 + heightBelow(labels),
        }),
      x: {
        ...(isCard ? { label: null, ticks: 3 } : { label: "step", ticks: 5 }),
        ...{ labelAnchor: "center", labelArrow: "none", labelOffset: 34 },
        ...(lastStep === undefined ? {} : { domain: [0, lastStep] }),
      },
      y: {
        ...{ label: isCard ? null : y, grid: true, ticks: isCard ? 3 : 5 },
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
        ...isCard ? [] : [labelsBelow(labels)],
      ],
    }),
  };
}

function styleOf(i: number) {
  return SERIES_STYLES[i % SERIES_STYLES.length]!;
}
