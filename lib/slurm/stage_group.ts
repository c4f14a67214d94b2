import type { RunConfig } from "../run/config.ts";
import { settingsText } from "../run/id.ts";

/** Settings that nothing before the adaptation to held-out tasks depends on. */
const AFTER_MULTI_TASK: readonly (keyof RunConfig)[] = [
  "adaptation",
  "shots",
  "shot_splits",
  "adaptation_steps",
  "adaptation_batch_size",
  "adaptation_learning_rate",
  "adaptation_router_learning_rate",
  "num_beams",
  "evaluation_batch_size",
];

/**
 * What runs have in common that train together the same way, and so can share that phase.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseRunConfig } from "../run/config.ts";
 *
 * const groupOf = (adaptation: "full" | "routing", seed: number) =>
 *   stageGroup(parseRunConfig({ adaptation, seed }));
 * assert.equal(groupOf("full", 0), groupOf("routing", 0));
 * assert.notEqual(groupOf("full", 0), groupOf("full", 1));
 * ```
 */
export function stageGroup(config: RunConfig): string {
  return settingsText(config, AFTER_MULTI_TASK);
}
