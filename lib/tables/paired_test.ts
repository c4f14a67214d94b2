import assert from "node:assert/strict";
import { runResult } from "../testing/samples/run_result.ts";
import { pairedDifferences } from "./paired.ts";
import type { RunResult } from "../run/result.ts";
import type { RunConfigInput } from "../run/config.ts";
import { estimateCrossed } from "../statistics/crossed.ts";
import { estimateMean } from "../statistics/mean.ts";
import { effectSize } from "../statistics/planning.ts";
import { estimateRatio } from "../statistics/scales.ts";
import { runsTable, taskTable } from "./study.ts";
import { type Row, rowsOf } from "./table.ts";

const run = (settings: RunConfigInput, seen_loss: number | null) =>
  runResult(settings, seen_loss === null ? { status: "planned" } : { metrics: { seen_loss } });

/** The ratio of a row as a power of two. */
const log2 = ({ ratio }: Row) => Number(Math.log2(Number(ratio)).toFixed(9));

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
  const { low, high, p } = estimateRatio([0.75, 2, 3.5], [1, 2, 4]);
  const { ratio, dz, ...rest } = row!;
  assert.deepEqual(others, []);
  assert.ok(Math.abs(Number(ratio) - Math.cbrt(0.75 * 0.875)) < 1e-15);
  assert.equal(dz, effectSize(estimateMean([0.75, 1, 0.875].map(Math.log))));
  assert.deepEqual(rest, {
    method: "poly",
    low,
    high,
    seeds_to_decide: 11,
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
        [0, 1, 2].map((seed) => run({ n_skills, n_splits, seed }, 2 ** (n_skills - n_splits)))
      )
    ),
  );
  const rows = rowsOf(pairedDifferences(runs, { metric: "seen_loss", baseline: { n_splits: 1 } }));
  assert.deepEqual(rows.map((row) => [row.n_skills, row.n_splits, log2(row), row.n]), [
    [2, 8, -7, 3],
    [4, 8, -7, 3],
    [2, 2, -1, 3],
    [4, 2, -1, 3],
  ]);
  const all = rowsOf(
    pairedDifferences(runs, { metric: "seen_loss", baseline: { n_splits: 1, n_skills: 4 } }),
  );
  assert.deepEqual(all.map(log2), [-9, -7, -3, -2, -1]);
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
    rows.map((row) => [row.n_skills, row.ratio, row.low, row.n, row.n_missing, row.p_holm]),
    [[4, 0.5, null, 1, 0, null], [8, null, null, 0, 1, null]],
  );
});

/** Scores of a held-out suite: task effects common to both methods, and a gain. */
function heldOut(gain: (task: number, seed: number) => number): RunResult[] {
  return (["shared", "poly"] as const).flatMap((method) =>
    [0, 1, 2].map((seed) =>
      runResult({ method, seed }, {
        tasks: [0, 1, 2, 3].flatMap((task) =>
          [0, 1].map((split) => ({
            task: `task ${task}`,
            phase: "heldout" as const,
            split,
            metrics: {
              rouge_l: (4 * task + seed) / 32 + split / 64 +
                (method === "poly" ? gain(task, seed) : 0),
            },
          }))
        ),
      })
    )
  );
}

Deno.test("1.2.3 pairedDifferences() takes tasks and seeds for crossed random effects", () => {
  const gain = (task: number, seed: number) =>
    [-0.125, 0.0625, 0.125, 0.25][task]! + [0, 0.03125, -0.0625][seed]!;
  const table = taskTable(heldOut(gain));
  const [row] = rowsOf(
    pairedDifferences(table, { metric: "rouge_l", baseline: { method: "shared" } }),
  );
  const expected = estimateCrossed([0, 1, 2, 3].map((task) => [0, 1, 2].map((s) => gain(task, s))));
  const { difference, low, high, p, dz } = row!;
  for (
    const [found, wanted] of [
      [difference, expected.estimate],
      [low, expected.low],
      [high, expected.high],
      [p, expected.p],
      [dz, effectSize(expected)],
    ]
  ) assert.ok(Math.abs(Number(found) - Number(wanted)) < 1e-12, `${found} ${wanted}`);
  const { n, n_paired_tasks, n_missing, wins, ties, losses } = row!;
  assert.deepEqual([n, n_paired_tasks, n_missing], [3, 4, 0]);
  assert.deepEqual([wins, ties, losses], [3, 0, 0], "seeds win, as they are what is independent");
  // What one seed adds to all its tasks is seen once for each seed, not once for each task.
  const ofRuns = taskTable(heldOut((_, seed) => [0.25, 0, -0.125][seed]!));
  const [alike] = rowsOf(
    pairedDifferences(ofRuns, { metric: "rouge_l", baseline: { method: "shared" } }),
  );
  const t = estimateMean([0.25, 0, -0.125]);
  assert.ok(Math.abs(Number(alike!.p) - t.p!) < 1e-9);
});

Deno.test("1.2.4 pairedDifferences() has a p below 5 % just where its interval leaves out no difference", () => {
  // Four tasks whose signs agree, as in the study quick: a percentile interval left 0 out at p = .13.
  const table = taskTable(heldOut((task, seed) => (1 + 5 * task + 2 * seed) / 128));
  for (const run of [table, runsTable(GROWING)]) {
    const metric = run === table ? "rouge_l" : "seen_loss";
    for (const row of rowsOf(pairedDifferences(run, { metric, baseline: { method: "shared" } }))) {
      const none = metric === "seen_loss" ? 1 : 0;
      const isOut = Number(row.low) > none || Number(row.high) < none;
      assert.equal(Number(row.p) < 0.05, isOut, JSON.stringify(row));
    }
  }
});

/** Runs whose differences are ever surer. */
const GROWING = [0, 1, 2, 3, 4].flatMap((seed) => [
  run({ method: "shared", seed }, 1),
  ...[1, 2, 4, 8].map((n_skills) =>
    run({ method: "poly", n_skills, seed }, Math.exp(-n_skills / 10 + 0.1 * Math.cos(3 * seed)))
  ),
]);

Deno.test("1.2.7 pairedDifferences() has neither interval nor p of two seeds, and does not rank them", () => {
  const scores = [[1, 0.2], [2, 0.2345], [4, 0.4567], [8, 0.3456]] as const;
  const runs = runsTable(
    scores.flatMap(([n_skills, score]) =>
      [0, 1].map((seed) =>
        runResult({ n_skills, seed }, { metrics: { seen_rouge_l: score + seed / n_skills / 100 } })
      )
    ),
  );
  const rows = rowsOf(
    pairedDifferences(runs, { metric: "seen_rouge_l", baseline: { n_skills: 1 } }),
  );
  const shown = rows.map((
    { n_skills, difference, low, high, p, dz },
  ) => [n_skills, difference, low, high, p, dz]);
  const none = [null, null, null, null];
  assert.deepEqual(shown, [[2, 0.032, ...none], [4, 0.25, ...none], [8, 0.14, ...none]]);
});

Deno.test("pairedDifferences() keeps seen and held-out tasks of one name apart", () => {
  const results = [["shared", 1, 10], ["poly", 2, 30]].flatMap(([method, seen, heldout]) =>
    [0, 1, 2].map((seed) =>
      runResult({ method: method as "poly", seed }, {
        tasks: ([["seen", seen], ["heldout", heldout]] as const).map(([phase, score]) => ({
          task: "sort",
          phase,
          split: 0,
          metrics: { rouge_l: score as number / 32 },
        })),
      })
    )
  );
  const options = { metric: "rouge_l", baseline: { method: "shared" } } as const;
  const of = (phases: string) => {
    const tasks = taskTable(results).filter(`d => ${phases}`);
    const [row] = rowsOf(pairedDifferences(tasks, options));
    return [row!.difference, row!.n, row!.n_paired_tasks];
  };
  assert.deepEqual(
    [of("d.phase === 'seen'"), of("d.phase === 'heldout'"), of("true")],
    [[1 / 32, 3, undefined], [20 / 32, 3, undefined], [10.5 / 32, 3, 2]],
  );
});

Deno.test("pairedDifferences() corrects p for the rows of the table", () => {
  const runs = runsTable([0, 1, 2].flatMap((seed) => [
    run({ n_skills: 1, seed }, 1),
    run({ n_skills: 2, seed }, 0.5 + 0.125 * seed),
    run({ n_skills: 4, seed }, 0.25 + 0.25 * seed),
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
