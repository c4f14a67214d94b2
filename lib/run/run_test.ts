import assert from "node:assert/strict";
import { join } from "node:path";
import { AutoModelForSeq2SeqLM } from "../models/auto_model.ts";
import { PeftModel } from "../peft/peft_model.ts";
import { readRouting, type RunRouting } from "../routing/file.ts";
import { learnedRouting } from "../routing/learned.ts";
import { meanRouting } from "../routing/measures.ts";
import { onEachBackend } from "../testing/on_each_backend.ts";
import { lacking } from "../testing/lacking.ts";
import { withBase } from "../testing/samples/tiny_base.ts";
import { HAS_SHARED, SHARED } from "../testing/shared.ts";
import { withFolder } from "../testing/with_folder.ts";
import * as tf from "../tf.ts";
import { parseRunConfig, type RunConfigInput } from "./config.ts";
import { parseMetrics } from "./metrics_log.ts";
import { type KeptPrediction, PREDICTIONS_FILE, readPredictions } from "./predictions/file.ts";
import { PLANTED_FEATURES } from "./planted_layers.ts";
import { resultToJson } from "./result.ts";
import { doRun, type RunOutcome } from "./run.ts";

const TINY: RunConfigInput = {
  suite: "skills",
  n_tasks: 3,
  n_heldout_tasks: 2,
  n_train: 8,
  n_validation: 2,
  n_test: 3,
  max_input_tokens: 12,
  max_target_tokens: 6,
  n_skills: 3,
  n_splits: 2,
  r: 2,
  steps: 4,
  batch_size: 6,
  evaluate_every: 2,
  shots: 4,
  adaptation_steps: 3,
  adaptation_batch_size: 2,
};
const PLANTED: RunConfigInput = {
  suite: "planted",
  n_tasks: 3,
  n_heldout_tasks: 1,
  n_train: 12,
  n_validation: 2,
  n_test: 2,
  n_skills: 5,
  r: 2,
  steps: 2,
  evaluate_every: 0,
  shots: 4,
  adaptation_steps: 2,
  adaptation_batch_size: 4,
};

interface Finished extends RunOutcome {
  /** What the run wrote. */
  readonly text: string;
  readonly rows: ReturnType<typeof parseMetrics>;
  readonly routing: RunRouting | null;
  /** The bytes of the answers it kept; null where it kept none. */
  readonly packed: Uint8Array | null;
  readonly answers: readonly KeptPrediction[];
}

onEachBackend(
  "doRun() keeps the adapter it has trained when asked, as PEFT has it",
  async () => {
    await withBase("t5", async (base_model) => {
      const dir = await Deno.makeTempDir();
      const config = parseRunConfig({ ...TINY, base_model, n_heldout_tasks: 0 });
      await doRun(config, { dir, adapterDir: join(dir, "adapter") });
      const base = await AutoModelForSeq2SeqLM.fromPretrained(base_model);
      const model = await PeftModel.fromPretrained(base, join(dir, "adapter"));
      const { n_tasks, n_skills, n_splits, r, base_model_name_or_path } =
        model.adapters.get("default")!.config;
      assert.deepEqual([n_tasks, n_skills, n_splits, r], [3, 3, 2, 2]);
      assert.equal(base_model_name_or_path, base_model);
      assert.deepEqual(
        await learnedRouting(model.adapters.get("default")!),
        (await readRouting(dir))!.routers,
      );
      model.dispose();
      base.dispose();

      const rounded = parseRunConfig({ ...TINY, base_model, router_straight_through: true });
      await assert.rejects(doRun(rounded, { dir, adapterDir: join(dir, "adapter") }), {
        name: "RangeError",
        message: /^Cannot keep the adapter .* leave out --adapters/,
      });
      await Deno.remove(dir, { recursive: true });
    });
  },
  { only: ["wasm"] },
);

async function run(...settings: RunConfigInput[]): Promise<Finished> {
  const dir = await Deno.makeTempDir();
  try {
    const config = parseRunConfig(Object.assign({}, ...settings));
    const outcome = await doRun(config, { dir });
    const text = await Deno.readTextFile(join(dir, "metrics.jsonl"));
    const rows = parseMetrics(text, "metrics.jsonl");
    const packed = await Deno.readFile(join(dir, PREDICTIONS_FILE)).catch(() => null);
    const answers = await Array.fromAsync(readPredictions(dir));
    return { ...outcome, text, rows, routing: await readRouting(dir), packed, answers };
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

const phase = ({ rows }: Finished, name: string) => rows.filter((row) => row.phase === name);

onEachBackend(
  "doRun() gives the same bytes each time, and other ones for another seed",
  async () => {
    await withBase("t5", async (base_model) => {
      const first = await run(TINY, { base_model });
      assert.deepEqual(await run(TINY, { base_model }), first);
      assert.notEqual((await run(TINY, { base_model, seed: 1 })).text, first.text);

      assert.equal(first.status, "done");
      assert.deepEqual(first.rows.map(({ phase, step }) => `${phase} ${step}`), [
        "multitask 1",
        "multitask 2",
        "validation 2",
        "multitask 3",
        "multitask 4",
        "validation 4",
        ...[1, 2, 3, 1, 2, 3].map((step) => `adaptation ${step}`),
      ]);
      assert.deepEqual(first.tasks.map(({ task, phase, split }) => `${task} ${phase} ${split}`), [
        "t00 seen 0",
        "t01 seen 0",
        "t02 seen 0",
        "h00 heldout 0",
        "h01 heldout 0",
      ]);
      const expected = ["seen", "base_heldout", "start_heldout", "heldout"].flatMap((part) =>
        ["exact_match", "rouge_l", "token_accuracy", "loss"].map((score) => `${part}_${score}`)
      );
      const measured = [
        ...["constant", "copied", "trivial"].flatMap((way) =>
          ["exact_match", "rouge_l"].map((score) => `${way}_heldout_${score}`)
        ),
        "whole_instances",
        "whole_targets",
        "parameters_multitask",
        "parameters_adaptation",
        "best_step",
        "validation_loss",
        "entropy",
        "density",
        "usage",
        "effective_skills",
        "active_skills",
        "recovery",
        "recovery_f1",
        "recovery_null",
        "recovery_p",
      ];
      assert.deepEqual(Object.keys(first.metrics).sort(), [...expected, ...measured].sort());
      const mean = first.tasks.slice(3).reduce((sum, { metrics }) => sum + metrics.loss! / 2, 0);
      assert.ok(Math.abs(first.metrics.heldout_loss! - mean) < 1e-12);
      assert.notEqual(first.packed, null);
      const kept = Map.groupBy(first.answers, ({ task, phase }) => `${task} ${phase}`);
      assert.deepEqual([...kept.keys()], [
        ...["t00 seen", "t01 seen", "t02 seen"],
        ...["h00 base", "h00 start", "h00 heldout", "h01 base", "h01 start", "h01 heldout"],
      ]);
      for (const { task, phase, metrics } of first.tasks) {
        const answers = kept.get(`${task} ${phase}`)!;
        assert.deepEqual(answers.map(({ example }) => example), [0, 1, 2]);
        for (const score of ["exact_match", "rouge_l"] as const) {
          const mean = answers.reduce((sum, { scores }) => sum + scores[score]! / 3, 0);
          assert.ok(Math.abs(metrics[score]! - mean) < 1e-12, `${score} of ${task}`);
        }
      }
      assert.equal((await run(PLANTED)).packed, null, "numbers are no answers");
      const { text: _, rows: __, ...outcome } = first;
      resultToJson({ id: "x", config: parseRunConfig({}), provenance: {}, ...outcome });
    });
  },
  { only: ["wasm", "cpu"] },
);

onEachBackend("doRun() tells how far it is", async () => {
  const dir = await Deno.makeTempDir();
  const heard: number[] = [];
  const config = parseRunConfig({ ...PLANTED, shot_splits: 2 });
  const report = (done: number, loss: number) => {
    heard.push(done);
    assert.ok(loss > 0);
  };
  await doRun(config, { dir, report });
  assert.deepEqual(heard, [1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6, 1]);
  await Deno.remove(dir, { recursive: true });
}, { only: ["cpu"] });

// The planted base has two layers of 16 features in and out.
const skill = (r: number) => 2 * r * (16 + 16);
for (
  const [settings, multitask, adaptation] of [
    [{ method: "shared" }, skill(2), skill(2)],
    [{ method: "shared_equal_budget" }, skill(10), skill(10)],
    [{ method: "private" }, 3 * skill(2), skill(2)],
    [{ method: "expert" }, 3 * skill(2), 3 * skill(2)],
    [{ method: "uniform" }, 5 * skill(2), 5 * skill(2)],
    [{ method: "uniform", adaptation: "average" }, 5 * skill(2), skill(2)],
    [{ method: "poly" }, 5 * skill(2) + 2 * 3 * 5, 5 * skill(2) + 2 * 5],
    [{ n_splits: 4 }, 5 * skill(2) + 2 * 3 * 5 * 4, 5 * skill(2) + 2 * 5 * 4],
    [{ n_splits: 4, adaptation: "routing" }, 5 * skill(2) + 2 * 3 * 5 * 4, 2 * 5 * 4],
    [{ n_splits: 4, adaptation: "average" }, 5 * skill(2) + 2 * 3 * 5 * 4, skill(2)],
    [{ n_splits: 4, adaptation: "random" }, 5 * skill(2) + 2 * 3 * 5 * 4, 5 * skill(2) + 40],
    [{ router_granularity: "model" }, 5 * skill(2) + 3 * 5, 5 * skill(2) + 5],
    [{ adaptation: "none" }, 5 * skill(2) + 2 * 3 * 5, undefined],
    [{ method: "random", n_splits: 4 }, 5 * skill(2), 5 * skill(2) + 2 * 5 * 4],
    [{ method: "random", adaptation: "routing" }, 5 * skill(2), 2 * 5],
    [
      { router_shared_skill: true, composition: "products", ibp_weight: 0.1 },
      5 * skill(2) + 2 * 3 * 5,
      5 * skill(2) + 2 * 5,
    ],
    [{ method: "private", adaptation: "soup" }, 3 * skill(2), skill(2)],
    [{ adaptation_routing: "uniform" }, 5 * skill(2) + 2 * 3 * 5, 5 * skill(2)],
    [{ method: "uniform", adaptation_routing: "learned" }, 5 * skill(2), 5 * skill(2) + 2 * 5],
  ] as [RunConfigInput, number, number | undefined][]
) {
  onEachBackend(`doRun() counts what is trained: ${JSON.stringify(settings)}`, async () => {
    const { metrics, status } = await run(PLANTED, settings);
    assert.equal(status, "done");
    assert.equal(metrics.parameters_multitask, multitask);
    assert.equal(metrics.parameters_adaptation, adaptation);
    assert.ok(metrics.base_heldout_loss! > 0);
    assert.equal("heldout_loss" in metrics, adaptation !== undefined);
  }, { only: ["cpu"] });
}

onEachBackend("doRun() trains what its adaptation says, from where it says", async () => {
  const start = async (settings: RunConfigInput) => (await run(PLANTED, settings)).metrics;
  const [full, routing, average, random] = await Promise.all(
    (["full", "routing", "average", "random"] as const).map((adaptation) => start({ adaptation })),
  );
  assert.equal(full!.start_heldout_loss, routing!.start_heldout_loss);
  assert.ok(Math.abs(full!.start_heldout_loss! / average!.start_heldout_loss! - 1) < 1e-3);
  // Fresh skills add nothing yet.
  assert.equal(random!.start_heldout_loss, random!.base_heldout_loss);
  assert.notEqual(full!.start_heldout_loss, full!.base_heldout_loss);
  const ends = [full, routing, average, random].map((metrics) => metrics!.heldout_loss);
  assert.equal(new Set(ends).size, 4);
}, { only: ["cpu"] });

for (
  const [when, settings] of [
    ["in training", { learning_rate: 1e30, clip: 0, warmup: 0 }],
    ["after the last step", { learning_rate: 1e38, clip: 0, warmup: 0, steps: 1 }],
    ["in adaptation", { adaptation_learning_rate: 1e30, clip: 0, warmup: 0 }],
    ["after the last step of adaptation", {
      adaptation_learning_rate: 1e38,
      adaptation_steps: 1,
      clip: 0,
      warmup: 0,
    }],
    ["with nothing to validate on", { learning_rate: 1e38, clip: 0, steps: 1, n_validation: 0 }],
  ] as [string, RunConfigInput][]
) {
  onEachBackend(`doRun() ends as diverged ${when}, with what it has`, async () => {
    await withBase("t5", async (base_model) => {
      const skills = { optimizer: "adamw" as const, ...settings };
      for (const suite of [{ ...TINY, base_model }, PLANTED]) {
        const { status, metrics, tasks, ...rest } = await run(suite, skills);
        assert.equal(status, "diverged");
        assert.ok(metrics.diverged_at_step! >= 1, `${metrics.diverged_at_step}`);
        assert.ok(metrics.parameters_multitask! > 0);
        assert.equal(tasks.length > 0, when.endsWith("adaptation"));
        assert.ok(rest.rows.length > 0);
        resultToJson({
          id: "x",
          config: parseRunConfig({}),
          provenance: {},
          status,
          metrics,
          tasks,
        });
      }
    });
  }, { only: ["wasm", "cpu"] });
}

onEachBackend(
  "newcomer A9: doRun() ends as stalled when its gradient is zero to the end",
  async () => {
    await withBase("t5", async (base_model) => {
      const dead = {
        learning_rate: 1e9,
        clip: 0,
        warmup: 0,
        schedule: "constant",
        steps: 6,
      } as const;
      for (const evaluate_every of [0, 2]) {
        const settings = { ...dead, evaluate_every, optimizer: "adamw" } as const;
        const { status, metrics, rows } = await run({ ...TINY, base_model }, settings);
        const norms = rows.filter(({ phase }) => phase === "multitask")
          .map((row) => row.gradient_norm);
        const first = norms.indexOf(0) + 1;
        assert.ok(first > 0 && norms.slice(first - 1).every((norm) => norm === 0), `${norms}`);
        assert.deepEqual([status, metrics.stalled_at_step], ["stalled", first]);
        assert.ok(Number.isFinite(metrics.heldout_exact_match), "it is scored all the same");
      }
    });
  },
  { only: ["wasm", "cpu"] },
);

onEachBackend(
  "newcomer A9: doRun() ends as stalled when rates are too small to move the loss",
  async () => {
    const { status, metrics } = await run(PLANTED, {
      learning_rate: 1e-30,
      router_learning_rate: 0,
      steps: 4,
      evaluate_every: 2,
    });
    assert.deepEqual([status, metrics.stalled_at_step], ["stalled", 1]);
  },
  { only: ["wasm", "cpu"] },
);

onEachBackend("doRun() ends short, frozen and untrained runs as done", async () => {
  for (
    const settings of [
      { steps: 0 },
      { steps: 1 },
      { steps: 2, evaluate_every: 0 },
      { steps: 2, evaluate_every: 1, adaptation: "none" },
      { steps: 4, evaluate_every: 1, learning_rate: 1e-6 },
      { steps: 4, evaluate_every: 1, n_validation: 0 },
      { steps: 4, evaluate_every: 1, learning_rate: 0 },
      { steps: 4, evaluate_every: 1, learning_rate: 0, method: "shared", n_splits: 1 },
    ] satisfies RunConfigInput[]
  ) {
    const { status, metrics } = await run(PLANTED, settings);
    assert.deepEqual(
      [status, metrics.stalled_at_step],
      ["done", undefined],
      JSON.stringify(settings),
    );
  }
}, { only: ["cpu"] });

onEachBackend("doRun() chooses its checkpoint on validation examples alone", async () => {
  // So fast that validation gets worse again.
  const fast: RunConfigInput = {
    learning_rate: 0.3,
    steps: 8,
    evaluate_every: 1,
    n_train: 2,
    schedule: "constant",
    warmup: 0,
    n_heldout_tasks: 0,
  };
  const first = await run(PLANTED, fast);
  const losses = phase(first, "validation").map(({ loss }) => loss as number);
  const best = losses.indexOf(Math.min(...losses)) + 1;
  assert.ok(best < 8, "the last step is not the best");
  assert.equal(first.metrics.best_step, best);
  assert.equal(first.metrics.validation_loss, losses[best - 1]);
  // Other test examples choose nothing.
  const other = await run(PLANTED, fast, { n_test: 5 });
  assert.equal(other.metrics.best_step, best);
  assert.notEqual(other.metrics.seen_loss, first.metrics.seen_loss);
  // What is scored is the model of that step: that of a run which ends there.
  const short = await run(PLANTED, fast, { steps: best, evaluate_every: 0, n_validation: 2 });
  assert.equal(short.metrics.seen_loss, first.metrics.seen_loss);
  // Without validation examples it is the last.
  const last = await run(PLANTED, fast, { n_validation: 0 });
  assert.equal("best_step" in last.metrics, false);
}, { only: ["wasm", "cpu"] });

onEachBackend(
  "doRun() averages the skills, trains them on, and scores them as they are",
  async () => {
    const settings: RunConfigInput = {
      n_splits: 2,
      n_heldout_tasks: 2,
      evaluate_every: 2,
      adaptation: "none",
      average_steps: 3,
      average_learning_rate: 0.02,
    };
    const poly = await run(PLANTED, settings);
    assert.deepEqual(
      [...phase(poly, "average"), ...phase(poly, "average_validation")].map(({ step }) => step),
      [1, 2, 3, 2, 3],
    );
    const { metrics } = poly;
    assert.deepEqual(
      poly.tasks.filter(({ phase }) => phase === "heldout").map(({ task, split }) => [task, split]),
      [["t03", 0], ["t04", 0]],
    );
    assert.ok(metrics.heldout_loss! > 0 && metrics.average_validation_loss! > 0);
    assert.ok(!("start_heldout_loss" in metrics || "parameters_adaptation" in metrics));
    // What came before is what it was, and the rate is that of these steps.
    const plain = await run(PLANTED, settings, { average_steps: 0 });
    assert.equal(metrics.seen_loss, plain.metrics.seen_loss);
    assert.ok(!("heldout_loss" in plain.metrics || "parameters_average" in plain.metrics));
    const faster = await run(PLANTED, settings, { average_learning_rate: 0.05 });
    assert.notEqual(faster.metrics.heldout_loss, metrics.heldout_loss);
    const same = await run(PLANTED, settings, { average_learning_rate: null, learning_rate: 0.02 });
    const said = await run(PLANTED, settings, { learning_rate: 0.02 });
    assert.deepEqual(same, said);
    // Without learning it is the average that few-shot adaptation starts from.
    const still = await run(PLANTED, settings, { average_learning_rate: 0 });
    const average = await run(PLANTED, settings, { average_steps: 0, adaptation: "average" });
    assert.ok(
      Math.abs(still.metrics.heldout_loss! / average.metrics.start_heldout_loss! - 1) < 1e-5,
    );
    const tuned = await run(PLANTED, settings, { adaptation: "average" });
    assert.equal(tuned.metrics.start_heldout_loss, metrics.heldout_loss);
    // Annealing trains all skills and their routing, and averages them afterwards.
    const annealed = await run(PLANTED, settings, { average_by: "anneal" });
    assert.deepEqual(phase(annealed, "average").map(({ step }) => step), [1, 2, 3]);
    assert.deepEqual(phase(annealed, "average_validation"), []);
    assert.equal(annealed.metrics.parameters_average, metrics.parameters_multitask);
    assert.equal(annealed.metrics.seen_loss, metrics.seen_loss);
    assert.notEqual(annealed.metrics.heldout_loss, metrics.heldout_loss);
    const unmoved = await run(PLANTED, settings, { average_by: "anneal", average_steps: 1 }, {
      average_learning_rate: 0,
      router_learning_rate: 0,
    });
    const plainly = await run(PLANTED, settings, { average_steps: 1, average_learning_rate: 0 }, {
      router_learning_rate: 0,
    });
    assert.equal(unmoved.metrics.heldout_loss, plainly.metrics.heldout_loss);
    const one = 2 * (PLANTED_FEATURES + PLANTED_FEATURES) * 2; // two layers, rank 2
    for (
      const [result, multitask] of [
        [poly, 5 * one + 2 * 3 * 5 * 2],
        [await run(PLANTED, settings, { n_splits: 1, method: "shared" }), one],
        [await run(PLANTED, settings, { n_splits: 1, method: "private" }), 3 * one],
      ] as const
    ) {
      const { parameters_multitask, parameters_average } = result.metrics;
      assert.deepEqual([parameters_multitask, parameters_average], [multitask, one]);
    }
  },
  { only: ["cpu"] },
);

onEachBackend("doRun() adapts from several draws of the examples, each anew", async () => {
  const one = await run(PLANTED);
  const two = await run(PLANTED, { shot_splits: 2 });
  const heldOut = two.tasks.filter(({ phase }) => phase === "heldout");
  assert.deepEqual(heldOut.map(({ task, split }) => [task, split]), [["t03", 0], ["t03", 1]]);
  const [first, second] = heldOut.map(({ metrics }) => metrics.loss!);
  assert.notEqual(first, second);
  assert.equal(one.metrics.heldout_loss, first);
  assert.ok(Math.abs(two.metrics.heldout_loss! - (first! + second!) / 2) < 1e-12);
}, { only: ["cpu"] });

onEachBackend("doRun() runs without held-out tasks, and without steps", async () => {
  const alone = await run(PLANTED, { n_heldout_tasks: 0 });
  assert.equal(alone.status, "done");
  assert.ok(!Object.keys(alone.metrics).some((name) => name.includes("heldout")));
  const still = await run(PLANTED, { steps: 0, adaptation_steps: 0 });
  assert.equal(still.text, "");
  assert.equal(still.metrics.seen_teacher_gap, 1);
  assert.equal(still.metrics.heldout_loss, still.metrics.base_heldout_loss);
}, { only: ["cpu"] });

onEachBackend("doRun() adds up batches to one step", async () => {
  const exact: RunConfigInput = { router_noise: "none", n_heldout_tasks: 0, steps: 3 };
  const whole = await run(PLANTED, exact, { batch_size: 6 });
  const parts = await run(PLANTED, exact, { batch_size: 2, accumulation: 3 });
  const losses = (of: Finished) => phase(of, "multitask").map(({ loss }) => loss as number);
  losses(whole).forEach((loss, i) => {
    assert.ok(
      Math.abs(losses(parts)[i]! / loss - 1) < 1e-3,
      `${losses(parts)} for ${losses(whole)}`,
    );
  });
  const smaller = await run(PLANTED, exact, { batch_size: 2 });
  assert.ok(Math.abs(losses(smaller)[0]! / losses(whole)[0]! - 1) > 1e-3);
}, { only: ["wasm", "cpu"] });

onEachBackend("doRun() smooths the labels of training, not of evaluation", async () => {
  await withBase("t5", async (base_model) => {
    const still: RunConfigInput = { base_model, learning_rate: 0, router_learning_rate: 0 };
    const plain = await run(TINY, still);
    const smooth = await run(TINY, still, { label_smoothing: 0.5 });
    const [a, b] = [plain, smooth].map((of) => phase(of, "multitask")[0]!.loss as number);
    assert.ok(Math.abs(a! - b!) > 1e-3, `${a} and ${b}`);
    assert.equal(smooth.metrics.validation_loss, plain.metrics.validation_loss);
    assert.equal(smooth.metrics.seen_loss, plain.metrics.seen_loss);
  });
}, { only: ["cpu"] });

onEachBackend("doRun() takes a decoder for a base", async () => {
  await withBase("llama", async (base_model) => {
    const learn: RunConfigInput = {
      base_model,
      learning_rate: 0.05,
      router_noise: "none",
      steps: 30,
      evaluate_every: 0,
    };
    const learned = await run(TINY, learn);
    assert.equal(learned.status, "done");
    const still = await run(TINY, learn, { steps: 0 });
    assert.ok(
      learned.metrics.seen_loss! < still.metrics.seen_loss! - 0.5,
      `${learned.metrics.seen_loss} from ${still.metrics.seen_loss}`,
    );
    assert.deepEqual(await run(TINY, learn), learned);
  });
}, { only: ["wasm"] });

onEachBackend(
  "doRun() takes tasks and examples from task_seed, and everything else from seed",
  async () => {
    const still: RunConfigInput = { steps: 0, n_heldout_tasks: 0, method: "shared" };
    const loss = async (settings: RunConfigInput) =>
      (await run(PLANTED, still, settings)).metrics.seen_loss!;
    const first = await loss({ seed: 0 });
    // Before a step the adapter computes nothing: the loss is that of the base and the tasks.
    assert.equal(await loss({ seed: 5, task_seed: 0 }), first);
    assert.notEqual(await loss({ seed: 5 }), first);
    const learning = { steps: 2, task_seed: 0 };
    assert.notEqual(await loss({ ...learning, seed: 5 }), await loss({ ...learning, seed: 0 }));
  },
  { only: ["cpu"] },
);

onEachBackend(
  "doRun() leaves what it learned of the routing, and nothing where it learns none",
  async () => {
    const learned = await run(PLANTED, {
      method: "poly",
      n_splits: 2,
      teacher_n_splits: 2,
      steps: 3,
    });
    const { tasks, routers, truth } = learned.routing!;
    assert.deepEqual(tasks, ["t00", "t01", "t02"]);
    assert.deepEqual(truth!.map((rows) => rows.length), [3, 3]);
    for (const { moduleLogits, nSkills, nSplits } of routers) {
      assert.deepEqual([moduleLogits.length, nSkills, nSplits], [3, 5, 2]);
      // Logits start within 0.001 of zero.
      const logits = moduleLogits.flatMap((row) => Array.from(row));
      assert.ok(logits.some((logit) => Math.abs(logit) > 0.01));
    }
    const { metrics } = learned;
    assert.ok(Math.abs(meanRouting(routers).entropy - metrics.entropy!) < 1e-6);
    assert.equal((await run(PLANTED, { method: "shared" })).routing, null);
  },
  { only: ["cpu"] },
);

onEachBackend("doRun() measures how gradients agree, when asked", async () => {
  const asked: RunConfigInput = {
    monitor_gradient_alignment: true,
    steps: 4,
    evaluate_every: 2,
    n_heldout_tasks: 0,
  };
  const shared = await run(PLANTED, asked, { method: "shared" });
  const rows = phase(shared, "alignment");
  assert.deepEqual(rows.map(({ step }) => step), [2, 4]);
  const losses = phase(shared, "validation").map(({ loss }) => loss as number);
  assert.deepEqual(rows.map((row) => row.weight_gradient_validation_loss), losses);
  assert.equal(shared.metrics.weight_gradient_alignment, rows[1]!.weight_gradient_alignment);
  assert.ok(Math.abs(shared.metrics.weight_gradient_alignment!) > 0.05);
  // At the first step no task's adapter has changed anything: methods see the same weights, and agree.
  const first = { ...asked, steps: 1, learning_rate: 0 };
  const [one, own] = [
    await run(PLANTED, first, { method: "shared" }),
    await run(PLANTED, first, { method: "private" }),
  ];
  for (const name of ["weight_gradient_alignment", "weight_gradient_reliability"]) {
    assert.ok(Math.abs(one.metrics[name]! - own.metrics[name]!) < 1e-4, name);
  }
  // At a loss on the way, the metrics lie between what was measured before and after.
  const loss = (losses[0]! + losses[1]!) / 2;
  const between = await run(PLANTED, asked, { method: "shared", alignment_validation_loss: loss });
  const [before, after] = rows.map((row) => row.weight_gradient_alignment as number);
  assert.equal(between.metrics.weight_gradient_validation_loss, loss);
  assert.ok(
    Math.abs(between.metrics.weight_gradient_alignment! - (before! + after!) / 2) < 1e-6,
  );
  // Watching changes nothing.
  const unwatched = await run(PLANTED, asked, {
    method: "shared",
    monitor_gradient_alignment: false,
  });
  assert.equal(unwatched.metrics.seen_loss, shared.metrics.seen_loss);
}, { only: ["cpu"] });

onEachBackend("doRun() refuses settings that do not go together before it writes", async () => {
  const refused: [RunConfigInput, string][] = [
    [
      { method: "shared", adaptation: "routing" },
      'Cannot adapt by routing alone as method "shared" learns no routing: ' +
      'set adaptation to "full", or method to "poly"',
    ],
    [
      { method: "uniform", adaptation: "soup" },
      'Cannot adapt from a soup as it is made of private adapters, and method is "uniform": ' +
      'set method to "private", or adaptation to "average"',
    ],
    [
      { composition: "products", n_splits: 2 },
      'Cannot use composition "products" with n_splits 2 as the product of two splits has no weight of ' +
      'its own: set n_splits to 1, or composition to "factors"',
    ],
    [
      { composition: "products", adaptation: "average" },
      'Cannot average the skills of composition "products" as the average of products of A and B is no ' +
      'single skill: set composition to "factors", or adapt otherwise',
    ],
    [
      { router_normalization: "l2_norm" },
      'Cannot read settings as with router_normalization "l2_norm", which makes weights of the logits ' +
      'themselves, router_noise must be "none": got "relaxed_bernoulli"',
    ],
    [
      { average_steps: 2 },
      'Cannot adapt the averaged skills of average_steps 2 as adaptation must be "none" or "average", ' +
      'for there is one skill left: got "full"',
    ],
    [
      { adaptation: "routing", adaptation_routing: "uniform" },
      'Cannot adapt by routing alone as adaptation_routing must be "method" or "learned": ' +
      'got "uniform", which mixes all skills alike',
    ],
    [
      { method: "expert", suite: "superni" },
      'Cannot use method "expert" as the true skills of suite "superni" are not known: ' +
      'use suite "skills", "words" or "planted"',
    ],
    [
      { method: "expert", teacher_n_splits: 2 },
      'Cannot use method "expert" as it has one allocation for all splits and the teacher one for each ' +
      "of 2: set teacher_n_splits to 1",
    ],
    [
      { method: "uniform", n_splits: 2 },
      'Cannot use n_splits 2 as method "uniform" routes every split alike: set n_splits to 1',
    ],
    [{ suite: "jsonl" }, 'Cannot open suite "jsonl" without data_file: set it to a path'],
  ];
  for (const [settings, message] of refused) {
    const dir = await Deno.makeTempDir();
    const config = parseRunConfig({ ...PLANTED, ...settings });
    await assert.rejects(doRun(config, { dir }), { name: "RangeError", message });
    assert.deepEqual([...Deno.readDirSync(dir)], []);
    await Deno.remove(dir);
  }
}, { only: ["cpu"] });

onEachBackend("doRun() leaves nothing behind, run after run", async () => {
  await withBase("t5", async (base_model) => {
    const held: { numTensors: number; numBytes: number }[] = [];
    for (let i = 0; i < 5; i++) {
      await run(TINY, { base_model, seed: i });
      await run(PLANTED, { seed: i, learning_rate: i === 3 ? 1e30 : 0.01, clip: 0 });
      const { numTensors, numBytes } = tf.memory();
      held.push({ numTensors, numBytes });
    }
    assert.deepEqual(held, new Array(5).fill(held[0]));
  });
}, { only: ["wasm"] });

async function runsOnSuperni(data_dir: string): Promise<void> {
  await withBase("t5", async (base_model) => {
    const { status, metrics, tasks } = await run(TINY, {
      base_model,
      suite: "superni",
      data_dir,
      n_heldout_tasks: 1,
      max_input_tokens: 48,
      max_target_tokens: 4,
    });
    assert.equal(status, "done");
    assert.deepEqual(tasks.map(({ phase }) => phase), ["seen", "seen", "seen", "heldout"]);
    for (const { task, metrics: { rouge_l, loss } } of tasks) {
      assert.match(task, /^task\d+_/);
      assert.ok(rouge_l! >= 0 && rouge_l! <= 1 && loss! > 0);
    }
    assert.equal("recovery" in metrics, false);
    assert.ok(metrics.effective_skills! > 1);
    // At 48 bytes some questions and answers are cut; what needs no model stands beside every score.
    assert.ok(metrics.whole_instances! < 1 && metrics.whole_targets! < 1);
    for (const score of ["exact_match", "rouge_l"]) {
      const [trivial, ...ways] = ["trivial", "constant", "copied"]
        .map((way) => metrics[`${way}_heldout_${score}` as keyof typeof metrics]!);
      assert.ok(ways.includes(trivial!) && trivial! >= 0 && trivial! <= 1, `${trivial} of ${ways}`);
    }
  });
}

onEachBackend(
  "doRun() runs on files in the form of Super-NaturalInstructions",
  () =>
    withFolder(async (dir) => {
      for (const [i, verb] of ["Repeat", "Reverse", "Count", "Sort"].entries()) {
        const Instances = Array.from({ length: 16 }, (_, n) => ({
          input: `letters ${n}: ${"abcdefgh".slice(n % 4, n % 4 + 3)}`,
          output: [`${verb} ${n}`, `${n}`],
        }));
        await Deno.writeTextFile(
          join(dir, `task${i}_${verb.toLowerCase()}.json`),
          JSON.stringify({ Categories: [verb], Definition: [`${verb} the letters.`], Instances }),
        );
      }
      await runsOnSuperni(dir);
    }),
  { only: ["wasm"] },
);

onEachBackend(
  `doRun() runs on the real files of Super-NaturalInstructions${lacking("../shared", HAS_SHARED)}`,
  () => runsOnSuperni(join(SHARED, "data/superni/tasks")),
  { only: ["wasm"], ignore: !HAS_SHARED },
);
