import type * as tf from "../tf.ts";
import type { Adapter, Part } from "../poly/adapter.ts";
import { LAYER_PARAMETERS, type PolyLayer } from "../poly/layer.ts";
import type { FormLayer } from "../poly/forms/form_layer.ts";
import { HyperRouter } from "../poly/hyper_router.ts";
import type { Router } from "../poly/router.ts";

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
 * Every tensor of an adapter: those of each layer and its router, then the modules saved as a whole.
 *
 * Source: tuners_utils.py of PEFT, `_remove_adapter_name_from_state_dict_key`; utils/other.py,
 * `ModulesToSaveWrapper.adapter_state_dict`
 */
export function slots(adapter: Adapter): Slot[] {
  return [
    ...[...adapter.layers.values()].flatMap((layer) => layerSlots(layer, adapter.name)),
    ...[...adapter.formLayers.values()].flatMap((layer) => formSlots(layer, adapter.name)),
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
  return [
    slotOf(name, LAYER_PARAMETERS.skillsA, adapter, skillsA, "skills"),
    slotOf(name, LAYER_PARAMETERS.skillsB, adapter, skillsB, "skills"),
    ...routerSlots(name, router, adapter),
  ];
}

function formSlots({ name, skills, router }: FormLayer, adapter: string): Slot[] {
  return [
    ...[...skills].map(([parameter, variable]) =>
      slotOf(name, parameter, adapter, variable, "skills")
    ),
    ...routerSlots(name, router, adapter),
  ];
}

/** Of a hyper-network the embeddings are the routing; the network itself generates skills, as they do. */
function routerSlots(layer: string, router: Router, adapter: string): Slot[] {
  if (!(router instanceof HyperRouter)) {
    return [slotOf(layer, LAYER_PARAMETERS.moduleLogits, adapter, router.moduleLogits, "router")];
  }
  const { moduleLogits, network } = router;
  return [
    slotOf(layer, "poly_router.task_embedding", adapter, moduleLogits, "router"),
    ...Object.entries(network as unknown as Record<string, tf.Variable>).map((
      [parameter, variable],
    ) => slotOf(layer, `poly_router.${parameter}`, adapter, variable, "skills")),
  ];
}

/** One tensor of a layer; in memory PEFT has a dictionary of adapters where the file has one tensor. */
function slotOf(
  layer: string,
  parameter: string,
  adapter: string,
  variable: tf.Variable,
  part: Part,
): Slot {
  const [dictionary, ...rest] = parameter.split(".");
  return {
    name: `${layer}.${parameter}`,
    memoryName: [layer, dictionary, adapter, ...rest].join("."),
    variable,
    part,
  };
}
