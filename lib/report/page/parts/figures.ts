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
import type { Section } from "./section.ts";

/** What the metric costs in parameters; null where fewer than two sizes are known. */
export function costSection(shown: Shown, tools: PageTools): Section | null {
  const { runs, view: { metric, by } } = shown;
  const parameters = PARAMETER_COLUMNS.toReversed().find((column) =>
    valuesOf(runs, column).filter((value) => typeof value === "number").length > 1
  );
  if (parameters === undefined || !hasValues(shown)) return null;
  const figure = efficiencyChart(runs, { metric, parameters, by });
  return one(shown, tools, "cost", "Parameters", `What does ${metric} cost in parameters?`, [
    figure,
  ]);
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
  const figure = heatChart(runs, { metric, x, y, by: rest });
  return one(shown, tools, "pairs", "Two settings", `How do ${x} and ${y} act together?`, [figure]);
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
  const figure = metricChart(learned, {
    ...options,
    x,
    series: varied,
    notes: [...options.notes ?? [], ...left === 0 ? [] : [`Left out: ${others} no routing.`]],
  });
  return one(shown, tools, "recovery", "Recovery", "Is the true allocation of skills found?", [
    figure,
  ]);
}

/** How each curve of the logs went. */
export function curveSections(shown: Shown, tools: PageTools): Section[] {
  return shown.data.curves.map((curve) => {
    const { phase, y, reference } = curve;
    const figure = curveChart(curveRows(shown, curve), {
      ...{ y, x: "step", phase, by: shown.view.by },
      ...(reference === null ? {} : { reference }),
    });
    const question = y === "loss"
      ? `How did the ${phase} loss go?`
      : `How did ${y} go during training?`;
    return one(shown, tools, `curve-${phase}-${y}`, CURVE_NAMES[phase] ?? phase, question, [
      figure,
    ]);
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
  const allocation = allocationFigure(layers, tasks, truth ?? undefined);
  const left = layers.length === n_layers ? [] : [
    `${layers.length} of ${n_layers} layers and splits are drawn, in equal steps; ` +
    `routing.safetensors in the run's folder has all.`,
  ];
  const figures: Figure[] = [
    { ...allocation, notes: [...left, ...allocation.notes] },
    ...(tasks.length > 1 ? [taskTreeFigure(similarity, tasks)] : []),
  ];
  const section = one(shown, tools, "routing", "Routing", "Which skills do tasks share?", figures);
  const run = `<p>Of one typical run, <a href="#run=${encodeURIComponent(id)}">${
    escapeXml(id.replace(/--[0-9a-f]+$/, ""))
  }</a>.</p>`;
  return { ...section, html: run + section.html };
}

function one(
  shown: Shown,
  tools: PageTools,
  id: string,
  short: string,
  question: string,
  figures: readonly Figure[],
): Section {
  const html = figures.map((figure) => figureHtml(figure, tools, filesOf(shown))).join("\n");
  return { id, short, question, html, tables: [] };
}
