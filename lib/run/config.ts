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
  heldout_tasks: string[];
  n_tasks: number;
  n_heldout_tasks: number;
  n_train: number;
  n_validation: number;
  n_test: number;
  task_seed: number | null;
  min_skills: number;
  max_skills: number;
  name_in_input: boolean;
  teacher_n_skills: number;
  teacher_n_splits: number;
  teacher_r: number;
  target_noise: number;
  test_words: "all" | "frequent" | "rare";

  // Base model
  base_model: string;
  base_model_revision: string | null;
  max_input_tokens: number;
  max_target_tokens: number;

  // Method
  method:
    | "shared"
    | "shared_equal_budget"
    | "private"
    | "expert"
    | "uniform"
    | "random"
    | "poly"
    | "hyper"
    | "full";
  skill_form: "lora" | "ia3" | "sparse";
  skill_density: number;
  sparse_mask: "change" | "random";
  mask_steps: number;
  n_skills: number;
  n_splits: number;
  r: number;
  target_modules: string | string[];
  init_scale: "peft" | "mttl";
  router_noise: "relaxed_bernoulli" | "none";
  router_straight_through: boolean;
  router_temperature: number;
  router_granularity: "linear" | "layer" | "block" | "coder" | "model";
  router_shared_skill: boolean;
  router_normalization: "sum" | "average_correction" | "l2_norm";
  composition: "factors" | "products";
  ibp_weight: number;

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
  unlikelihood: number;
  length_normalised_choice: number;
  evaluate_every: number;
  monitor_gradient_alignment: boolean;
  alignment_validation_loss: number | null;

  // Averaging
  average_steps: number;
  average_learning_rate: number | null;
  average_by: "switch" | "anneal";

  // Few-shot adaptation
  adaptation: "full" | "routing" | "average" | "soup" | "random" | "none";
  adaptation_routing: "method" | "learned" | "uniform";
  shots: number;
  shot_splits: number;
  adaptation_steps: number;
  adaptation_batch_size: number;
  adaptation_learning_rate: number;
  adaptation_router_learning_rate: number;

  // Evaluation
  num_beams: number;
  evaluation_batch_size: number;
  further_scores: ("rank_accuracy" | "token_f1" | "macro_f1" | "matthews" | "pearson")[];

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
  data_file: path.nullable().default(null)
    .describe("File of examples, as JSON lines, JSON, CSV or TSV, or a folder of them (jsonl)"),
  split: z.enum(["seeded", "category", "official"]).default("seeded")
    .describe("Which tasks superni holds out"),
  heldout_categories: z.array(z.string()).default([])
    .describe("Categories held out when split is category"),
  heldout_tasks: z.array(z.string()).default([])
    .describe("Names of the tasks held out (superni, bbh, jsonl); none: drawn by seed"),
  n_tasks: count.default(16).describe("Tasks trained on together"),
  n_heldout_tasks: countOrNone.default(4).describe("Tasks adapted to afterwards"),
  n_train: count.default(128).describe("Training examples per task"),
  n_validation: countOrNone.default(8).describe("Validation examples per task"),
  n_test: count.default(16).describe("Test examples per task"),
  task_seed: z.int().nullable().default(null)
    .describe("Seed of the tasks and their examples, to have the same for every seed; null: seed"),
  min_skills: count.default(1)
    .describe("Fewest skills in one task, up to max_skills (planted)"),
  max_skills: count.default(2).describe("Most skills in one training task (skills, planted)"),
  name_in_input: z.boolean().default(true)
    .describe("Whether an input opens with its task's name (skills, words)"),
  teacher_n_skills: count.default(6)
    .describe("True skills; no more are used than n_tasks (planted)"),
  teacher_n_splits: count.default(1)
    .describe("Splits of the features, each with a true allocation of its own (planted)"),
  teacher_r: count.default(4).describe("Rank of a true skill (planted)"),
  target_noise: rate.default(0)
    .describe("Noise of training and validation targets, in their standard deviations (planted)"),
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
  method: z.enum([
    "shared",
    "shared_equal_budget",
    "private",
    "expert",
    "uniform",
    "random",
    "poly",
    "hyper",
    "full",
  ])
    .default("poly")
    .describe(
      "How skills are allocated to tasks; poly with n_splits above 1 is MHR, hyper is HyperLoRA, and " +
        "full trains all weights without skills",
    ),
  skill_form: z.enum(["lora", "ia3", "sparse"]).default("lora")
    .describe(
      "What a skill is: low-rank factors, a vector that scales a layer's features, or a sparse difference " +
        "of its weight; (IA)3 as published has target_modules default",
    ),
  skill_density: z.number().positive().max(1).default(0.1)
    .describe("Share of the values of a sparse skill that are not 0; 1 for dense skills"),
  sparse_mask: z.enum(["change", "random"]).default("change")
    .describe(
      "Where the values of sparse skills lie: at the largest changes of first steps, or anywhere",
    ),
  mask_steps: count.default(20).describe(
    "First steps whose changes choose the mask of sparse skills",
  ),
  n_skills: count.default(4).describe(
    "Skills in the inventory of each layer; with hyper, size of a task's embedding",
  ),
  n_splits: count.default(1).describe("Splits of the features, each with routing of its own"),
  r: count.default(4).describe("Rank of a skill"),
  target_modules: z.union([z.string(), z.array(z.string())], {
    error: "must be a string or a list of strings",
  }).default("all-linear")
    .describe("Layers that get skills, as in PEFT; default: PEFT's choice for the model"),
  init_scale: z.enum(["peft", "mttl"]).default("peft").describe("Initial scale of A"),
  router_noise: z.enum(["relaxed_bernoulli", "none"]).default("relaxed_bernoulli")
    .describe("What the router samples in training"),
  router_straight_through: z.boolean().default(false)
    .describe("Round the routing in the forward pass"),
  router_temperature: z.number().positive().default(1)
    .describe("Temperature of the relaxed Bernoulli"),
  router_granularity: z.enum(["linear", "layer", "block", "coder", "model"]).default("linear")
    .describe("What shares one router"),
  router_shared_skill: z.boolean().default(false)
    .describe("Give every task the last skill in full, whatever its routing"),
  router_normalization: z.enum(["sum", "average_correction", "l2_norm"]).default("sum").describe(
    "What weights are divided by: their sum, √(n_skills / n_splits), or the norm of the logits",
  ),
  composition: z.enum(["factors", "products"]).default("factors")
    .describe("What is mixed: A and B each on its own, or the products of skills (of one split)"),
  ibp_weight: rate.default(0).describe(
    "Weight of the Indian buffet process prior on learned routing in multi-task training; 0 for none",
  ),

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
  unlikelihood: rate.default(0).describe(
    "Weight of the unlikelihood of wrong choices in the loss (T-Few: 1)",
  ),
  length_normalised_choice: rate.default(0).describe(
    "Weight of the choice by length-normalised likelihood in the loss (T-Few: 1)",
  ),
  evaluate_every: countOrNone.default(50)
    .describe("Steps between evaluations on validation data; 0 for the end only"),
  monitor_gradient_alignment: z.boolean().default(false)
    .describe("Measure how the tasks' gradients agree, at each evaluation"),
  alignment_validation_loss: z.number().nullable().default(null)
    .describe("Validation loss at which that agreement is a metric; null: at the last evaluation"),

  // Averaging
  average_steps: countOrNone.default(0).describe(
    "Steps of training one adapter that is the mean of all skills on all tasks, after multi-task " +
      "training; with adaptation none it is then scored on held-out tasks as it is (zero-shot)",
  ),
  average_learning_rate: rate.nullable().default(null)
    .describe("Learning rate of these steps; null: learning_rate"),
  average_by: z.enum(["switch", "anneal"]).default("switch").describe(
    "Average the skills before these steps, or anneal their routing to the average in the course of them",
  ),

  // Few-shot adaptation
  adaptation: z.enum(["full", "routing", "average", "soup", "random", "none"]).default("full")
    .describe(
      "What a held-out task trains: all, routing only (-z), averaged skills (-μ), the mean of private " +
        "adapters (soup), fresh skills",
    ),
  adaptation_routing: z.enum(["method", "learned", "uniform"]).default("method").describe(
    "What mixes the skills of a held-out task: what its method has, a learned row, all alike",
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
  further_scores: z.array(
    z.enum(["rank_accuracy", "token_f1", "macro_f1", "matthews", "pearson"]),
  ).default([]).describe("Scores of answers beside exact_match and rouge_l"),

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
  unlikelihood: 0,
  length_normalised_choice: 0,
  further_scores: [],
  // Of planted tasks alone, of which no results had been published.
  min_skills: 1,
  teacher_n_skills: 6,
  teacher_n_splits: 1,
  teacher_r: 4,
  target_noise: 0,
  router_shared_skill: false,
  router_normalization: "sum",
  composition: "factors",
  ibp_weight: 0,
  average_steps: 0,
  average_learning_rate: null,
  average_by: "switch",
  adaptation_routing: "method",
  alignment_validation_loss: null,
  skill_form: "lora",
  skill_density: 0.1,
  sparse_mask: "change",
  mask_steps: 20,
  test_words: "all",
  heldout_tasks: [],
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
