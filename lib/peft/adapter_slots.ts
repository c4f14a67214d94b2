import type * as tf from "../tf.ts";
import type { Adapter } from "../poly/adapter.ts";

/** What PEFT's wrapper puts before the base model's own names. */
export const PREFIX = "base_model.model.";

/** One tensor of an adapter as its file stores it. */
export interface Slot {
  /** Its name in the file, without {@linkcode PREFIX}. */
  readonly name: string;
  /** Its name in PEFT's memory, where it holds the adapter's, without {@linkcode PREFIX}. */
  readonly memoryName: string;
  /** Layers that share a router have the same variable in several slots. */
  readonly variable: tf.Variable;
  /** What it is part of. */
  readonly kind: "skills" | "routing" | "saved_module";
}

/**
 * Every tensor of an adapter: three of each layer, then the modules saved as a whole.
 *
 * Source: tuners_utils.py of PEFT, `_remove_adapter_name_from_state_dict_key`; utils/other.py,
 * `ModulesToSaveWrapper.adapter_state_dict`
 */
export function slots(adapter: Adapter): Slot[] {
  const own = (layer: string, parameter: string, variable: tf.Variable): Slot => ({
    name: `${layer}.${parameter}`,
    memoryName: `${layer}.${parameter}.${adapter.name}`,
    variable,
    kind: "skills",
  });
  return [
    ...[...adapter.layers.values()].flatMap((layer): Slot[] => [
      own(layer.name, "poly_lora_A", layer.skillsA),
      own(layer.name, "poly_lora_B", layer.skillsB),
      {
        name: `${layer.name}.poly_router.module_logits`,
        memoryName: `${layer.name}.poly_router.${adapter.name}.module_logits`,
        variable: layer.router.moduleLogits,
        kind: "routing",
      },
    ]),
    ...[...adapter.savedModules].map(([name, variable]): Slot => {
      const module = adapter.savedModuleNames.find((saved) => name.startsWith(`${saved}.`))!;
      const parameter = name.slice(module.length + 1);
      return {
        name,
        memoryName: `${module}.modules_to_save.${adapter.name}.${parameter}`,
        variable,
        kind: "saved_module",
      };
    }),
  ];
}
