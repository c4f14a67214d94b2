import * as tf from "../tf.ts";
import type { Adapter } from "./adapter.ts";
import type { Part } from "./adapter_set.ts";

/** What is the same everywhere, or that it is not. */
export type Consistent<T> = T | "irregular";

/** The state of one adapted layer or saved module; the names are PEFT's. */
export interface LayerStatus {
  /** Such as `model.encoder.block.0.layer.0.SelfAttention.q`. */
  readonly name: string;
  readonly module_type: "poly.Linear" | "ModulesToSaveWrapper";
  readonly enabled: boolean;
  readonly active_adapters: readonly string[];
  readonly merged_adapters: readonly string[];
  readonly requires_grad: Readonly<Record<string, Consistent<boolean>>>;
  readonly available_adapters: readonly string[];
  readonly devices: Readonly<Record<string, readonly string[]>>;
  readonly quantization_backend: null;
}

/** The state of a model with adapters; the names are PEFT's. */
export interface ModelStatus {
  readonly base_model_type: string;
  readonly adapter_model_type: "PolyModel";
  readonly peft_types: Readonly<Record<string, "POLY">>;
  readonly trainable_params: number;
  readonly total_params: number;
  readonly num_adapter_layers: number;
  readonly enabled: Consistent<boolean>;
  readonly active_adapters: Consistent<readonly string[]>;
  readonly merged_adapters: Consistent<readonly string[]>;
  readonly requires_grad: Readonly<Record<string, Consistent<boolean>>>;
  readonly available_adapters: readonly string[];
  readonly devices: Readonly<Record<string, readonly string[]>>;
  readonly quantization_backend: null;
}

/** What a status is taken of. */
export interface Observed {
  readonly base: { readonly className: string; readonly modules: readonly { name: string }[] };
  readonly adapters: ReadonlyMap<string, Adapter>;
  readonly activeAdapters: readonly string[];
  readonly isEnabled: boolean;
  readonly mergedAdapter: string | null;
  requiresGrad(name: string, part: Part): boolean;
  getNbTrainableParameters(): readonly [number, number];
}

/**
 * The state of every adapted layer and saved module, in the order of the model.
 *
 * Source: peft_model.py of PEFT, `get_layer_status`
 *
 * @throws {RangeError} when there is none
 */
export function layerStatus(model: Observed): LayerStatus[] {
  const statuses = model.base.modules.flatMap(({ name }) => [
    ...statusOf(model, name, "poly.Linear", ({ layers }) => layers.has(name)),
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
 * The state of a model with adapters: counts, and what holds for all of its layers.
 *
 * Source: peft_model.py of PEFT, `get_model_status`
 *
 * @throws {RangeError} when it has no adapted layer
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
    base_model_type: model.base.className,
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

/** The value that all are equal to; `none` where there are none. */
function same<T>(values: readonly T[], none: T): Consistent<T> {
  const [first = none] = values;
  return values.every((value) => `${value}` === `${first}`) ? first : "irregular";
}
