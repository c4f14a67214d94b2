import assert from "node:assert/strict";
import { runResult } from "../testing/samples/run_result.ts";
import { randomStream } from "../util/random.ts";
import { bootstrapMean } from "../statistics/bootstrap.ts";
import { pairedDifferences } from "./paired.ts";
import type { RunResult } from "../run/result.ts";
import type { RunConfigInput } from "../run/config.ts";
import { estimatePaired } from "../statistics/mean.ts";
import { runsTable, taskTable } from "./study.ts";
import { rowsOf } from "./table.ts";

const run = (settings: RunConfigInput, seen_loss: number | null) =>
  runResult(settings, seen_loss === null ? { status: "planned" } : { metrics: { seen_loss } });

Deno.test("pairedDifferences() pairs runs on their seed, and counts those without a partner", () => {
  const runs = runsTable([
    run({ method: "shared", seed: 0 }, 1),
    run({ method: "shared", seed: 1 }, 2),
    run({ method: "shared", seed: 2 }, 4),
    run({ method: "shared", seed: 3 }, null),
    // In another order, and far apart between seeds: only pairing finds the difference.
    run({ method: "poly", seed: 2 }, 3.5),
    run({ method: "poly", seed: 0 }, 0.75),
    run({ method: "poly", seed: 1 }, 2),
    run({ method: "poly", seed: 3 }, 9),
    run({ method: "poly", seed: 4 }, 9),
  ]);
  const [row, ...others] = rowsOf(
    pairedDifferences(runs, { metric: "seen_loss", baseline: { method: "shared" } }),
  );
  const { low, high, p } = estimatePaired([-0.5, -0.25, 0]);
  assert.deepEqual(others, []);
  assert.deepEqual(row, {
    method: "poly",
    difference: -0.25,
    low,
    high,
    wins: 2,
    ties: 1,
    losses: 0,
    n: 3,
    n_missing: 2,
    p,
    p_holm: p,
  });
});

Deno.test("pairedDifferences() compares each group with the baseline that is like it otherwise", () => {
  const runs = runsTable(
    [2, 4].flatMap((n_skills) =>
      [1, 2, 8].flatMap((n_splits) =>
        [0, 1].map((seed) => run({ n_skills, n_splits, seed }, 10 * n_skills - n_splits))
      )
    ),
  );
  const rows = rowsOf(pairedDifferences(runs, { metric: "seen_loss", baseline: { n_splits: 1 } }));
  assert.deepEqual(rows.map((row) => [row.n_skills, row.n_splits, row.difference, row.n]), [
    [2, 8, -7, 2],
    [4, 8, -7, 2],
    [2, 2, -1, 2],
    [4, 2, -1, 2],
  ]);
  const all = rowsOf(
    pairedDifferences(runs, { metric: "seen_loss", baseline: { n_splits: 1, n_skills: 4 } }),
  );
  assert.deepEqual(all.map((row) => row.difference), [-27, -21, -20, -7, -1]);
});

Deno.test("pairedDifferences() shows a missing value where no run is like the group otherwise", () => {
  const runs = runsTable([
    run({ n_skills: 2, n_splits: 1 }, 1),
    run({ n_skills: 4, n_splits: 1 }, 1),
    run({ n_skills: 4, n_splits: 2 }, 0.5),
    run({ n_skills: 8, n_splits: 2 }, 3),
  ]);
  const rows = rowsOf(pairedDifferences(runs, { metric: "seen_loss", baseline: { n_splits: 1 } }));
  assert.deepEqual(
    rows.map((row) => [row.n_skills, row.difference, row.low, row.n, row.n_missing, row.p_holm]),
    [[4, -0.5, null, 1, 0, null], [8, null, null, 0, 1, null]],
  );
});

/** Scores of a held-out suite: task effects common to both methods, and a gain. */
function heldOut(gain: (task: number) => number): RunResult[] {
  return (["shared", "poly"] as const).flatMap((method) =>
    [0, 1].map((seed) =>
      runResult({ method, seed }, {
        tasks: [0, 1, 2, 3].flatMap((task) =>
          [0, 1].map((split) => ({
            task: `task ${task}`,
            phase: "heldout" as const,
            split,
            metrics: {
              rouge_l: 10 * task + seed + 0.25 * split +
                (method === "poly" ? gain(task) + seed : 0),
            },
          }))
        ),
      })
    )
  );
}

Deno.test("pairedDifferences() over tasks takes tasks as units and bootstraps them", () => {
  const table = taskTable(heldOut((task) => task === 0 ? -1.5 : task));
  const options = { metric: "rouge_l", baseline: { method: "shared" } } as const;
  const [row] = rowsOf(pairedDifferences(table, options));
  // Per task: the gain at both seeds and draws, and one more at seed 1.
  const units = [-1.5, 1, 2, 3].map((gain) => [gain, gain, gain + 1, gain + 1]);
  const { low, high } = bootstrapMean(units, {
    stream: randomStream(0, JSON.stringify(["rouge_l", { method: "poly" }])),
  });
  const { p } = estimatePaired([-1, 1.5, 2.5, 3.5]);
  assert.deepEqual(row, {
    method: "poly",
    difference: 1.625,
    low,
    high,
    wins: 3,
    ties: 0,
    losses: 1,
    n: 4,
    n_missing: 0,
    p,
    p_holm: p,
  });
  const other = rowsOf(pairedDifferences(table, { ...options, seed: 1, resamples: 99 }))[0]!;
  assert.notDeepEqual([other.low, other.high], [low, high]);
});

Deno.test("pairedDifferences() keeps seen and held-out tasks of one name apart", () => {
  const results = [["shared", 1, 10], ["poly", 2, 30]].map(([method, seen, heldout]) =>
    runResult({ method: method as "poly" }, {
      tasks: ([["seen", seen], ["heldout", heldout]] as const).map(([phase, rouge_l]) => ({
        task: "sort",
        phase,
        split: 0,
        metrics: { rouge_l: rouge_l as number },
      })),
    })
  );
  const options = { metric: "rouge_l", baseline: { method: "shared" } } as const;
  const of = (phases: string) => {
    const tasks = taskTable(results).filter(`d => ${phases}`);
    const [row] = rowsOf(pairedDifferences(tasks, options));
    return [row!.difference, row!.n];
  };
  assert.deepEqual(
    [of("d.phase === 'seen'"), of("d.phase === 'heldout'"), of("true")],
    [[1, 1], [20, 1], [10.5, 2]],
  );
});

Deno.test("pairedDifferences() corrects p for the rows of the table", () => {
  const runs = runsTable([0, 1, 2].flatMap((seed) => [
    run({ n_skills: 1, seed }, 1),
    run({ n_skills: 2, seed }, 0.5 + 0.125 * seed),
    run({ n_skills: 4, seed }, 0.25 * seed),
  ]));
  const rows = rowsOf(pairedDifferences(runs, { metric: "seen_loss", baseline: { n_skills: 1 } }));
  const [small, large] = rows.map(({ p }) => p as number).sort((a, b) => a - b);
  assert.deepEqual(
    new Set(rows.map(({ p_holm }) => p_holm)),
    new Set([2 * small!, Math.max(2 * small!, large!)]),
  );
});

Deno.test("pairedDifferences() refuses an absent baseline and ambiguous pairs", () => {
  const runs = runsTable([
    run({ n_skills: 2, n_splits: 1 }, 1),
    run({ n_skills: 2, n_splits: 2 }, 1),
    run({ n_skills: 4, n_splits: 1 }, 1),
  ]);
  const metric = "seen_loss";
  assert.throws(() => pairedDifferences(runs, { metric, baseline: { n_skills: 3 } }), {
    name: "RangeError",
    message: 'Cannot compare with the baseline as no run has {"n_skills":3}: ' +
      "name settings that some runs have",
  });
  assert.throws(
    () => pairedDifferences(runs, { metric, baseline: { n_skills: 4 }, groupBy: ["n_skills"] }),
    {
      name: "RangeError",
      message: 'Cannot pair runs as two of the group {"n_skills":2} have seed 0: ' +
        "group by every setting that varies",
    },
  );
  assert.deepEqual(rowsOf(pairedDifferences(runsTable([]), { metric, baseline: {} })), []);
});
