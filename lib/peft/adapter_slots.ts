import type * as tf from "../tf.ts";
import type { Adapter, Part } from "../poly/adapter.ts";
import { LAYER_PARAMETERS, type PolyLayer } from "../poly/layer.ts";

/** Prefix that PEFT's wrapper puts before the base model's names. */
export const PREFIX = "base_model.model.";

/** One tensor of an adapter, as its file stores it. */
export interface Slot {
  /** Name in the file, without {@linkcode PREFIX}. */
  readonly name: string;
  /** Name in PEFT's memory, which contains the adapter's name, without {@linkcode PREFIX}. */
  readonly memoryName: string;
  /**
   * Variable that holds the values; layers that share a router have the same one in several slots.
   */
  readonly variable: tf.Variable;
  /** Part of the adapter that the tensor belongs to. */
  readonly part: Part;
}

/**
 * Every tensor of an adapter: three of each layer, then the modules saved as a whole.
 *
 * Source: tuners_utils.py of PEFT, `_remove_adapter_name_from_state_dict_key`; utils/other.py,
 * `ModulesToSaveWrapper.adapter_state_dict`
 */
export function slots(adapter: Adapter): Slot[] {
  return [
    ...[...adapter.layers.values()].flatMap((layer) => layerSlots(layer, adapter.name)),
    ...[...adapter.savedModules].map(([name, variable]): Slot => {
      const module = adapter.savedModuleNames.find((saved) => name.startsWith(`${saved}.`))!;
      const parameter = name.slice(module.length + 1);
      return {
        name,
        memoryName: `${module}.modules_to_save.${adapter.name}.${parameter}`,
        variable,
        part: "saved",
      };
    }),
  ];
}

function layerSlots({ name, skillsA, skillsB, router }: PolyLayer, adapter: string): Slot[] {
  const slot = (parameter: string, variable: tf.Variable, part: Part): Slot => {
    // In memory PEFT has a dictionary of adapters where the file has one tensor or module.
    const [dictionary, ...rest] = parameter.split(".");
    return {
      name: `${name}.${parameter}`,
      memoryName: [name, dictionary, adapter, ...rest].join("."),
      variable,
      part,
    };
  };
  return [
    slot(LAYER_PARAMETERS.skillsA, skillsA, "skills"),
    slot(LAYER_PARAMETERS.skillsB, skillsB, "skills"),
    slot(LAYER_PARAMETERS.moduleLogits, router.moduleLogits, "router"),
  ];
}
