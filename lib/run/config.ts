import { z } from "zod";

const count = z.int().min(1);
const countOrNone = z.int().min(0);
const rate = z.number().min(0);
const share = z.number().min(0).max(1);
const path = z.string().min(1, "a path must not be empty");

/**
 * The settings of one run, all present and flat: each key is a column of every table, and a word of the
 * papers or of PEFT. What a setting means and takes when it is absent is said by {@linkcode RUN_CONFIG},
 * and by `deno task sweep --help`.
 */
export type RunConfig = {
  // Tasks
  suite: "skills" | "words" | "planted" | "superni" | "bbh" | "jsonl";
  data_dir: string | null;
  data_file: string | null;
  split: "seeded" | "category" | "official";
  heldout_categories: string[];
  n_tasks: number;
  n_heldout_tasks: number;
  n_train: number;
  n_validation: number;
  n_test: number;
  task_seed: number | null;
  max_skills: number;
  name_in_input: boolean;
  test_words: "all" | "frequent" | "rare";

  // Base model
  base_model: string;
  base_model_revision: string | null;
  max_input_tokens: number;
  max_target_tokens: number;

  // Method
  method: "shared" | "shared_equal_budget" | "private" | "expert" | "uniform" | "poly";
  n_skills: number;
  n_splits: number;
  r: number;
  target_modules: string | string[];
  init_scale: "peft" | "mttl";
  router_noise: "relaxed_bernoulli" | "none";
  router_straight_through: boolean;
  router_temperature: number;
  router_granularity: "linear" | "layer" | "block" | "coder" | "model";

  // Multi-task training
  steps: number;
  batch_size: number;
  accumulation: number;
  optimizer: "adamw" | "adafactor";
  learning_rate: number;
  router_learning_rate: number;
  weight_decay: number;
  warmup: number;
  schedule: "linear" | "constant" | "cosine";
  clip: number;
  label_smoothing: number;
  evaluate_every: number;
  monitor_gradient_alignment: boolean;

  // Few-shot adaptation
  adaptation: "full" | "routing" | "average" | "random" | "none";
  shots: number;
  shot_splits: number;
  adaptation_steps: number;
  adaptation_batch_size: number;
  adaptation_learning_rate: number;
  adaptation_router_learning_rate: number;

  // Evaluation
  num_beams: number;
  evaluation_batch_size: number;

  // Machine
  backend: "auto" | "webgpu" | "wasm" | "cpu";
  seed: number;
};

/**
 * Everything one run depends on, flat: each key is a setting, a column of every table, and a word of
 * the papers or of PEFT. Two configs with the same values are the same run; configs that differ in their
 * seed alone are one cell.
 */
export const RUN_CONFIG: z.ZodObject<
  { [Key in keyof RunConfig]: z.ZodType<RunConfig[Key]> },
  z.core.$strict
> = z.strictObject({
  // Tasks
  suite: z.enum(["skills", "words", "planted", "superni", "bbh", "jsonl"]).default("skills")
    .describe("Where tasks come from"),
  data_dir: path.nullable().default(null)
    .describe("Folder of task files (superni, bbh)"),
  data_file: path.nullable().default(null).describe("File of JSON lines (jsonl)"),
  split: z.enum(["seeded", "category", "official"]).default("seeded")
    .describe("Which tasks superni holds out"),
  heldout_categories: z.array(z.string()).default([])
    .describe("Categories held out when split is category"),
  n_tasks: count.default(16).describe("Tasks trained on together"),
  n_heldout_tasks: countOrNone.default(4).describe("Tasks adapted to afterwards"),
  n_train: count.default(128).describe("Training examples per task"),
  n_validation: countOrNone.default(8).describe("Validation examples per task"),
  n_test: count.default(16).describe("Test examples per task"),
  task_seed: z.int().nullable().default(null)
    .describe("Seed of the tasks and their examples, to have the same for every seed; null: seed"),
  max_skills: count.default(2).describe("Most skills in one training task (skills)"),
  name_in_input: z.boolean().default(true)
    .describe("Whether an input opens with its task's name (skills, words)"),
  test_words: z.enum(["all", "frequent", "rare"]).default("all")
    .describe("Which words are tested, frequent from ten in a million on (words)"),

  // Base model
  base_model: path.default("data/base")
    .describe("Folder or hub id of a Hugging Face model"),
  base_model_revision: z.string().min(1, "a revision must not be empty").nullable().default(null)
    .describe("Branch, tag or commit of a model on the hub; null: main"),
  max_input_tokens: count.default(64).describe("Longer inputs are cut"),
  max_target_tokens: count.default(32).describe("Longer targets are cut; also new tokens at most"),

  // Method
  method: z.enum(["shared", "shared_equal_budget", "private", "expert", "uniform", "poly"])
    .default("poly")
    .describe("How skills are allocated to tasks; poly with n_splits above 1 is MHR"),
  n_skills: count.default(4).describe("Skills in the inventory of each layer"),
  n_splits: count.default(1).describe("Splits of the features, each with routing of its own"),
  r: count.default(4).describe("Rank of a skill"),
  target_modules: z.union([z.string(), z.array(z.string())], {
    error: "must be a string or a list of strings",
  }).default("all-linear")
    .describe("Layers that get skills, as in PEFT"),
  init_scale: z.enum(["peft", "mttl"]).default("peft").describe("Initial scale of A"),
  router_noise: z.enum(["relaxed_bernoulli", "none"]).default("relaxed_bernoulli")
    .describe("What the router samples in training"),
  router_straight_through: z.boolean().default(false)
    .describe("Round the routing in the forward pass"),
  router_temperature: z.number().positive().default(1)
    .describe("Temperature of the relaxed Bernoulli"),
  router_granularity: z.enum(["linear", "layer", "block", "coder", "model"]).default("linear")
    .describe("What shares one router"),

  // Multi-task training
  steps: countOrNone.default(200).describe("Steps of multi-task training"),
  batch_size: count.default(32).describe("Examples in a step"),
  accumulation: count.default(1).describe("Batches whose gradients are added up for one step"),
  optimizer: z.enum(["adamw", "adafactor"]).default("adamw").describe("Optimiser"),
  learning_rate: rate.default(1e-2).describe("Learning rate of the skills"),
  router_learning_rate: rate.default(0.1).describe(
    "Learning rate of the routing (two-speed training)",
  ),
  weight_decay: rate.default(0).describe("Weight decay of the skills; the routing has none"),
  warmup: share.default(0.06).describe("Share of the steps in which the rate rises"),
  schedule: z.enum(["linear", "constant", "cosine"]).default("linear")
    .describe("How the rate falls after warm-up"),
  clip: rate.default(1).describe("Largest norm of the gradient; 0 for none"),
  label_smoothing: share.default(0).describe("Smoothing of the training targets"),
  evaluate_every: countOrNone.default(50)
    .describe("Steps between evaluations on validation data; 0 for the end only"),
  monitor_gradient_alignment: z.boolean().default(false)
    .describe("Measure how the tasks' gradients agree, at each evaluation"),

  // Few-shot adaptation
  adaptation: z.enum(["full", "routing", "average", "random", "none"]).default("full")
    .describe(
      "What a held-out task trains: all, routing only (-z), averaged skills (-μ), fresh skills",
    ),
  shots: count.default(32).describe("Examples of a held-out task"),
  shot_splits: count.default(1).describe("Draws of those examples, each adapted to anew"),
  adaptation_steps: countOrNone.default(40).describe("Steps of adaptation"),
  adaptation_batch_size: count.default(16).describe("Examples in a step of adaptation"),
  adaptation_learning_rate: rate.default(3e-3).describe(
    "Learning rate of the skills in adaptation",
  ),
  adaptation_router_learning_rate: rate.default(0.1).describe(
    "Learning rate of the routing in adaptation",
  ),

  // Evaluation
  num_beams: count.default(1).describe("Beams in generation"),
  evaluation_batch_size: count.default(64).describe("Examples in a batch of evaluation"),

  // Machine
  backend: z.enum(["auto", "webgpu", "wasm", "cpu"]).default("auto").describe("Device"),
  seed: z.int().default(0).describe("Seed of every random number of the run"),
});

/** Suites whose tasks are drawn for each seed from skills that are known; others are read from files. */
export const GENERATED_SUITES: readonly RunConfig["suite"][] = ["skills", "words", "planted"];

/** The settings a person writes: what is absent takes its default. */
export type RunConfigInput = { [Key in keyof RunConfig]?: RunConfig[Key] | undefined };

/**
 * Settings that came after results had been published, with the values at which a run is what it was
 * without them: so earlier results keep their names and are read.
 */
export const LATER_SETTINGS: Partial<RunConfig> = {
  task_seed: null,
  base_model_revision: null,
  test_words: "all",
};

/** Names of the settings, in the order of tables. */
export const RUN_CONFIG_KEYS: readonly (keyof RunConfig)[] = Object.keys(
  RUN_CONFIG.shape,
) as (keyof RunConfig)[];

/**
 * The settings of a run from what a person wrote.
 *
 * @throws {z.ZodError} naming every key that is unknown or has a wrong value
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(parseRunConfig({ n_skills: 8 }).n_splits, 1);
 * assert.throws(() => parseRunConfig({ n_skils: 8 } as never), /n_skils/);
 * ```
 */
export function parseRunConfig(input: RunConfigInput): RunConfig {
  return RUN_CONFIG.parse(input);
}
