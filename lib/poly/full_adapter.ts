import type { ModuleInfo } from "../models/base_model.ts";
import type { Parameters } from "../models/parameters.ts";
import * as tf from "../tf.ts";
import type { Adapter } from "./adapter.ts";
import { PolyConfig, type TaskType } from "./config.ts";
import { NO_TARGETS } from "./targets/target_modules.ts";

/**
 * Full fine-tuning as an adapter: it adapts no layer, and has its own copy of every parameter of the base
 * model, which stays frozen. Parameters that are tied in the base model stay tied. So a new adapter
 * computes the base model exactly, and has as many values as it.
 *
 * @param base is copied, and stays unchanged
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { Mlp } from "../models/mlp/model.ts";
 *
 * const sizes = { in_features: 4, hidden_features: [3], out_features: 2 };
 * const base = Mlp.fromConfig({ model_type: "mlp", ...sizes }, { seed: 0 });
 * const { savedModules } = makeFullAdapter(base, "default", null);
 * assert.deepEqual([...savedModules.keys()], base.parameters.names);
 * ```
 */
export function makeFullAdapter(
  { modules, parameters }: {
    readonly modules: readonly ModuleInfo[];
    readonly parameters: Parameters;
  },
  name: string,
  taskType: TaskType | null,
): Adapter {
  const outermost = [...new Set(modules.map(({ name }) => name.split(".")[0]!))];
  const copies = new Map(
    [...parameters.names].map((name) => [name, tf.variable(parameters.get(name))]),
  );
  for (const alias of parameters.aliases.keys()) {
    copies.set(alias, copies.get(parameters.storage(alias))!);
  }
  return {
    name,
    config: new PolyConfig({
      task_type: taskType,
      target_modules: NO_TARGETS,
      modules_to_save: outermost,
    }),
    layers: new Map(),
    formLayers: new Map(),
    savedModuleNames: outermost,
    savedModules: copies,
  };
}
