import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { stageKey } from "../../stages/stage.ts";
import { onEachBackend } from "../../testing/on_each_backend.ts";
import { withFolder } from "../../testing/with_folder.ts";
import { parseRunConfig, RUN_CONFIG_KEYS, type RunConfig, type RunConfigInput } from "../config.ts";
import { doRun } from "../run.ts";
import { isUsed } from "../used_settings.ts";
import { adaptationFacts, baseFacts, multiTaskFacts, multiTaskText, seenFacts } from "./facts.ts";

/** Another value for every setting. */
const OTHER: { readonly [Key in keyof RunConfig]: RunConfig[Key] } = {
  suite: "jsonl",
  data_dir: "b",
  data_file: "b",
  split: "official",
  heldout_tasks: ["t"],
  heldout_categories: ["b"],
  n_tasks: 9,
  n_heldout_tasks: 3,
  n_train: 9,
  n_validation: 9,
  n_test: 9,
  task_seed: 9,
  min_skills: 2,
  max_skills: 3,
  name_in_input: false,
  teacher_n_skills: 5,
  teacher_n_splits: 2,
  teacher_r: 1,
  target_noise: 0.9,
  test_words: "rare",
  base_model: "b",
  base_model_revision: "b",
  max_input_tokens: 9,
  max_target_tokens: 9,
  method: "shared",
  skill_form: "ia3",
  skill_density: 0.9,
  sparse_mask: "random",
  mask_steps: 9,
  n_skills: 9,
  n_splits: 2,
  r: 9,
  target_modules: ["q"],
  init_scale: "mttl",
  router_noise: "none",
  router_straight_through: true,
  router_temperature: 9,
  router_granularity: "model",
  router_shared_skill: true,
  router_normalization: "average_correction",
  composition: "products",
  ibp_weight: 9,
  steps: 9,
  batch_size: 9,
  accumulation: 9,
  optimizer: "adafactor",
  learning_rate: 9,
  router_learning_rate: 9,
  weight_decay: 9,
  warmup: 0.9,
  schedule: "constant",
  clip: 9,
  label_smoothing: 0.9,
  unlikelihood: 9,
  length_normalised_choice: 9,
  evaluate_every: 9,
  monitor_gradient_alignment: true,
  alignment_validation_loss: 9,
  average_steps: 9,
  average_learning_rate: 9,
  average_by: "anneal",
  adaptation: "routing",
  adaptation_routing: "uniform",
  shots: 9,
  shot_splits: 9,
  adaptation_steps: 9,
  adaptation_batch_size: 9,
  adaptation_learning_rate: 9,
  adaptation_router_learning_rate: 9,
  num_beams: 9,
  evaluation_batch_size: 9,
  further_scores: ["matthews"],
  backend: "cpu",
  seed: 9,
};

/** Keys of the stages of a run. */
function keysOf(config: RunConfig) {
  const multitask = stageKey(multiTaskFacts(config, { code: 1 }));
  return {
    multitask,
    seen: stageKey(seenFacts(config, multitask)),
    base: stageKey(baseFacts(config, { code: 1 })),
    adaptation: stageKey(adaptationFacts(config, multitask, { name: "a", index: 2 }, 1)),
  };
}

Deno.test("every setting reaches the stages that it must, and no other", () => {
  const config = parseRunConfig({ suite: "superni", split: "category", data_dir: "a" });
  const reached = (key: keyof RunConfig) => {
    const [before, after] = [keysOf(config), keysOf({ ...config, [key]: OTHER[key] })];
    return Object.keys(before).filter((stage) =>
      before[stage as keyof typeof before] !== after[stage as keyof typeof before]
    ).join(" ");
  };
  const all = "multitask seen base adaptation";
  const trained = "multitask seen adaptation";
  const expected: Record<string, string> = {
    // What files hold and which device computes stands in the basis.
    ...Object.fromEntries(
      ["data_dir", "data_file", "base_model", "base_model_revision", "backend"].map((
        key,
      ) => [key, ""]),
    ),
    num_beams: "seen base adaptation",
    further_scores: "seen base adaptation",
    // They name a stage of their own, on which adaptation depends where there is one.
    average_steps: "",
    average_learning_rate: "",
    average_by: "",
    adaptation: "adaptation",
    adaptation_routing: "adaptation",
    shots: "adaptation",
    shot_splits: "",
    adaptation_steps: "adaptation",
    adaptation_batch_size: "adaptation",
    adaptation_learning_rate: "adaptation",
    adaptation_router_learning_rate: "adaptation",
    // Not used by superni.
    min_skills: "",
    max_skills: "",
    name_in_input: "",
    teacher_n_skills: "",
    teacher_n_splits: "",
    teacher_r: "",
    target_noise: "",
    // Not used unless gradients are watched.
    alignment_validation_loss: "",
    // Not used by low-rank skills.
    skill_density: "",
    sparse_mask: "",
    mask_steps: "",
    test_words: "",
    ...Object.fromEntries(
      [
        "suite",
        "split",
        "heldout_categories",
        "heldout_tasks",
        "n_tasks",
        "n_heldout_tasks",
        "n_train",
        "n_validation",
        "n_test",
        "task_seed",
        "max_input_tokens",
        "max_target_tokens",
        "evaluation_batch_size",
        "seed",
      ].map((key) => [key, all]),
    ),
  };
  for (const key of RUN_CONFIG_KEYS) {
    assert.notDeepEqual(OTHER[key], config[key], key);
    assert.equal(reached(key), expected[key] ?? trained, key);
  }
});

Deno.test("routing that only a held-out task learns matters to its adaptation alone", () => {
  for (
    const settings of [
      { method: "random" },
      { method: "expert", adaptation_routing: "learned" },
    ] as RunConfigInput[]
  ) {
    const config = parseRunConfig(settings);
    const [before, after] = [config, { ...config, router_noise: OTHER.router_noise }].map(keysOf);
    assert.equal(after!.multitask, before!.multitask);
    assert.notEqual(after!.adaptation, before!.adaptation);
    const average = keysOf({ ...config, adaptation: "average" });
    assert.equal(average.multitask, before!.multitask);
  }
});

Deno.test("stages of one kind, task, draw, parent and basis are told apart from all others", () => {
  const config = parseRunConfig({});
  const facts = adaptationFacts(config, "m", { name: "a", index: 0 }, 0);
  const others = [
    adaptationFacts(config, "n", { name: "a", index: 0 }, 0),
    adaptationFacts(config, "m", { name: "b", index: 0 }, 0),
    adaptationFacts(config, "m", { name: "a", index: 1 }, 0),
    adaptationFacts(config, "m", { name: "a", index: 0 }, 1),
    seenFacts(config, "m"),
    multiTaskFacts(config, { code: 1 }),
    multiTaskFacts(config, { code: 2 }),
    baseFacts(config, { code: 1 }),
  ];
  assert.equal(new Set([facts, ...others].map(stageKey)).size, others.length + 1);
  const fixed = parseRunConfig({ task_seed: 7 });
  assert.equal(
    stageKey(baseFacts(fixed, {})),
    stageKey(baseFacts({ ...fixed, seed: 5 }, {})),
    "the base model's scores depend on the seed of the tasks alone",
  );
});

const PLANTED: RunConfigInput = {
  suite: "planted",
  n_tasks: 3,
  n_heldout_tasks: 1,
  n_train: 6,
  n_validation: 2,
  n_test: 2,
  n_skills: 3,
  r: 2,
  steps: 2,
  shots: 4,
  adaptation_steps: 2,
  adaptation_batch_size: 4,
};

onEachBackend("a setting that is said to make no difference makes none", async () => {
  const found = async (config: RunConfig) =>
    await withFolder(async (dir) => {
      const { stages: _, ...outcome } = await doRun(config, { dir });
      return [outcome, await Deno.readTextFile(`${dir}/metrics.jsonl`)];
    });
  const tried = new Set<keyof RunConfig>();
  for (
    const settings of [
      {},
      { router_noise: "none" },
      { method: "shared" },
      { method: "private" },
      { method: "expert" },
      { method: "uniform" },
      { method: "random" },
      { method: "expert", adaptation_routing: "learned" },
      { skill_form: "ia3" },
      { skill_form: "sparse" },
      { skill_form: "sparse", sparse_mask: "random" },
      { method: "hyper" },
      { method: "full" },
      { n_heldout_tasks: 0 },
      { adaptation: "none" },
    ] as RunConfigInput[]
  ) {
    const config = parseRunConfig({ ...PLANTED, ...settings });
    const before = await found(config);
    const unused = RUN_CONFIG_KEYS.filter((key) => !isUsed(key, config));
    const changed = Object.fromEntries(unused.map((key) => [key, OTHER[key]]));
    const all = { ...config, ...changed };
    // All at once; one by one only where that would be refused, or makes a difference.
    const isAlike = isDeepStrictEqual(await found(all).catch((error) => error), before);
    for (const key of unused) {
      const other = { ...config, [key]: OTHER[key] };
      // Straight-through routing that is not learned is refused, and so shared by nobody.
      const after = isAlike ? before : await found(other).catch((error) => error);
      if (!(after instanceof RangeError)) {
        assert.deepEqual(after, before, `${key} of ${config.method}`);
      }
      tried.add(key);
      if (multiTaskText(other) !== multiTaskText(config)) assert.fail(`${key} is in the text`);
    }
  }
  assert.ok(tried.size > 15, `${[...tried]}`);
}, { only: ["wasm"] });
