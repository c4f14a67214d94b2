import { GENERATED_SUITES, type RunConfig } from "../config.ts";
import type { MetricName, ScoredOn, ScoreName } from "./metric.ts";

const TEXT_SCORES: readonly ScoreName[] = ["exact_match", "rouge_l", "token_accuracy", "loss"];
/** Scores of answers, which need no probabilities. */
const ANSWER_SCORES = ["exact_match", "rouge_l"] as const;
/** What scores of answers are compared with, as it needs no model. */
const WITHOUT_MODEL = ["constant_heldout", "copied_heldout", "trivial_heldout"] as const;
const PLANTED_SCORES: readonly ScoreName[] = ["loss", "teacher_gap"];
const ALIGNMENT: readonly MetricName[] = [
  "weight_gradient_alignment",
  "weight_gradient_conflict",
  "weight_gradient_reliability",
  "weight_gradient_validation_loss",
];
const ROUTING: readonly MetricName[] = [
  "usage",
  "active_skills",
  "effective_skills",
  "entropy",
  "density",
];
const RECOVERY: readonly MetricName[] = ["recovery", "recovery_f1", "recovery_null", "recovery_p"];

/**
 * The names of all that a run may measure, known before it begins.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseRunConfig } from "../config.ts";
 *
 * assert.ok(metricNames(parseRunConfig({})).includes("heldout_exact_match"));
 * assert.ok(!metricNames(parseRunConfig({ suite: "planted" })).includes("heldout_exact_match"));
 * ```
 */
export function metricNames(config: RunConfig): MetricName[] {
  const { suite } = config;
  const isPlanted = suite === "planted";
  const scores = (prefix: ScoredOn) =>
    (isPlanted ? PLANTED_SCORES : [...TEXT_SCORES, ...config.further_scores])
      .map((name) => `${prefix}_${name}` as const);
  const when = (condition: boolean, ...names: readonly MetricName[]) => condition ? names : [];
  const isHeldOut = config.n_heldout_tasks > 0;
  const isAveraged = config.average_steps > 0;
  const isWatched = config.steps > 0;
  return [
    ...when(isHeldOut && (config.adaptation !== "none" || isAveraged), ...scores("heldout")),
    ...scores("seen"),
    ...when(isWatched && config.n_validation > 0, "validation_loss", "best_step"),
    ...when(isHeldOut, ...scores("base_heldout")),
    ...when(isHeldOut && config.adaptation !== "none", ...scores("start_heldout")),
    ...when(
      isHeldOut && config.adaptation !== "none" && !isPlanted,
      ...WITHOUT_MODEL.flatMap((prefix) =>
        ANSWER_SCORES.map((name) => `${prefix}_${name}` as const)
      ),
    ),
    ...when(!isPlanted, "whole_instances", "whole_targets"),
    ...when(
      isWatched && config.monitor_gradient_alignment && config.n_tasks > 1,
      ...ALIGNMENT,
    ),
    ...when(measuresRouting(config), ...ROUTING),
    ...when(measuresRouting(config) && GENERATED_SUITES.includes(suite), ...RECOVERY),
    ...when(
      isAveraged && config.average_by === "switch" && config.n_validation > 0,
      "average_validation_loss",
      "average_best_step",
    ),
    "parameters_multitask",
    ...when(isAveraged, "parameters_average"),
    ...when(isHeldOut && config.adaptation !== "none", "parameters_adaptation"),
    "diverged_at_step",
    "stalled_at_step",
  ];
}

/**
 * Whether a run measures the routing that it has learned: by the share p = σ(z) that a task takes of each
 * skill, which logits that are weights themselves do not have.
 */
export function measuresRouting({ method, router_normalization }: RunConfig): boolean {
  return method === "poly" && router_normalization !== "l2_norm";
}
