/**
 * The state of a model and of its layers, in the fields of PEFT's `get_model_status` and
 * `get_layer_status`.
 */
import * as tf from "../tf.ts";
import type { Adapter, Part } from "../poly/adapter.ts";

/** State of one adapted layer or saved module; the names are PEFT's. */
export interface LayerStatus {
  /** Name of the module, such as `model.encoder.block.0.layer.0.SelfAttention.q`. */
  readonly name: string;
  /** PEFT's name of the module's class. */
  readonly module_type: "poly.Linear" | "ModulesToSaveWrapper";
  /** Whether active adapters take part in a forward pass. */
  readonly enabled: boolean;
  /** Names of the active adapters. */
  readonly active_adapters: readonly string[];
  /** Names of the adapters merged into its weight. */
  readonly merged_adapters: readonly string[];
  /** Whether all of its tensors are trained, by adapter. */
  readonly requires_grad: Readonly<Record<string, boolean | "irregular">>;
  /** Names of the adapters that have tensors here, sorted. */
  readonly available_adapters: readonly string[];
  /** Names of the backends that hold its tensors, by adapter. */
  readonly devices: Readonly<Record<string, readonly string[]>>;
  /** Always null, as nothing is quantised. */
  readonly quantization_backend: null;
}

/** State of a model with adapters; the names are PEFT's. */
export interface ModelStatus {
  /** Class of the base model. */
  readonly base_model_type: string;
  /** PEFT's class for models with Poly adapters. */
  readonly adapter_model_type: "PolyModel";
  /** Method of each adapter. */
  readonly peft_types: Readonly<Record<string, "POLY">>;
  /** Number of trained values. */
  readonly trainable_params: number;
  /** Number of all values. */
  readonly total_params: number;
  /** Number of adapted layers and saved modules. */
  readonly num_adapter_layers: number;
  /**
   * Whether active adapters take part in every layer; "irregular", here and below, where layers
   * differ.
   */
  readonly enabled: boolean | "irregular";
  /** Names of the active adapters of every layer. */
  readonly active_adapters: readonly string[] | "irregular";
  /** Names of the adapters merged in every layer. */
  readonly merged_adapters: readonly string[] | "irregular";
  /** Whether all tensors are trained, by adapter. */
  readonly requires_grad: Readonly<Record<string, boolean | "irregular">>;
  /** Names of the adapters, sorted. */
  readonly available_adapters: readonly string[];
  /** Names of the backends that hold the tensors, by adapter. */
  readonly devices: Readonly<Record<string, readonly string[]>>;
  /** Always null, as nothing is quantised. */
  readonly quantization_backend: null;
}

/** The parts of a model that its status depends on. */
export interface Observed {
  /** The base model. */
  readonly base: {
    readonly identity: { readonly className: string };
    readonly modules: readonly { name: string }[];
  };
  /** The adapters by name. */
  readonly adapters: ReadonlyMap<string, Adapter>;
  /** Names of the active adapters. */
  readonly activeAdapters: readonly string[];
  /** Whether the active adapters take part in a forward pass. */
  readonly isEnabled: boolean;
  /** Name of the adapter whose task is merged into the weights; null when there is none. */
  readonly mergedAdapter: string | null;
  /** Whether a part of an adapter is trained. */
  requiresGrad(name: string, part: Part): boolean;
  /** Numbers of trained values and of all values. */
  getNbTrainableParameters(): readonly [number, number];
}

/**
 * Returns the state of every adapted layer and saved module, in the order of the model.
 *
 * Source: peft_model.py of PEFT, `get_layer_status`
 *
 * @throws {RangeError} when the model has none
 */
export function layerStatus(model: Observed): LayerStatus[] {
  const statuses = model.base.modules.flatMap(({ name }) => [
    ...statusOf(
      model,
      name,
      "poly.Linear",
      ({ layers, formLayers }) => layers.has(name) || formLayers.has(name),
    ),
    ...statusOf(
      model,
      name,
      "ModulesToSaveWrapper",
      ({ savedModuleNames }) => savedModuleNames.includes(name),
    ),
  ]);
  if (statuses.length === 0) {
    throw new RangeError(
      "No adapter layers found in the model, please ensure that it's a PEFT model or that you have " +
        "PEFT adapters injected in the model.",
    );
  }
  return statuses;
}

function statusOf(
  model: Observed,
  name: string,
  module_type: LayerStatus["module_type"],
  has: (adapter: Adapter) => boolean,
): LayerStatus[] {
  const available = [...model.adapters.values()].filter(has).map((adapter) => adapter.name).sort();
  if (available.length === 0) return [];
  const isLayer = module_type === "poly.Linear";
  const parts: Part[] = isLayer ? ["skills", "router"] : ["saved"];
  const active = model.activeAdapters.filter((active) => isLayer || available.includes(active));
  const each = <T>(value: (adapter: string) => T): Record<string, T> =>
    Object.fromEntries(available.map((adapter) => [adapter, value(adapter)]));
  return [{
    name: `model.${name}`,
    module_type,
    enabled: model.isEnabled && (isLayer || active.length > 0),
    active_adapters: active,
    merged_adapters: isLayer ? available.filter((name) => name === model.mergedAdapter) : [],
    requires_grad: each((adapter) =>
      same(parts.map((part) => model.requiresGrad(adapter, part)), false)
    ),
    available_adapters: available,
    devices: each(() => [tf.getBackend()]),
    quantization_backend: null,
  }];
}

/**
 * Returns the state of a model with adapters: counts, and what all layers have in common.
 *
 * Source: peft_model.py of PEFT, `get_model_status`
 *
 * @throws {RangeError} when the model has no adapted layer
 */
export function modelStatus(model: Observed): ModelStatus {
  const layers = layerStatus(model);
  const [trainable_params, total_params] = model.getNbTrainableParameters();
  const available = [...new Set(layers.flatMap((layer) => layer.available_adapters))].sort();
  const merged = [...new Set(layers.flatMap((layer) => layer.merged_adapters))].sort();
  const isMergedInPart = layers.some((layer) =>
    layer.available_adapters.some((name) =>
      merged.includes(name) && !layer.merged_adapters.includes(name)
    )
  );
  return {
    base_model_type: model.base.identity.className,
    adapter_model_type: "PolyModel",
    peft_types: Object.fromEntries([...model.adapters.keys()].map((name) => [name, "POLY"])),
    trainable_params,
    total_params,
    num_adapter_layers: layers.length,
    enabled: same(layers.map((layer) => layer.enabled), false),
    active_adapters: same(layers.map((layer) => layer.active_adapters), []),
    merged_adapters: isMergedInPart ? "irregular" : merged,
    requires_grad: Object.fromEntries(available.map((name) => [
      name,
      same(layers.flatMap((layer) => layer.requires_grad[name] ?? []), false),
    ])),
    available_adapters: available,
    devices: Object.fromEntries(available.map((name) => [name, [tf.getBackend()]])),
    quantization_backend: null,
  };
}

/** The common value of all values, or `none` when there are none. */
function same<T>(values: readonly T[], none: T): T | "irregular" {
  const [first = none] = values;
  return values.every((value) => `${value}` === `${first}`) ? first : "irregular";
}
