import assert from "node:assert/strict";
import { join } from "node:path";
import { onEachBackend } from "../testing/on_each_backend.ts";
import { withBase } from "../testing/samples/tiny_base.ts";
import { withFolder } from "../testing/with_folder.ts";
import { checkChoices } from "./check_choices.ts";
import { parseRunConfig, type RunConfigInput } from "./config.ts";
import { metricNames } from "./metrics/metric_names.ts";
import { parseMetrics } from "./metrics_log.ts";
import { doRun } from "./run.ts";
import { meanScores } from "./score.ts";

/** Tasks of which two have choices; each answer of theirs is "no". */
const LINES = ["a", "b", "c", "d"].flatMap((task, t) =>
  Array.from({ length: 12 }, (_, i) => ({
    task,
    input: `${task}${i}`,
    target: "no",
    ...(t % 2 === 0 ? { choices: i % 3 === 0 ? ["yes", "no"] : ["no", "maybe", "yes"] } : {}),
  }))
);
const SETTINGS: RunConfigInput = {
  suite: "jsonl",
  n_tasks: 2,
  n_heldout_tasks: 2,
  n_train: 6,
  n_validation: 2,
  n_test: 4,
  max_input_tokens: 8,
  max_target_tokens: 8,
  n_skills: 2,
  r: 2,
  steps: 8,
  batch_size: 6,
  evaluate_every: 0,
  learning_rate: 0.1,
  shots: 4,
  adaptation_steps: 2,
  adaptation_batch_size: 4,
  further_scores: ["rank_accuracy", "token_f1", "macro_f1", "matthews", "pearson"],
};

for (const kind of ["t5", "llama"] as const) {
  onEachBackend(`doRun() ranks choices and learns by T-Few's losses, on a ${kind}`, async () => {
    await withFolder((dir) =>
      withBase(kind, async (base_model) => {
        const data_file = join(dir, "tasks.jsonl");
        await Deno.writeTextFile(data_file, LINES.map((line) => JSON.stringify(line)).join("\n"));
        const run = async (more: RunConfigInput) => {
          const config = parseRunConfig({ ...SETTINGS, ...more, base_model, data_file });
          const { metrics, status, tasks } = await doRun(config, { dir });
          assert.equal(status, "done");
          const known = metricNames(config).filter((name) => !/^(diverged|stalled)_/.test(name));
          assert.deepEqual(Object.keys(metrics).toSorted(), known.toSorted());
          const rows = parseMetrics(await Deno.readTextFile(join(dir, "metrics.jsonl")), "log");
          const losses = rows.filter(({ phase }) => phase === "multitask").map(({ loss }) => loss);
          return { metrics, tasks, losses: losses as number[] };
        };
        const few = await run({ unlikelihood: 1, length_normalised_choice: 1 });
        assert.equal(few.metrics.seen_rank_accuracy, 1);
        assert.ok(few.metrics.base_heldout_rank_accuracy! < 1);
        const withRank = few.tasks.filter(({ metrics }) => "rank_accuracy" in metrics);
        assert.equal(withRank.length, 2, "one task of each phase has choices");
        if (kind === "llama") return;
        // The losses add up, as the first step has the same batch.
        const steps: RunConfigInput = { steps: 1, further_scores: [] };
        const [plain, unlikely, choice] = [
          await run(steps),
          await run({ ...steps, unlikelihood: 1 }),
          await run({ ...steps, length_normalised_choice: 1 }),
        ].map(({ losses }) => losses[0]!);
        assert.ok(Math.abs(unlikely! - plain!) > 1e-3 && choice! - plain! > 0.1);
        assert.ok(Math.abs(few.losses[0]! - (unlikely! + choice! - plain!)) < 1e-4);
      })
    );
  }, { only: ["wasm"] });
}

Deno.test("checkChoices() refuses what needs choices where there are none", () => {
  const task = (choices?: string[]) => ({
    name: "t",
    train: [{ input: "i", targets: ["x"], ...(choices === undefined ? {} : { choices }) }],
    validation: [],
    test: [],
  });
  const [without, with_] = [task(), task(["x", "y"])];
  const check = (
    training: typeof without,
    heldOut: typeof without,
    input: RunConfigInput,
    name = "bbh",
  ) => checkChoices(parseRunConfig(input), { name, training: [training], heldOut: [heldOut] });
  const rank: RunConfigInput = { further_scores: ["rank_accuracy"] };
  check(with_, with_, { ...rank, unlikelihood: 1 });
  check(with_, without, { length_normalised_choice: 1, further_scores: ["matthews"] });
  assert.throws(() => check(without, with_, rank), {
    name: "RangeError",
    message:
      "Cannot measure rank_accuracy as some task to train on must have answer choices, and none of " +
      'suite "bbh" has: use tasks with a finite set of answers',
  });
  assert.throws(
    () => check(with_, without, rank, "jsonl"),
    /task that is held out .* give its lines/,
  );
  assert.throws(() => check(without, with_, { unlikelihood: 1 }), /Cannot train with unlikelihood/);
  const choice = { length_normalised_choice: 1 };
  assert.throws(
    () => check(without, without, choice),
    /Cannot train with length_normalised_choice/,
  );
});

Deno.test("meanScores() averages each score over the tasks that have it", () => {
  const scores = [{ loss: 1, rank_accuracy: 0.5 }, { loss: 3 }];
  assert.deepEqual(meanScores("seen", scores), { seen_loss: 2, seen_rank_accuracy: 0.5 });
  assert.deepEqual(meanScores("seen", []), {});
});
