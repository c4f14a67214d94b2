import { type RouterLogits, taskSimilarity } from "../routing/measures.ts";
import { allocationFigure } from "./allocation_figure.ts";
import type { Figure } from "./figure.ts";
import { taskTreeFigure } from "./task_tree_figure.ts";
import { allocationsOf, type SplitAllocation } from "../routing/split_allocation.ts";
import { runLabel } from "../run/id.ts";
import type { RunRouting } from "../routing/file.ts";
import type { Study } from "../tables/study.ts";

/**
 * Largest number of layers and splits in a figure, and of rows of tasks in all its panels together.
 */
const MOST_PANELS = 8;
const MOST_ROWS = 240;

/**
 * The figures of {@linkcode runRoutingFigures} for the run whose routing a study shows; none when
 * no run has learned routing.
 *
 * @throws {SyntaxError} when the routing file is damaged
 * @throws {RangeError} when runs are done and none has the study's metric
 */
export async function routingFigures(study: Study): Promise<Figure[]> {
  const shown = await study.routing();
  return shown === null ? [] : runRoutingFigures(shown.id, shown.routing);
}

/**
 * Draws the routing of one run: the skills that its tasks take in each layer and split, beside the
 * truth if it is the same for all splits; and the tree of tasks by similarity of their routing.
 *
 * When there are too many layers to read, some are drawn, at equal steps from the first to the
 * last, and a note counts them.
 *
 * @param id id of the run, for the subtitle
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const routers = Array.from({ length: 40 }, (_, layer) => ({
 *   name: `block.${layer}.q`,
 *   nSkills: 2,
 *   nSplits: 1,
 *   moduleLogits: [[1, -1], [-1, layer]],
 * }));
 * const [allocation, tree] = runRoutingFigures("seed=0--0a1b2c3d", {
 *   tasks: ["sort", "swap"], routers, truth: null,
 * });
 * assert.match(allocation!.notes[0]!, /^8 of 40 layers and splits are drawn/);
 * assert.match(tree!.subtitle, /Run seed=0\.$/);
 * ```
 */
export function runRoutingFigures(id: string, routing: RunRouting): Figure[] {
  const { tasks, routers, truth } = routing;
  const { layers: drawn, n_layers } = shownLayers(routers, tasks.length);
  const left = drawn.length === n_layers ? [] : [
    `${drawn.length} of ${n_layers} layers and splits are drawn, in equal steps; ` +
    `routing.safetensors in the run's folder has all.`,
  ];
  const allocation = allocationFigure(drawn, tasks, truth?.length === 1 ? truth[0] : undefined);
  const figures: Figure[] = [{ ...allocation, notes: [...left, ...allocation.notes] }];
  if (tasks.length > 1) figures.push(taskTreeFigure(taskSimilarity(routers), tasks));
  return figures.map((figure) => ({
    ...figure,
    subtitle: `${figure.subtitle} Run ${runLabel(id)}.`,
  }));
}

/** The layers and splits that are drawn, at equal steps from the first to the last, and how many there are. */
export function shownLayers(
  routers: readonly RouterLogits[],
  nTasks: number,
): { readonly layers: readonly SplitAllocation[]; readonly n_layers: number } {
  const all = allocationsOf(routers);
  const most = Math.max(2, Math.min(MOST_PANELS, Math.floor(MOST_ROWS / nTasks)));
  const layers = all.length <= most
    ? all
    : Array.from({ length: most }, (_, i) => all[Math.round(i * (all.length - 1) / (most - 1))]!);
  return { layers, n_layers: all.length };
}
