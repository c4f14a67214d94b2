import type { RunConfig } from "./config.ts";

/**
 * What mixes the skills of a held-out task while it is adapted to: a row of routing that is learned, the
 * true allocation, or all skills alike. Where a held-out task has one skill, there is nothing to mix, and
 * the answer is `uniform`.
 *
 * The setting `adaptation_routing` decides; its value `method` is what each method has by its definition:
 * `poly` and `random` learn a row and `hyper` an embedding, `expert` is given the true one, all others mix alike. With `learned`,
 * `expert` has the true rows of the training tasks alone and must find the new task's by itself.
 *
 * Source: a row that starts from the average is mttl's `resize_module_logits`; all skills under a fixed
 * average is its `AverageSelector` (`finetune_type` MuZ), as coded; the expert of Ponti et al. 2022
 * (arXiv 2202.13914) has rows that were fixed beforehand.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseRunConfig } from "./config.ts";
 *
 * assert.equal(heldoutRouting(parseRunConfig({ method: "expert" })), "true");
 * const must = parseRunConfig({ method: "expert", adaptation_routing: "learned" });
 * assert.equal(heldoutRouting(must), "learned");
 * ```
 */
export function heldoutRouting(config: RunConfig): "learned" | "true" | "uniform" {
  const { method, adaptation_routing } = config;
  if (!hasSeveralSkills(config)) return "uniform";
  if (adaptation_routing !== "method") return adaptation_routing;
  if (method === "expert") return "true";
  return ["poly", "random", "hyper"].includes(method) ? "learned" : "uniform";
}

/** Whether a held-out task has several skills to mix, as far as the settings tell. */
export function hasSeveralSkills({ method, adaptation }: RunConfig): boolean {
  return adaptation !== "average" &&
    !["shared", "shared_equal_budget", "private", "full"].includes(method);
}
