/** What each stage of a run depends on: its settings, its data and base model, the code and the machine. */
import type { Json, StageFacts } from "../../stages/stage.ts";
import { RUN_CONFIG_KEYS, type RunConfig } from "../config.ts";
import { isUsed } from "../used_settings.ts";

/**
 * What the numbers of a run depend on beside its settings, by name: the code, its dependencies, the
 * files that it reads, and what it computes with.
 */
export type Basis = Readonly<Record<string, string | number | null>>;

/** Settings that first matter when the trained skills are averaged. */
const OF_AVERAGE: readonly (keyof RunConfig)[] = [
  "average_steps",
  "average_learning_rate",
  "average_by",
];
/** Settings that first matter when a held-out task is adapted to. */
const OF_ADAPTATION: readonly (keyof RunConfig)[] = [
  "adaptation",
  "adaptation_routing",
  "shots",
  "shot_splits",
  "adaptation_steps",
  "adaptation_batch_size",
  "adaptation_learning_rate",
  "adaptation_router_learning_rate",
];
/** Settings of which the one adaptation, from one draw, depends. */
const OF_ONE_ADAPTATION = OF_ADAPTATION.filter((key) => key !== "shot_splits");
/** Settings that first matter when answers are generated or scored. */
const OF_ANSWERS: readonly (keyof RunConfig)[] = ["num_beams", "further_scores"];
/** Settings that the multi-task phase depends on: all but those that first matter later. */
const OF_MULTI_TASK = RUN_CONFIG_KEYS.filter((key) =>
  !OF_AVERAGE.includes(key) && !OF_ADAPTATION.includes(key) && !OF_ANSWERS.includes(key)
);
/** Whether the multi-task phase of a run depends on a setting. */
export function isOfMultiTask(key: keyof RunConfig): boolean {
  return OF_MULTI_TASK.includes(key);
}

/** Settings that the basis stands for: by their content, and by what was chosen. */
const OF_BASIS: readonly (keyof RunConfig)[] = [
  "data_dir",
  "data_file",
  "base_model",
  "base_model_revision",
  "backend",
];

/** Settings that decide what tasks there are and what is in them, beside the data and the seed. */
export const TASK_SETTINGS: readonly (keyof RunConfig)[] = [
  "suite",
  "split",
  "heldout_categories",
  "heldout_tasks",
  "n_tasks",
  "n_heldout_tasks",
  "n_train",
  "n_validation",
  "n_test",
  "min_skills",
  "max_skills",
  "name_in_input",
  "teacher_n_skills",
  "teacher_n_splits",
  "teacher_r",
  "target_noise",
  "test_words",
];
/** Settings that change what a base model without adapters scores on given tasks. */
const OF_TASKS: readonly (keyof RunConfig)[] = [
  ...TASK_SETTINGS,
  "max_input_tokens",
  "max_target_tokens",
  "evaluation_batch_size",
];

/**
 * The settings that the multi-task phase of a run depends on, as one text: runs of the same text, data
 * and base model train the same adapter.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseRunConfig } from "../config.ts";
 *
 * const [full, routing] = [parseRunConfig({}), parseRunConfig({ adaptation: "routing", shots: 4 })];
 * assert.equal(multiTaskText(full), multiTaskText(routing));
 * assert.notEqual(multiTaskText(full), multiTaskText(parseRunConfig({ seed: 1 })));
 * ```
 */
export function multiTaskText(config: RunConfig): string {
  return JSON.stringify(settingsOf(untilAdaptation(config), OF_MULTI_TASK));
}

/** Facts of the multi-task phase. */
export function multiTaskFacts(config: RunConfig, basis: Basis): StageFacts {
  const keys = OF_MULTI_TASK.filter((key) => !OF_BASIS.includes(key));
  return { kind: "multitask", settings: settingsOf(untilAdaptation(config), keys), basis };
}

/** Facts of the scores on the tasks seen. */
export function seenFacts(config: RunConfig, multitask: string): StageFacts {
  return { kind: "seen", multitask, settings: settingsOf(config, OF_ANSWERS) };
}

/** Facts of training the average of the skills that the multi-task phase has trained. */
export function averageFacts(config: RunConfig, multitask: string): StageFacts {
  return { kind: "average", multitask, settings: settingsOf(config, OF_AVERAGE) };
}

/** Facts of the averaged adapter's scores on the held-out tasks, to which it is not adapted. */
export function zeroShotFacts(config: RunConfig, average: string): StageFacts {
  return { kind: "zero_shot", average, settings: settingsOf(config, OF_ANSWERS) };
}

/** Facts of the measures of the routing that was learned. */
export function routingFacts(multitask: string): StageFacts {
  return { kind: "routing", multitask };
}

/** Facts of the scores of the base model, without any adapter, on the held-out tasks. */
export function baseFacts(config: RunConfig, basis: Basis): StageFacts {
  const settings = settingsOf(config, [...OF_TASKS, ...OF_ANSWERS]);
  return { kind: "base", task_seed: config.task_seed ?? config.seed, settings, basis };
}

/**
 * Facts of adapting to one held-out task from one draw of its examples, and of the scores there.
 *
 * @param trained the key of the stage whose adapter is adapted: of the multi-task phase, or of averaging
 */
export function adaptationFacts(
  config: RunConfig,
  trained: string,
  task: { readonly name: string; readonly index: number },
  split: number,
): StageFacts {
  const onlyNow = OF_MULTI_TASK.filter((key) => !isUsed(key, untilAdaptation(config)));
  const settings = settingsOf(config, [...OF_ONE_ADAPTATION, ...OF_ANSWERS, ...onlyNow]);
  return {
    kind: "adaptation",
    multitask: trained,
    task: task.name,
    index: task.index,
    split,
    settings,
  };
}

/** Facts of where the multi-task phase was left in the middle. */
export function checkpointFacts({ kind, ...others }: StageFacts): StageFacts {
  return { kind: "checkpoint", of: kind, ...others as Record<string, Json> };
}

/** A run that ends before its adaptation, so that what matters first there is not used. */
function untilAdaptation(config: RunConfig): RunConfig {
  return { ...config, adaptation: "none" };
}

/** The settings of some names; what makes no difference to the run is left out. */
function settingsOf(config: RunConfig, keys: readonly (keyof RunConfig)[]): Record<string, Json> {
  return Object.fromEntries(
    keys.filter((key) => isUsed(key, config)).map((key) => [key, config[key]]),
  );
}
