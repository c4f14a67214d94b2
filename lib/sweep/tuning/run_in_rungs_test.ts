import assert from "node:assert/strict";
import { join } from "node:path";
import { sweepCommand } from "../../commands/sweep/command.ts";
import { captured } from "../../testing/captured.ts";
import { withFolder } from "../../testing/with_folder.ts";
import { SweepStore } from "../store.ts";

/** Cells of which one learns, one learns too fast, one does not, one slowly, and one diverges. */
const FILE = `set: {
  backend: cpu, suite: planted, n_tasks: 2, n_heldout_tasks: 1, n_train: 8, n_validation: 3, n_test: 2,
  n_skills: 2, r: 1, steps: 12, evaluate_every: 3, batch_size: 4, shots: 2, adaptation_steps: 1
}
grid: { learning_rate: [0.05, 0, 0.02, 1.0e+30, 0.0001] }
`;
const EARLY = "early_stopping: { rule: halving, rungs: [0.25, 0.5], keep: 0.5 }\n";

const sweep = async (...args: string[]) => await captured((output) => sweepCommand(args, output));

/** What runs have left, by their learning rates: the bytes of their logs, and their results but for times. */
async function leftIn(dir: string) {
  const runs = await (await SweepStore.read(dir)).results();
  return new Map(
    await Promise.all(runs.map(async (run) => {
      const log = await Deno.readTextFile(join(dir, "runs", run.id, "metrics.jsonl"));
      const names = (await Array.fromAsync(Deno.readDir(join(dir, "runs", run.id))))
        .map(({ name }) => name).sort();
      const { status, metrics, tasks, files, provenance } = run;
      return [
        run.config.learning_rate,
        { log, names, result: { status, metrics, tasks, files }, provenance },
      ] as const;
    })),
  );
}

Deno.test("a sweep with early stopping leaves the bytes of one without it, however often it is killed", async () => {
  await withFolder(async (dir) => {
    const [whole, early] = [join(dir, "whole"), join(dir, "early")];
    const [all, tuned] = [join(dir, "all.yaml"), join(dir, "tuned.yaml")];
    await Deno.writeTextFile(all, FILE);
    await Deno.writeTextFile(tuned, FILE + EARLY);
    assert.equal((await sweep(all, "--out", whole, "-q", "-j", "2")).code, 0);
    const first = await sweep(tuned, "--out", early, "-j", "1");
    assert.equal(first.code, 0, first.stderr);
    const [expected, found] = [await leftIn(whole), await leftIn(early)];

    const statuses = () => [...found].map(([rate, { result: { status } }]) => [rate, status]);
    assert.deepEqual(statuses(), [
      [0.05, "stopped_early"],
      [0, "stopped_early"],
      [0.02, "done"],
      [1e30, "diverged"],
      [0.0001, "done"],
    ]);
    for (const rate of [0.02, 0.0001, 1e30]) {
      const { provenance: _, ...left } = found.get(rate)!;
      const { provenance: __, ...wanted } = expected.get(rate)!;
      assert.deepEqual(left, wanted, `${rate}`);
    }
    // What was stopped has the first lines of its log, up to its rung, and says why it was stopped.
    const validation = (rate: number, step: number) =>
      expected.get(rate)!.log.split("\n").slice(0, -1).map((line) => JSON.parse(line))
        .find((row) => row.phase === "validation" && row.step === step).loss as number;
    const rankAt = (rate: number, step: number, others: number[]) =>
      1 + others.filter((other) => validation(other, step) < validation(rate, step)).length;
    for (
      const [rate, rung, step, others] of [
        [0.05, 1, 3, [0, 0.02, 0.0001]],
        [0, 2, 6, [0.02, 0.0001]],
      ] as const
    ) {
      const { log, result, provenance } = found.get(rate)!;
      assert.ok(expected.get(rate)!.log.startsWith(log), `${rate}`);
      assert.equal(log.trimEnd().split("\n").length, step + rung, `${rate}`);
      assert.deepEqual([result.metrics, result.tasks], [{ stopped_early_at_step: step }, []]);
      const [validation_loss, rank] = [validation(rate, step), rankAt(rate, step, [...others])];
      assert.deepEqual(
        provenance.early_stopping,
        { rule: "halving", rung, step, validation_loss, rank, of: rung === 1 ? 5 : 3 },
      );
      assert.equal(typeof provenance.code_sha256, "string");
    }
    assert.match(first.stderr, /5 runs: 2 done, 1 diverged, 2 stopped early in /);
    assert.match(first.stderr, /\[\d\/5\] learning_rate=0,seed=0 stopped early at step 6/);
    assert.match(first.stdout, /2 of 5 runs were stopped early, as others were better\./);
    assert.match(
      first.stdout,
      /\| learning_rate \|.*\| n_stopped_early \|.*\| stopped_early_at_step \|/,
    );

    // Nothing is done again.
    const again = await sweep(tuned, "--out", early);
    assert.match(again.stderr, /5 runs: 2 done, 1 diverged, 2 stopped early in /);
    assert.doesNotMatch(again.stderr, /\[\d\/5\]/);
    const none = await sweep(tuned, "--out", early, "--only", "failed");
    assert.match(none.stderr, /has failed: there is nothing to do/);

    // A kill may leave anything: here a run that was stopped at the second rung, and of the others nothing
    // that is whole.
    const { runs } = (await SweepStore.read(early)).manifest;
    for (const { id, config: { learning_rate } } of runs) {
      const folder = join(early, "runs", id);
      if (learning_rate === 0.02) await Deno.remove(join(folder, "result.json"));
      if (learning_rate === 0.0001) await Deno.remove(folder, { recursive: true });
      if (learning_rate === 0.05) await Deno.truncate(join(folder, "metrics.jsonl"), 40);
    }
    const killed = runs.find(({ config }) => config.learning_rate === 0.05)!;
    await Deno.remove(join(early, "runs", killed.id, "result.json"));
    assert.equal((await sweep(tuned, "--out", early, "-q", "-j", "1")).code, 0);
    const strip = (left: typeof found) =>
      [...left].map(([rate, { log, names, result, provenance }]) => [
        ...[rate, log, names, result, provenance.early_stopping],
      ]);
    assert.deepEqual(strip(await leftIn(early)), strip(found));
  });
});

Deno.test("early stopping is told before it starts, and refused where it would spoil what is found", async () => {
  await withFolder(async (dir) => {
    const file = join(dir, "x.yaml");
    const said = async (yaml: string, ...args: string[]) => {
      await Deno.writeTextFile(file, FILE + yaml);
      const { code, stdout, stderr } = await sweep(file, "--out", join(dir, "out"), ...args);
      return `${code} ${stdout}${stderr}`;
    };
    assert.match(
      await said("early_stopping: halving\n", "--dry-run"),
      /^0 [^]*Early stopping by halving, on validation_loss: all 5 runs train to step 3; of these at most 3 go on to step 6, and at most 2 to their end at step 12/,
    );
    for (
      const [yaml, args, why] of [
        [
          EARLY,
          ["seed=0,1"],
          /x\.yaml:6:1 early_stopping asks for, with 2 seeds: .* Tune with one seed/,
        ],
        [
          EARLY,
          ["evaluate_every=0"],
          /rung 0\.25 of a run of 12 steps .* has no evaluation between/,
        ],
        [
          EARLY,
          ["evaluate_every=6"],
          /rung 0\.5 of a run of 12 steps .* is at step 6, as the one before/,
        ],
        [EARLY, ["n_validation=0"], /n_validation is 0 .* metric: training_loss/],
        [EARLY, ["--launcher", "slurm"], /on a cluster .* do not wait for each other/],
        ["early_stopping: halve\n", [], /x\.yaml:6:1 early_stopping\.rule: .*got "halve"/],
        ["early_stopping: { rule: median, keep: 0.5 }\n", [], /early_stopping\.keep as the median/],
        ["early_stopping: { rule: halving, rung: [0.5] }\n", [], /did you mean "rungs"/],
        [
          "early_stopping: { rule: halving, rungs: [0.5, 0.25] }\n",
          [],
          /early_stopping\.rungs: must grow/,
        ],
        ["early_stopping: { rule: halving, rungs: [1] }\n", [], /must be below 1, got 1/],
      ] as [string, string[], RegExp][]
    ) {
      const text = await said(yaml, "--dry-run", ...args);
      assert.match(text, why);
      assert.match(text, /^2 /);
    }
  });
});
