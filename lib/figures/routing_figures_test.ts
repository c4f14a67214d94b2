import assert from "node:assert/strict";
import { renderSvg } from "./render_svg.ts";
import { runRoutingFigures } from "./routing_figures.ts";
import type { RunRouting } from "../routing/file.ts";

function routing(layers: number, tasks: number, nSplits: number): RunRouting {
  return {
    tasks: Array.from({ length: tasks }, (_, task) => `t${task}`),
    truth: null,
    routers: Array.from({ length: layers }, (_, layer) => ({
      name: `block.${layer}`,
      nSkills: 3,
      nSplits,
      moduleLogits: Array.from(
        { length: tasks },
        (_, task) => Array.from({ length: 3 * nSplits }, (_, i) => Math.sin(i + task * layer)),
      ),
    })),
  };
}

const panels = (alt: string) =>
  [...alt.matchAll(/(\d+(?:, split \d)?): t0 takes/g)].map(([, n]) => n);

Deno.test("runRoutingFigures() draws every layer and split when they are few, and says so of none", () => {
  const [allocation, tree] = runRoutingFigures("a", routing(3, 4, 2));
  assert.deepEqual(
    panels(allocation!.alt),
    [0, 1, 2].flatMap((l) => [`${l}, split 0`, `${l}, split 1`]),
  );
  assert.ok(!allocation!.notes.some((note) => note.includes("are drawn")));
  assert.match(tree!.alt, /^Tree of 4 tasks/);
});

Deno.test("runRoutingFigures() draws the first, the last and some between when there are many", () => {
  const [many] = runRoutingFigures("n_skills=2,seed=0--0a1b2c3d", routing(36, 16, 4));
  const drawn = panels(many!.alt);
  assert.equal(drawn.length, 8);
  assert.deepEqual([drawn[0], drawn.at(-1)], ["0, split 0", "35, split 3"]);
  assert.match(many!.notes[0]!, /^8 of 144 layers and splits are drawn/);
  assert.match(many!.subtitle, /Run n_skills=2,seed=0\.$/);
  // With many tasks a panel is long, so there are fewer.
  assert.equal(panels(runRoutingFigures("a", routing(36, 100, 1))[0]!.alt).length, 2);
});

Deno.test("runRoutingFigures() shows a truth that all splits share, and no tree of one task", async () => {
  const one = routing(1, 1, 1);
  const figures = runRoutingFigures("a", { ...one, truth: [[[0, 1]]] });
  assert.equal(figures.length, 1);
  assert.match(figures[0]!.alt, /the truth: t0 takes most of skill 1 \(1\.00\)/);
  const [bySplit] = runRoutingFigures("a", {
    ...routing(1, 2, 2),
    truth: [[[0], [1]], [[1], [0]]],
  });
  assert.doesNotMatch(bySplit!.alt, /the truth/);
  for (const figure of figures) assert.match(await renderSvg(figure), /^<svg/);
});
