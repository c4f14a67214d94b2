/**
 * PEFT's files of (IA)³, which hold one vector for each layer and no routing: as an adapter of one skill and
 * one task.
 */
import { pythonJson } from "../files/python_json.ts";
import type { StoredTensor, TensorToStore } from "../files/safetensors.ts";
import { type Adapter, layersOf } from "../poly/adapter.ts";
import type { PolyConfigOptions } from "../poly/config.ts";
import { IA3_VECTORS, type Ia3Layer } from "../poly/forms/ia3.ts";
import { LAYER_PARAMETERS } from "../poly/layer.ts";
import { PREFIX, slots } from "./adapter_slots.ts";

/** PEFT's name of a layer's vector, which follows the name of the layer. */
const IA3_L = "ia3_l";

/** The keys of PEFT's `IA3Config`; all but the first three are Poly's too. */
export const IA3_CONFIG_KEYS: readonly string[] = [
  "feedforward_modules",
  "fan_in_fan_out",
  "init_ia3_weights",
  "auto_mapping",
  "base_model_name_or_path",
  "exclude_modules",
  "inference_mode",
  "modules_to_save",
  "peft_type",
  "peft_version",
  "revision",
  "target_modules",
  "task_type",
];

/**
 * The fields of an `adapter_config.json` of (IA)³ as those of an adapter of one skill and one task.
 *
 * @param file keys and values, each key one of {@linkcode IA3_CONFIG_KEYS}
 * @throws {RangeError} when the weights are said to lie transposed, as only GPT-2's do
 * @throws {TypeError} when `feedforward_modules` is a pattern
 *
 * Source: tuners/ia3/config.py of PEFT
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const { settings, n_skills } = ia3Fields({ feedforward_modules: ["wo"] }, "adapter_config.json");
 * assert.deepEqual([settings!.skill_form, settings!.feedforward_modules, n_skills], ["ia3", ["wo"], 1]);
 * ```
 */
export function ia3Fields(
  file: Readonly<Record<string, unknown>>,
  source: string,
): PolyConfigOptions {
  const {
    feedforward_modules: given = null,
    fan_in_fan_out = false,
    init_ia3_weights: _,
    ...shared
  } = file;
  if (fan_in_fan_out !== false) {
    throw new RangeError(
      `Cannot read "${source}" as fan_in_fan_out must be false: no model here has transposed weights`,
    );
  }
  if (typeof given === "string") {
    throw new TypeError(
      `Cannot read "${source}" as feedforward_modules must be a list of names: got a pattern`,
    );
  }
  return {
    ...shared as PolyConfigOptions,
    peft_type: "POLY",
    n_tasks: 1,
    n_skills: 1,
    n_splits: 1,
    settings: {
      skill_form: "ia3",
      feedforward_modules: (given ?? []) as readonly string[],
      router_allocation: [[1]],
    },
  };
}

/** Whether PEFT's (IA)³ computes the same as an adapter: one skill, so that routing changes nothing. */
export function isPlainIa3({ config }: Pick<Adapter, "config">): boolean {
  return config.settings.skill_form === "ia3" && config.n_skills === 1;
}

/**
 * The tensors of a file of (IA)³, `l` of `[O, 1]` or `[1, I]`, as those of an adapter of one skill and one
 * task; other tensors stay as they are.
 */
export function fromIa3Tensors(
  tensors: ReadonlyMap<string, StoredTensor>,
): Map<string, StoredTensor> {
  return new Map(
    [...tensors].flatMap(([name, stored]): [string, StoredTensor][] => {
      if (!name.endsWith(`.${IA3_L}`)) return [[name, stored]];
      const layer = name.slice(0, -IA3_L.length);
      const data = Float32Array.from(stored.data as ArrayLike<number>, (l) => l - 1);
      return [
        [layer + IA3_VECTORS, { ...stored, shape: [1, 1, data.length], data }],
        [layer + LAYER_PARAMETERS.moduleLogits, {
          ...stored,
          shape: [1, 1],
          data: new Float32Array(1),
        }],
      ];
    }),
  );
}

/**
 * The tensors of an adapter as a file of (IA)³ has them.
 *
 * @param adapter one for which {@linkcode isPlainIa3} is true
 */
export async function toIa3Tensors(adapter: Adapter): Promise<[string, TensorToStore][]> {
  const tensors: [string, TensorToStore][] = [];
  for (const layer of adapter.formLayers.values()) {
    const { name, vectors, isFeedforward } = layer as Ia3Layer;
    const data = Float32Array.from(await vectors.data(), (v) => 1 + v);
    const shape = isFeedforward ? [1, data.length] : [data.length, 1];
    tensors.push([`${PREFIX}${name}.${IA3_L}`, { shape, data }]);
  }
  for (const { name, variable, part } of slots(adapter)) {
    if (part !== "saved") continue;
    const data = await variable.data() as Float32Array;
    tensors.push([`${PREFIX}${name}`, { shape: variable.shape, data }]);
  }
  return tensors;
}

/**
 * Formats the `adapter_config.json` of (IA)³, with the keys and the layout of PEFT's.
 *
 * @param savedFor the keys that identify the base model
 */
export function ia3ConfigText(
  adapter: Adapter,
  savedFor: Readonly<Record<string, unknown>>,
): string {
  const { config } = adapter;
  const { exclude_modules, modules_to_save, peft_version, revision, task_type, target_modules } =
    config.toDict();
  return pythonJson({
    ...savedFor,
    exclude_modules,
    fan_in_fan_out: false,
    ...targetFields(adapter, target_modules),
    inference_mode: true,
    init_ia3_weights: true,
    modules_to_save,
    peft_type: "IA3",
    peft_version,
    revision,
    task_type,
  });
}

/** Targets, and those whose input is scaled: PEFT wants the latter among the former. */
function targetFields(adapter: Adapter, target_modules: unknown) {
  const feedforward = [...adapter.config.settings.feedforward_modules ?? []].sort();
  const targets = target_modules as readonly string[] | string;
  if (typeof targets === "string" || feedforward.every((name) => targets.includes(name))) {
    return { feedforward_modules: feedforward, target_modules };
  }
  const layers = layersOf(adapter) as Ia3Layer[];
  const names = (some: readonly Ia3Layer[]) => some.map(({ name }) => name).sort();
  return {
    feedforward_modules: names(layers.filter(({ isFeedforward }) => isFeedforward)),
    target_modules: names(layers),
  };
}
