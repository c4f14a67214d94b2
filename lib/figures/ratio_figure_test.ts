import assert from "node:assert/strict";
import { ratioLines } from "../tables/crossings.ts";
import { tableOf } from "../tables/table.ts";
import { renderSvg } from "./render_svg.ts";
import { ratioFigure } from "./ratio_figure.ts";

/** Runs in which poly is `first` times as good with 2 shots and loses half of that with each doubling. */
const RUNS = tableOf(
  [8, 16].flatMap((n_tasks) =>
    [2, 4, 8].flatMap((shots, i) =>
      ["poly", "shared"].flatMap((method) =>
        [0, 1, 2, 3].map((seed) => ({
          n_tasks,
          shots,
          method,
          seed,
          status: "done",
          heldout_loss: (1 + 0.01 * seed) *
            (method === "shared" ? 1 : (n_tasks === 8 ? 0.5 : 0.1) * 2 ** i * (1 + 0.001 * seed)),
        }))
      )
    )
  ),
);
const OPTIONS = {
  metric: "heldout_loss",
  x: "shots",
  of: { method: "poly" },
  to: { method: "shared" },
};

Deno.test("ratioLines() pairs runs by seed, and finds where the ratio rises above 1", () => {
  const [few, many] = ratioLines(RUNS, { ...OPTIONS, by: ["n_tasks"] });
  assert.deepEqual(few!.settings, { n_tasks: 8 });
  // The seeds' own factor falls out of the pairs; what is left is the mean of log(1 + 0.001 seed).
  const left = [0, 1, 2, 3].reduce((sum, seed) => sum + Math.log(1 + 0.001 * seed), 0) / 4;
  few!.points.forEach(({ x, logRatio }, i) => {
    assert.equal(x, 2 * 2 ** i);
    assert.ok(Math.abs(logRatio.estimate! - Math.log(0.5 * 2 ** i) - left) < 1e-12);
    assert.ok(logRatio.low! < logRatio.estimate! && logRatio.estimate! < logRatio.high!);
  });
  assert.ok(Math.abs(few!.crossing!.at - 4) < 0.02);
  assert.deepEqual([many!.crossing!.at, many!.crossing!.low], [Infinity, Infinity]);
});

Deno.test("ratioLines() leaves out pairs of which one run is missing, and finds no crossing without seeds", () => {
  const some = RUNS.filter("d => !(d.n_tasks === 8 && d.shots === 4 && d.seed > 1)");
  const [few] = ratioLines(some, { ...OPTIONS, by: ["n_tasks"] });
  assert.deepEqual(few!.points.map(({ logRatio }) => logRatio.n), [4, 2, 4]);
  assert.equal(few!.crossing, null);
  assert.throws(() => ratioLines(RUNS, { ...OPTIONS, metric: "n_tasks", by: [] }), /logarithmic/);
});

Deno.test("ratioFigure() has a line for each setting and says where each crosses", async () => {
  const figure = ratioFigure(RUNS, { ...OPTIONS, panels: [], lines: "n_tasks", title: "When" });
  assert.match(figure.alt, /n_tasks 8: (3\.99|4) \(/);
  assert.match(figure.alt, /16: above all \(above all to above all\)/);
  assert.match(await renderSvg(figure), /^<svg/);
  assert.match(figure.notes.join(), /○ n_tasks 8, □ n_tasks 16/);
});
