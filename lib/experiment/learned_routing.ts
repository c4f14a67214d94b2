import { routersOf } from "../poly/adapter.ts";
import type { PeftModel } from "../poly/peft_model.ts";
import { type RouterLogits, splitMixingWeights } from "../poly/routing_measures.ts";
import type { Allocation } from "./figures/allocation_figure.ts";

/**
 * Reads what the routers of an adapter have learned, in the order of the model's layers.
 *
 * @throws {RangeError} when there is no adapter of that name
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { useBackend } from "../backend/backend.ts";
 * import { Mlp } from "../models/mlp.ts";
 * import { PolyConfig } from "../poly/config.ts";
 * import { getPeftModel } from "../poly/peft_model.ts";
 *
 * await useBackend("cpu");
 * const config = { model_type: "mlp", in_features: 4, hidden_features: [6], out_features: 2 };
 * const base = Mlp.fromConfig(config, { seed: 0 });
 * const poly = { n_tasks: 3, n_skills: 2, n_splits: 2, r: 1, target_modules: "all-linear" } as const;
 * const routing = await learnedRouting(getPeftModel(base, new PolyConfig(poly)));
 * assert.deepEqual([routing[0]!.moduleLogits.length, routing[0]!.moduleLogits[0]!.length], [3, 4]);
 * assert.equal(allocationsOf(routing)[0]!.name, `${routing[0]!.name}, split 0`);
 * ```
 */
export async function learnedRouting(
  // deno-lint-ignore no-explicit-any -- the base model does not matter
  model: PeftModel<any>,
  adapterName = "default",
): Promise<RouterLogits[]> {
  const adapter = model.adapters.get(adapterName);
  if (adapter === undefined) {
    throw new RangeError(`Cannot read the routing of "${adapterName}" as there is no such adapter`);
  }
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
export function allocationsOf(routing: readonly RouterLogits[]): Allocation[] {
  return routing.flatMap((router) =>
    splitMixingWeights(router).map((weights, split) => ({
      name: router.nSplits === 1 ? router.name : `${router.name}, split ${split}`,
      weights,
    }))
  );
}
