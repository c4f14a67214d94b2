import { GENERATED_SUITES, type RunConfig } from "./config.ts";

const SCORES = ["exact_match", "rouge_l", "token_accuracy", "loss"];
const PLANTED_SCORES = ["loss", "teacher_gap"];
const ALIGNMENT = [
  "gradient_alignment",
  "gradient_conflict",
  "gradient_reliability",
  "gradient_coherence",
  "merged_gradient_alignment",
];
const ROUTING = ["usage", "active_skills", "effective_skills", "entropy", "density"];
const RECOVERY = ["recovery", "recovery_f1", "recovery_null", "recovery_p"];

/**
 * The names of all that a run may measure, known before it begins.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseRunConfig } from "./config.ts";
 *
 * assert.ok(metricNames(parseRunConfig({})).includes("heldout_exact_match"));
 * assert.ok(!metricNames(parseRunConfig({ suite: "planted" })).includes("heldout_exact_match"));
 * ```
 */
export function metricNames(config: RunConfig): string[] {
  const { suite, method } = config;
  const isPlanted = suite === "planted";
  const scores = (prefix: string) =>
    (isPlanted ? PLANTED_SCORES : SCORES).map((name) => `${prefix}_${name}`);
  const when = (condition: boolean, ...names: string[]) => condition ? names : [];
  const isHeldOut = config.n_heldout_tasks > 0;
  const isWatched = config.steps > 0;
  return [
    ...when(isHeldOut && config.adaptation !== "none", ...scores("heldout")),
    ...scores("seen"),
    ...when(isWatched && config.n_validation > 0, "validation_loss", "best_step"),
    ...when(isHeldOut, ...scores("base_heldout")),
    ...when(isHeldOut && config.adaptation !== "none", ...scores("start_heldout")),
    ...when(
      isWatched && config.monitor_gradient_alignment && config.n_tasks > 1,
      ...ALIGNMENT,
    ),
    ...when(method === "poly", ...ROUTING),
    ...when(method === "poly" && GENERATED_SUITES.includes(suite), ...RECOVERY),
    "parameters_multitask",
    ...when(isHeldOut && config.adaptation !== "none", "parameters_adaptation"),
    "diverged_at_step",
    "stalled_at_step",
  ];
}
