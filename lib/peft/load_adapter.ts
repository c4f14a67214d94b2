/**
 * Loads an adapter that PEFT or this library saved. Files are checked against each other and
 * against the base model before any value changes.
 */
import type { BaseModel, ModuleInfo } from "../models/base_model.ts";
import { ADAPTER_FILES, resolveModel, type ResolveOptions } from "../hub/hugging_face.ts";
import { exists, notFound, readText, readTextIfThere } from "../files/file_system.ts";
import { pathIn } from "../files/path.ts";
import { openSafetensors, type StoredTensor } from "../files/safetensors.ts";
import * as tf from "../tf.ts";
import { type Adapter, disposeAdapter } from "../poly/adapter.ts";
import { CONFIG_NAME, parseAdapterConfig } from "./adapter_config_file.ts";
import { PREFIX, type Slot, slots } from "./adapter_slots.ts";
import { allocationLogits } from "../poly/allocation.ts";
import type { PolyConfig } from "../poly/config.ts";
import { IA3_VECTORS } from "../poly/forms/ia3.ts";
import { LAYER_PARAMETERS } from "../poly/layer.ts";
import { makeAdapter } from "../poly/make_adapter.ts";
import { fromIa3Tensors } from "./ia3_file.ts";
import { pythonList } from "../util/python_list.ts";
import { WEIGHTS_NAME } from "./save_adapters.ts";
import { parseSettings, SETTINGS_NAME } from "./settings_file.ts";

/** Options for loading an adapter. */
export interface LoadOptions {
  /** Whether the adapter can be trained; false when absent. */
  readonly isTrainable?: boolean | undefined;
  /** Configuration to use instead of the one in the folder. */
  readonly config?: PolyConfig | undefined;
  /**
   * Whether tensors of another shape keep their initial values, with a warning instead of an error.
   */
  readonly ignoreMismatchedSizes?: boolean | undefined;
  /** Called with each warning: those of PEFT, and those about tensors that nothing uses. */
  readonly onWarning?: ((message: string) => void) | undefined;
}

/** Options of {@linkcode loadAdapter}. */
export interface FindOptions extends LoadOptions {
  /** Seed of the initial values of tensors that are not in the file; 0 when absent. */
  readonly seed?: number | undefined;
  /** Options for a hub's repository, such as the revision. */
  readonly hub?: Omit<ResolveOptions, "patterns"> | undefined;
}

/** An adapter as read from its folder. */
interface StoredAdapter {
  /** Folder that the adapter was read from. */
  readonly dir: string;
  /** Configuration of the adapter, with the settings of `poly_settings.json`. */
  readonly config: PolyConfig;
  /** Tensors by their names in the file, with or without PEFT's prefix. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

/** Thrown when a folder lacks tensors that an adapter cannot do without. */
export class MissingTensorError extends Error {
  /** The name of the class. */
  override readonly name = "MissingTensorError";
}

/**
 * Makes an adapter for a base model from a folder, or from a repository on a hub. The base model
 * stays unchanged, also when this throws.
 *
 * @param nameOrPath folder that holds `adapter_config.json`, or a hub's `org/name`
 * @param name name of the adapter from now on; it need not be the name it was saved under
 * @throws {Deno.errors.NotFound} when the folder or one of its two files is missing
 * @throws {SyntaxError} when a file cannot be read, or the weights are in a pickle only
 * @throws {TypeError} when a value of the configuration has the wrong type, a tensor does not hold
 * floats, or a target is not a linear layer
 * @throws {RangeError} when a value of the configuration is out of range, or when configuration,
 * tensors and base model do not fit each other
 * @throws {MissingTensorError} when the tensors of a module in `modules_to_save` are missing
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { Mlp } from "../models/mlp/model.ts";
 * import * as tf from "../tf.ts";
 * import { PolyConfig } from "../poly/config.ts";
 * import { getPeftModel } from "./peft_model.ts";
 *
 * await tf.setBackend("cpu");
 * const sizes = { in_features: 4, hidden_features: [], out_features: 2 };
 * const base = Mlp.fromConfig({ model_type: "mlp", ...sizes }, { seed: 0 });
 * const model = getPeftModel(base, new PolyConfig({ target_modules: ["0"], n_tasks: 3 }));
 * const dir = await Deno.makeTempDir();
 * await model.savePretrained(dir);
 * const adapter = await loadAdapter(base, dir, "mine");
 * assert.equal(adapter.config.n_tasks, 3);
 * assert.deepEqual([...adapter.layers.keys()], ["layers.0"]);
 * await Deno.remove(dir, { recursive: true });
 * ```
 */
export async function loadAdapter(
  // deno-lint-ignore no-explicit-any -- the model's inputs and outputs do not matter here
  base: BaseModel<any, any>,
  nameOrPath: string,
  name: string,
  { seed = 0, hub = {}, ...options }: FindOptions = {},
): Promise<Adapter> {
  const { isTrainable = false, onWarning = () => {} } = options;
  const patterns = [...ADAPTER_FILES, SETTINGS_NAME];
  const stored = await readAdapter(await resolveModel(nameOrPath, { ...hub, patterns }), options);
  const config = stored.config.with({ inference_mode: !isTrainable });
  const { adapter, warnings } = makeAdapter(base, name, config, seed, mostValues(base, stored));
  try {
    for (const warning of warnings) onWarning(warning);
    fillAdapter(adapter, base.modules, stored, options);
  } catch (error) {
    disposeAdapter(adapter);
    throw error;
  }
  return adapter;
}

/**
 * The largest number of values that an adapter may have: those in its file and in the base model
 * together, so that a small file cannot make a large adapter.
 */
function mostValues({ parameters }: Pick<BaseModel, "parameters">, stored: StoredAdapter): number {
  return [...stored.tensors.values()].reduce((sum, { data }) => sum + data.length, parameters.size);
}

/**
 * Reads the folder of one adapter, as PEFT or {@linkcode saveAdapters} wrote it.
 *
 * @throws {Deno.errors.NotFound} when the folder or one of its two files is missing
 * @throws {SyntaxError} when a file cannot be read, or the weights are in a pickle only
 * @throws {TypeError} when a value of the configuration has the wrong type, or a tensor does not
 * hold floats
 * @throws {RangeError} when a value of the configuration is out of range
 *
 * Source: utils/save_and_load.py of PEFT, `load_peft_weights`. Differs: pickles are refused.
 */
async function readAdapter(
  dir: string,
  { config, onWarning = () => {} }: LoadOptions = {},
): Promise<StoredAdapter> {
  const read = config ?? await readConfig(dir, onWarning);
  const path = pathIn(dir, WEIGHTS_NAME);
  if (!await exists(path)) throw await noWeights(dir);
  const tensors = await readFloats(path);
  const isIa3 = read.settings.skill_form === "ia3";
  return { dir, config: read, tensors: isIa3 ? fromIa3Tensors(tensors) : tensors };
}

async function readFloats(path: string): Promise<Map<string, StoredTensor>> {
  const file = await openSafetensors(path);
  try {
    for (const name of file.names) {
      const { dtype } = file.info(name);
      if (!["F64", "F32", "F16", "BF16"].includes(dtype)) {
        throw new TypeError(
          `Cannot read "${path}" as tensors must hold floats: "${name}" is ${dtype}`,
        );
      }
    }
    return new Map(file.names.map((name) => [name, file.read(name)]));
  } finally {
    file.close();
  }
}

async function readConfig(dir: string, onWarning: (message: string) => void): Promise<PolyConfig> {
  const path = pathIn(dir, CONFIG_NAME);
  const settingsPath = pathIn(dir, SETTINGS_NAME);
  if (!await exists(path)) {
    throw notFound(
      `Cannot load an adapter from "${dir}" as there is no ${CONFIG_NAME} in it`,
    );
  }
  const config = parseAdapterConfig(await readText(path), { source: path, onWarning });
  const text = await readTextIfThere(settingsPath);
  if (text === null) return config;
  return config.with({ settings: parseSettings(text, config, settingsPath) });
}

async function noWeights(dir: string): Promise<Error> {
  if (await exists(pathIn(dir, "adapter_model.bin"))) {
    return new SyntaxError(
      `Cannot load an adapter from "${dir}" as its weights are in a pickle, adapter_model.bin, which ` +
        `can run code: load it in Python and save it with safe_serialization=True`,
    );
  }
  return notFound(
    `Cannot load an adapter from "${dir}" as there is no ${WEIGHTS_NAME} in it`,
  );
}

/**
 * Copies the tensors of a folder into an adapter made from its configuration. Everything is checked
 * first; when something is wrong, the adapter keeps its values.
 *
 * @param modules modules of the base model
 * @throws {MissingTensorError} when the tensors of a module in `modules_to_save` are missing
 * @throws {RangeError} when shapes differ, when the file adapts modules that the base model lacks,
 * when layers that share a router have different routing, or when the routing is not the fixed
 * allocation in the settings
 *
 * Source: utils/save_and_load.py of PEFT, `set_peft_model_state_dict`; peft_model.py, `load_adapter`.
 * Differs: reports modules to save that are missing, modules that the base model lacks, and tensors
 * that nothing uses.
 */
function fillAdapter(
  adapter: Adapter,
  modules: readonly ModuleInfo[],
  { dir, tensors }: StoredAdapter,
  { ignoreMismatchedSizes = false, onWarning = () => {} }: LoadOptions = {},
): void {
  const cannot = `Cannot load adapter "${adapter.name}" from "${dir}" as`;
  const all = slots(adapter);
  const keyOf = new Map(all.map(({ name }) => {
    const key = [PREFIX + name, name].find((candidate) => tensors.has(candidate));
    return [name, key] as const;
  }));
  refuseOtherBase(cannot, adapter, modules, tensors, new Set(keyOf.values()));

  const missing = all.filter(({ name }) => keyOf.get(name) === undefined);
  const promised = missing.filter(({ part }) => part === "saved");
  if (promised.length > 0) {
    throw new MissingTensorError(
      `${cannot} modules_to_save promises tensors that are not in it: ` +
        pythonList(promised.map(({ name }) => PREFIX + name)),
    );
  }
  const found: { slot: Slot; stored: StoredTensor }[] = [];
  const mismatched: string[] = [];
  for (const slot of all) {
    const key = keyOf.get(slot.name);
    if (key === undefined) continue;
    const stored = tensors.get(key)!;
    if (String(stored.shape) === String(slot.variable.shape)) found.push({ slot, stored });
    else mismatched.push(`${key} is [${stored.shape}], in the model [${slot.variable.shape}]`);
  }
  if (mismatched.length > 0 && !ignoreMismatchedSizes) {
    throw new RangeError(
      `${cannot} shapes must be equal: ${mismatched.join("; ")}; was it trained on ` +
        `${adapter.config.base_model_name_or_path ?? "another base model"}, with another ` +
        `configuration? With ignoreMismatchedSizes these tensors keep their initial values`,
    );
  }
  checkRouting(cannot, adapter, found);

  if (missing.length > 0) {
    const keys = missing.map(({ memoryName }) => PREFIX + memoryName);
    onWarning(
      `Found missing adapter keys while loading the checkpoint: ${pythonList(keys)}.`,
    );
  }
  if (mismatched.length > 0) {
    onWarning(`Some tensors keep their initial values as shapes differ: ${mismatched.join("; ")}`);
  }
  const taken = new Set(keyOf.values());
  const extra = [...tensors.keys()].filter((key) => !taken.has(key));
  if (extra.length > 0) {
    onWarning(`Ignored tensors that nothing in the adapter takes: ${pythonList(extra)}`);
  }
  for (const { slot, stored } of found) {
    const tensor = tf.tensor(stored.data as Float32Array, [...stored.shape], "float32");
    slot.variable.assign(tensor);
    tensor.dispose();
  }
}

/** Throws when the file has tensors for modules that the base model lacks. */
function refuseOtherBase(
  cannot: string,
  adapter: Adapter,
  modules: readonly ModuleInfo[],
  tensors: ReadonlyMap<string, StoredTensor>,
  taken: ReadonlySet<string | undefined>,
): void {
  const known = new Set(modules.map(({ name }) => name));
  const unknown = new Set<string>();
  for (const key of tensors.keys()) {
    if (taken.has(key)) continue;
    const parameter = [...Object.values(LAYER_PARAMETERS), IA3_VECTORS].find((name) =>
      key.endsWith(`.${name}`)
    );
    if (parameter === undefined) continue;
    const adapted = key.slice(0, -1 - parameter.length);
    if (known.has(adapted)) continue;
    const module = adapted.startsWith(PREFIX) ? adapted.slice(PREFIX.length) : adapted;
    if (!known.has(module)) unknown.add(module);
  }
  if (unknown.size > 0) {
    const shown = [...unknown].slice(0, 3).join(", ");
    throw new RangeError(
      `${cannot} the base model must have the modules it adapts: there is no ${shown}` +
        `${unknown.size > 3 ? ` (and ${unknown.size - 3} more)` : ""}; was it trained on ` +
        `${adapter.config.base_model_name_or_path ?? "another base model"}?`,
    );
  }
}

/** Throws when the routing contradicts the settings. */
function checkRouting(
  cannot: string,
  { config }: Adapter,
  found: readonly { slot: Slot; stored: StoredTensor }[],
): void {
  const { router_allocation, router_granularity } = config.settings;
  const first = new Map<tf.Variable, { slot: Slot; stored: StoredTensor }>();
  for (const one of found.filter(({ slot }) => slot.part === "router")) {
    const other = first.get(one.slot.variable);
    first.set(one.slot.variable, other ?? one);
    if (other?.stored.data.some((z, i) => !Object.is(z, one.stored.data[i]))) {
      throw new RangeError(
        `${cannot} layers that share a router (router_granularity is "${router_granularity}") must ` +
          `have equal routing: ${other.slot.name} and ${one.slot.name} differ; without ` +
          `${SETTINGS_NAME} each layer gets a router of its own`,
      );
    }
    if (router_allocation === null) continue;
    const fixed = allocationLogits(router_allocation, config.n_splits);
    if (one.stored.data.some((z, i) => !(Math.abs(z - fixed[i]!) < 1e-4))) {
      throw new RangeError(
        `${cannot} its routing must be the router_allocation of ${SETTINGS_NAME}: ` +
          `${one.slot.name} differs; without ${SETTINGS_NAME} it is learned routing`,
      );
    }
  }
}
