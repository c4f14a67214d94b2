import { averageLinkage, type Cluster } from "./average_linkage.ts";
import type { Figure } from "./figure.ts";
import { shortName } from "./short_name.ts";

interface Point {
  readonly distance: number;
  readonly place: number;
}

/**
 * Draws the tree of tasks by similarity of their routing: tasks that join at the left, at a small
 * distance, share skills. Distance is 1 − cosine of mixing weights; clusters are joined by average
 * linkage.
 *
 * Source: the trees of Ponti et al. 2022, arXiv 2202.13914
 *
 * @param similarity cosines from `taskSimilarity`; shape `[T, T]`
 * @param tasks names of the tasks
 * @throws {RangeError} when the similarity is not finite or not square, or the number of names
 * differs
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const similarity = [[1, 0.9, 0.1], [0.9, 1, 0.2], [0.1, 0.2, 1]];
 * const { alt } = taskTreeFigure(similarity, ["sort", "swap", "trim"]);
 * assert.match(alt, /sort, swap at 0.100; sort, swap, trim at 0.850/);
 * ```
 */
export function taskTreeFigure(
  similarity: readonly (readonly number[])[],
  tasks: readonly string[],
): Figure {
  if (similarity.length !== tasks.length) {
    throw new RangeError(
      `Cannot draw a tree as each task must have one name: ` +
        `got ${tasks.length} names for ${similarity.length} tasks`,
    );
  }
  const tree = averageLinkage(similarity.map((row) => row.map((cosine) => 1 - cosine)));
  const lines: Point[][] = [];
  const joints: string[] = [];
  const draw = ({ items, height, parts }: Cluster): Point => {
    if (parts === null) return { distance: 0, place: tree.items.indexOf(items[0]!) };
    const [a, b] = parts.map(draw) as [Point, Point];
    lines.push([a, { ...a, distance: height }, { ...b, distance: height }, b]);
    joints.push(`${items.map((item) => tasks[item]).join(", ")} at ${height.toFixed(3)}`);
    return { distance: height, place: (a.place + b.place) / 2 };
  };
  draw(tree);
  const T = tasks.length;
  const longest = Math.max(...tasks.map((task) => shortName(task).length));
  return {
    name: "task_tree",
    title: "Tasks by how alike they route",
    subtitle: "Distance: 1 − cosine of mixing weights over all layers and splits; average linkage.",
    notes: [],
    alt: `Tree of ${T} tasks. Joined: ${joints.join("; ")}.`,
    draw: (Plot) => ({
      height: 18 * T + 70,
      marginLeft: 6.8 * longest + 20,
      marginRight: 24,
      marginTop: 12,
      marginBottom: 44,
      x: {
        domain: [0, Math.max(tree.height, 1e-9) * 1.03],
        label: "distance",
        labelAnchor: "center",
        labelArrow: "none",
        grid: true,
        ticks: 6,
      },
      y: {
        domain: [-0.5, T - 0.5],
        reverse: true,
        ticks: tree.items.map((_, place) => place),
        tickFormat: (place: number) => shortName(tasks[tree.items[place]!]!),
        tickSize: 0,
        label: null,
      },
      marks: lines.map((line) => Plot.line(line, { x: "distance", y: "place", strokeWidth: 1.5 })),
    }),
  };
}
