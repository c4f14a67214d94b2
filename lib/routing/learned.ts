import { type Adapter, routersOf } from "../poly/adapter.ts";
import { sharedSkillLogits } from "../poly/allocation.ts";
import type { RouterLogits } from "./measures.ts";

/**
 * Reads the learned logits of an adapter's routers, in the order of the model's layers. A skill that all
 * tasks share has logits whose sigmoid is 1.
 *
 * @param adapter an adapter, such as `model.adapters.get("default")!`
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { useBackend } from "../backend/backend.ts";
 * import { Mlp } from "../models/mlp/model.ts";
 * import { PolyConfig } from "../poly/config.ts";
 * import { makeAdapter } from "../poly/make_adapter.ts";
 *
 * await useBackend("cpu");
 * const config = { model_type: "mlp", in_features: 4, hidden_features: [6], out_features: 2 };
 * const base = Mlp.fromConfig(config, { seed: 0 });
 * const poly = { n_tasks: 3, n_skills: 2, n_splits: 2, r: 1, target_modules: "all-linear" } as const;
 * const { adapter } = makeAdapter(base, "default", new PolyConfig(poly), 0);
 * const routing = await learnedRouting(adapter);
 * assert.deepEqual([routing[0]!.moduleLogits.length, routing[0]!.moduleLogits[0]!.length], [3, 4]);
 * ```
 */
export async function learnedRouting(adapter: Adapter): Promise<RouterLogits[]> {
  return await Promise.all(
    [...routersOf(adapter)].map(async ({ name, nSkills, nSplits, moduleLogits, settings }) => {
      const rows = await moduleLogits.array() as number[][];
      const inForce = (row: number[]) =>
        settings.router_shared_skill
          ? [...sharedSkillLogits(Float32Array.from(row), nSkills)]
          : row;
      return { name, nSkills, nSplits, moduleLogits: rows.map(inForce) };
    }),
  );
}
