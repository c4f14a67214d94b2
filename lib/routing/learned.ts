import { type Adapter, routersOf } from "../poly/adapter.ts";
import { type RouterLogits, splitMixingWeights } from "./measures.ts";

/** What one split of one layer's routing gives each task of each skill. */
export interface SplitAllocation {
  /** The layer and, when there are several, its split. */
  readonly name: string;
  /** Mixing weights, in [0, 1]; shape `[T, S]`. */
  readonly weights: readonly (readonly number[])[];
}

/**
 * Reads what the routers of an adapter have learned, in the order of the model's layers.
 *
 * @param adapter such as `model.adapters.get("default")!`
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
 * assert.equal(allocationsOf(routing)[0]!.name, `${routing[0]!.name}, split 0`);
 * ```
 */
export async function learnedRouting(adapter: Adapter): Promise<RouterLogits[]> {
  return await Promise.all(
    [...routersOf(adapter)].map(async ({ name, nSkills, nSplits, moduleLogits }) => ({
      name,
      nSkills,
      nSplits,
      moduleLogits: await moduleLogits.array() as number[][],
    })),
  );
}

/** The mixing weights of every split of every router, for {@linkcode allocationFigure}. */
export function allocationsOf(routing: readonly RouterLogits[]): SplitAllocation[] {
  return routing.flatMap((router) =>
    splitMixingWeights(router).map((weights, split) => ({
      name: router.nSplits === 1 ? router.name : `${router.name}, split ${split}`,
      weights,
    }))
  );
}
