import assert from "node:assert/strict";
import type { RunResult } from "../run/result.ts";
import { Study } from "../tables/study.ts";
import { sampleResults } from "../testing/samples/sample_results.ts";
import { comparedData } from "./compared_data.ts";
import { differenceRows, shownOf } from "./page/view.ts";
import { runPanel } from "./page/parts/runs.ts";
import { drawingTools } from "../figures/render_svg.ts";

const METRIC = "heldout_exact_match";

function studyOf(
  name: string,
  results: readonly RunResult[],
  varying: string[],
  baseline: object | null,
) {
  const manifest = {
    schema: 1 as const,
    name,
    question: "",
    metric: METRIC,
    baseline,
    varying,
    runs: [],
  };
  return new Study("", manifest as ConstructorParameters<typeof Study>[1], results);
}

const OURS = sampleResults({ n_skills: [2, 4], n_splits: [1], seed: [0, 1, 2, 3] }, {
  whole: true,
});

/** The runs of two skills with another value each, and with other settings. */
function theirs(change: (seed: number) => number, tasksOf: (seed: number) => string = () => "") {
  return OURS.filter(({ config }) => config.n_skills === 2).map((run): RunResult => ({
    ...run,
    id: `other seed=${run.config.seed}`,
    config: { ...run.config, steps: 999 },
    metrics: { ...run.metrics, [METRIC]: run.metrics[METRIC]! + change(run.config.seed) },
    tasks: run.tasks.map((of) => ({ ...of, task: of.task + tasksOf(run.config.seed) })),
  }));
}

const ours = studyOf("ours", OURS, ["n_skills", "seed"], { n_skills: 2 });

Deno.test("comparedData() pairs the runs of one seed, and says in which settings the sweeps differ", async () => {
  const other = studyOf("theirs", theirs((seed) => -0.125 - 0.01 * seed), ["seed"], null);
  const data = await comparedData(ours, { study: other, folder: "results/theirs", baseline: null });
  const shown = shownOf(data);
  const rows = differenceRows(shown)!;
  assert.deepEqual(rows.map(({ sweep, n }) => [sweep, n]), [["ours", 4], ["ours", 4]]);
  const two = rows.find(({ n_skills }) => n_skills === 2)!;
  assert.ok(Math.abs(Number(two.difference) - (0.125 + 0.015)) < 1e-12);
  // By hand: the cell of four skills less the baseline of the same seed.
  const value = (skills: number, seed: number) =>
    OURS.find(({ config }) => config.n_skills === skills && config.seed === seed)!.metrics[METRIC]!;
  const four = [0, 1, 2, 3].map((seed) => value(4, seed) - (value(2, seed) - 0.125 - 0.01 * seed));
  const mean = four.reduce((sum, x) => sum + x, 0) / 4;
  const found = rows.find(({ n_skills }) => n_skills === 4)!;
  assert.ok(Math.abs(Number(found.difference) - mean) < 1e-12);
  assert.deepEqual(data.other!.settings.map(({ key, theirs }) => [key, theirs]), [
    ["n_skills", "2"],
    ["steps", "999"],
  ]);
  assert.deepEqual(data.other!.notes, []);
  // Two runs of either sweep side by side: what differs, and how far.
  const ids = [OURS[0]!.id, `theirs/other seed=${OURS[0]!.config.seed}`];
  const panel = runPanel(shown, ids, { ...await drawingTools(), width: 400 });
  assert.match(
    panel,
    /<code>sweep<\/code><\/th><td class="number">ours<\/td><td class="number">theirs/,
  );
  assert.match(
    panel,
    /<code>heldout_exact_match<\/code>(<\/th>)(<td class="number">[\d.]+<\/td>){2}<td class="number">−0\.125<\/td>/,
  );
});

Deno.test("comparedData() leaves out seeds whose tasks are others, and refuses when none is left", async () => {
  const change = (seed: number) => seed === 2 ? 100 : -0.25;
  const some = studyOf(
    "theirs",
    theirs(change, (seed) => seed === 2 ? " of others" : ""),
    ["seed"],
    null,
  );
  const data = await comparedData(ours, { study: some, folder: "b", baseline: null });
  const two = differenceRows(shownOf(data))!.find(({ n_skills }) => n_skills === 2)!;
  assert.deepEqual([two.n, Number(Number(two.difference).toFixed(9))], [3, 0.25]);
  assert.match(
    data.other!.notes.join(),
    /^1 seed of theirs is left out, as the tasks are others: 2\.$/,
  );
  const none = studyOf("theirs", theirs(change, () => " of others"), ["seed"], null);
  await assert.rejects(
    comparedData(ours, { study: none, folder: "b", baseline: null }),
    /^RangeError: Cannot compare ours with theirs as no seed has the same tasks in both/,
  );
  await assert.rejects(
    comparedData(ours, { study: some, folder: "b", baseline: { n_skills: 3 } }),
    /Cannot compare with b as none of its runs has \{"n_skills":3\}: name settings that some have with --baseline/,
  );
});

Deno.test("comparedData() compares each cell with the one of equal settings where the baseline is several", async () => {
  const all = OURS.map((run): RunResult => ({
    ...run,
    id: `other ${run.id}`,
    metrics: {
      ...run.metrics,
      [METRIC]: run.metrics[METRIC]! - (run.config.n_skills === 2 ? 0.5 : 0.25),
    },
  }));
  const other = studyOf("theirs", all, ["n_skills", "seed"], null);
  const data = await comparedData(ours, { study: other, folder: "b", baseline: null });
  const rows = differenceRows(shownOf(data))!;
  assert.deepEqual(
    rows.map(({ n_skills, difference }) => [n_skills, Number(Number(difference).toFixed(9))]),
    [[2, 0.5], [4, 0.25]],
  );
});
