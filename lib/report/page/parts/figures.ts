/** Questions that a figure answers. */
import { allocationFigure } from "../../../figures/allocation_figure.ts";
import { curveChart } from "../../../figures/charts/curve_chart.ts";
import { efficiencyChart } from "../../../figures/charts/efficiency_chart.ts";
import { heatChart } from "../../../figures/charts/heat_chart.ts";
import { metricChart, recoveryOptions } from "../../../figures/charts/metric_chart.ts";
import { taskTreeFigure } from "../../../figures/task_tree_figure.ts";
import type { Figure } from "../../../figures/figure.ts";
import { isOrdered } from "../../../figures/charts/metric_chart.ts";
import { valuesOf } from "../../../tables/groups.ts";
import { PARAMETER_COLUMNS } from "../../../tables/rows/ranked_rows.ts";
import { escapeXml } from "../../../util/escape_xml.ts";
import { figureHtml, type PageTools } from "../drawing.ts";
import { curveRows, hasValues, type Shown } from "../view.ts";
import { filesOf } from "./cells.ts";
import { type Section, withoutTables } from "./section.ts";

/** What the metric costs in parameters; null where fewer than two sizes are known. */
export function costSection(shown: Shown, tools: PageTools): Section | null {
  const { runs, view: { metric, by } } = shown;
  const parameters = PARAMETER_COLUMNS.toReversed().find((column) =>
    valuesOf(runs, column).filter((value) => typeof value === "number").length > 1
  );
  if (parameters === undefined || !hasValues(shown)) return null;
  return ofFigures(shown, tools, {
    id: "cost",
    short: "Parameters",
    question: `What does ${metric} cost in parameters?`,
    follows: ["metric", "by"],
    figures: () => [efficiencyChart(runs, { metric, parameters, by })],
  });
}

/** Whether two settings act together; null where fewer than two numbers vary. */
export function pairSection(shown: Shown, tools: PageTools): Section | null {
  const { runs, view: { metric, by } } = shown;
  const numeric = by.filter((key) => isOrdered(runs, key) && valuesOf(runs, key).length > 1);
  const [x, y] = numeric.includes("n_skills") && numeric.includes("n_splits")
    ? ["n_skills", "n_splits"]
    : numeric;
  if (x === undefined || y === undefined || !hasValues(shown)) return null;
  const rest = by.filter((key) => key !== x && key !== y);
  return ofFigures(shown, tools, {
    id: "pairs",
    short: "Two settings",
    question: `How do ${x} and ${y} act together?`,
    follows: ["metric", "by"],
    figures: () => [heatChart(runs, { metric, x, y, by: rest })],
  });
}

/** Whether the true allocation is recovered; null where nothing says. */
export function recoverySection(shown: Shown, tools: PageTools): Section | null {
  const { runs, view: { by, axis } } = shown;
  const learned = runs.filter(({ method }) => method === "poly");
  if (!learned.some(({ status, recovery }) => status === "done" && typeof recovery === "number")) {
    return null;
  }
  const varies = (key: string) => valuesOf(learned, key).length > 1;
  const numeric = by.filter((key) => isOrdered(learned, key) && varies(key));
  const x = numeric.find((key) => key === axis) ?? numeric[0] ?? by.find(varies) ?? "method";
  const varied = by.filter((key) => key !== x && varies(key));
  const options = recoveryOptions(learned);
  const left = runs.length - learned.length;
  const others = left === 1 ? "1 run whose method learns" : `${left} runs whose methods learn`;
  const notes = [...options.notes ?? [], ...left === 0 ? [] : [`Left out: ${others} no routing.`]];
  return ofFigures(shown, tools, {
    id: "recovery",
    short: "Recovery",
    question: "Is the true allocation of skills found?",
    follows: ["axis", "by"],
    figures: () => [metricChart(learned, { ...options, x, series: varied, notes })],
  });
}

/** How each curve of the logs went. */
export function curveSections(shown: Shown, tools: PageTools): Section[] {
  return shown.data.curves.map((curve) => {
    const { phase, y, reference } = curve;
    const options = {
      ...{ y, x: "step", phase, by: shown.view.by },
      ...(reference === null ? {} : { reference }),
    };
    return ofFigures(shown, tools, {
      id: `curve-${phase}-${y}`,
      short: CURVE_NAMES[phase] ?? phase,
      question: y === "loss" ? `How did the ${phase} loss go?` : `How did ${y} go during training?`,
      follows: ["by"],
      figures: () => [curveChart(curveRows(shown, curve), options)],
    });
  });
}

const CURVE_NAMES: Readonly<Record<string, string>> = {
  multitask: "Training",
  validation: "Validation",
  alignment: "Gradients",
};

/** Which skills tasks take; null where no run has learned routing. */
export function routingSection(shown: Shown, tools: PageTools): Section | null {
  const { routing } = shown.data;
  if (routing === null) return null;
  const { id, tasks, layers, n_layers, truth, similarity } = routing;
  const figures = () => {
    const allocation = allocationFigure(layers, tasks, truth ?? undefined);
    const left = layers.length === n_layers ? [] : [
      `${layers.length} of ${n_layers} layers and splits are drawn, in equal steps; ` +
      `routing.safetensors in the run's folder has all.`,
    ];
    return [
      { ...allocation, notes: [...left, ...allocation.notes] },
      ...(tasks.length > 1 ? [taskTreeFigure(similarity, tasks)] : []),
    ];
  };
  const before = `<p>Of one typical run, <a href="#run=${encodeURIComponent(id)}">${
    escapeXml(id.replace(/--[0-9a-f]+$/, ""))
  }</a>.</p>`;
  return ofFigures(shown, tools, {
    id: "routing",
    short: "Routing",
    question: "Which skills do tasks share?",
    follows: [],
    before,
    figures,
  });
}

/** A section that is answered by figures, with HTML before them. */
function ofFigures(
  shown: Shown,
  tools: PageTools,
  { figures, before = "", ...about }: Omit<Section, "draw"> & {
    readonly figures: () => readonly Figure[];
    readonly before?: string;
  },
): Section {
  const files = filesOf(shown, about.follows);
  const draw = () =>
    withoutTables(
      before + figures().map((figure) => figureHtml(figure, tools, files)).join("\n"),
    );
  return { ...about, draw };
}
