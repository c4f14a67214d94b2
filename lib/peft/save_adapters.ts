/** Saves adapters in PEFT's format. A crash leaves each file complete, old or new. */
import type { BaseModel } from "../models/base_model.ts";
import { type TensorToStore, writeSafetensors } from "../files/safetensors.ts";
import { writeFilesAtomically } from "../files/atomic_write.ts";
import {
  exists,
  isFolder,
  notFolder,
  readTextIfThere,
  removeIfThere,
} from "../files/file_system.ts";
import { pathIn } from "../files/path.ts";
import { isPlainFileName } from "../files/plain_file_name.ts";
import { type Adapter, requireLowRank } from "../poly/adapter.ts";
import { adapterConfigText, CONFIG_NAME, savedForFields } from "./adapter_config_file.ts";
import { PREFIX, slots } from "./adapter_slots.ts";
import { ia3ConfigText, isPlainIa3, toIa3Tensors } from "./ia3_file.ts";
import { allocationLogits, sharedSkillLogits } from "../poly/allocation.ts";
import type { CardFacts } from "./model_card.ts";
import { pythonList } from "../util/python_list.ts";
import { SETTINGS_NAME, settingsText } from "./settings_file.ts";
import { PROFILES, unlikePeft } from "../poly/settings.ts";

/** Name of the file that holds an adapter's tensors. */
export const WEIGHTS_NAME = "adapter_model.safetensors";

/** A base model and the adapters on it. */
export interface Adapted {
  /** The base model that the adapters are saved for. */
  // deno-lint-ignore no-explicit-any -- the model's inputs and outputs do not matter here
  readonly base: BaseModel<any, any>;
  /** The adapters by name. */
  readonly adapters: ReadonlyMap<string, Adapter>;
}

/** Options of {@linkcode saveAdapters}. */
export interface SaveOptions {
  /** Names of the adapters to save; all when absent. */
  readonly selectedAdapters?: readonly string[];
}

/**
 * Saves adapters as PEFT does: the one called `default` into `dir` itself, each other one into a
 * folder of its name inside, and one README.md, which is updated if it exists.
 *
 * An adapter of (IA)³ vectors whose routing changes nothing, as it has one skill, is saved as PEFT's (IA)³,
 * which has no tasks: it is loaded with one.
 *
 * An adapter with settings that PEFT does not know gets a `poly_settings.json` beside its two
 * files; a fixed allocation and a shared skill are written as routing logits that give the same weights. All
 * contents
 * are prepared before the first file is written, and the files of a folder are replaced all or
 * none, so that a crash leaves each file complete, old or new.
 *
 * @throws {Deno.errors.NotADirectory} when `dir` is a file
 * @throws {RangeError} when a selected adapter does not exist, its name cannot be a folder's name,
 * or PEFT would evaluate it differently: with straight-through routing, weights that do not sum to 1, or
 * summed products; or its skills have a form that PEFT's Poly has not
 * @throws {SyntaxError} when the front matter of an existing README.md cannot be read
 *
 * Source: peft_model.py of PEFT, `save_pretrained`; utils/save_and_load.py, `get_peft_model_state_dict`
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
 * const model = getPeftModel(base, new PolyConfig({ target_modules: ["0"] }));
 * const dir = await Deno.makeTempDir();
 * await saveAdapters(model, dir);
 * assert.equal(JSON.parse(await Deno.readTextFile(`${dir}/adapter_config.json`)).peft_type, "POLY");
 * await Deno.remove(dir, { recursive: true });
 * ```
 */
export async function saveAdapters(
  adapted: Adapted,
  dir: string,
  options: SaveOptions = {},
): Promise<void> {
  await refuseFile(dir);
  for (const [name, files] of await adapterFolders(adapted, dir, options)) {
    const folder = name === "" ? dir : pathIn(dir, name);
    await writeFilesAtomically(folder, files);
    if (files.get(SETTINGS_NAME) === PEFT_SETTINGS) {
      await removeIfThere(pathIn(folder, SETTINGS_NAME));
    }
  }
}

/** Contents of files by their names. */
export type Contents = ReadonlyMap<string, string | Uint8Array>;

/**
 * What {@linkcode saveAdapters} writes: for each adapter that is not called `default` its folder, and last
 * what stands beside them, under an empty name.
 *
 * @param dir where it goes, as what is there already is updated; null for nowhere yet
 * @throws as {@linkcode saveAdapters}
 */
export async function adapterFolders(
  { base, adapters }: Adapted,
  dir: string | null,
  { selectedAdapters = [...adapters.keys()] }: SaveOptions = {},
): Promise<[folder: string, files: Contents][]> {
  const unknown = selectedAdapters.filter((name) => !adapters.has(name));
  if (unknown.length > 0) {
    throw new RangeError(
      `Cannot save adapters ${pythonList(unknown)} as there are none of that name: current ` +
        `supported adapter names are ${pythonList([...adapters.keys()])} - ` +
        `got ${pythonList(selectedAdapters)}`,
    );
  }
  const selected = selectedAdapters.map((name) => adapters.get(name)!);
  for (const adapter of selected) refuseInexpressible(adapter);

  const [first] = adapters.values();
  const card = await readmeText(
    dir,
    cardFacts(base, first, first !== undefined && isPlainIa3(first) ? "IA3" : "POLY"),
  );
  const folders: [string, Contents][] = [];
  let root: Contents = new Map([["README.md", card]]);
  for (const adapter of selected) {
    if (adapter.name === "default") {
      root = new Map([...root, ...await adapterFiles(base, adapter, dir)]);
    } else {
      const folder = dir === null ? null : pathIn(dir, adapter.name);
      if (folder !== null) await refuseFile(folder);
      folders.push([adapter.name, await adapterFiles(base, adapter, folder)]);
    }
  }
  return [...folders, ["", root]];
}

/** Contents of a settings file that no longer applies, until it can be removed. */
const PEFT_SETTINGS = settingsText(PROFILES.peft);

/** Files of an adapter, the configuration last: when it exists, all do. */
async function adapterFiles(
  base: Adapted["base"],
  adapter: Adapter,
  folder: string | null,
): Promise<Contents> {
  const { config } = adapter;
  if (isPlainIa3(adapter)) {
    return new Map<string, string | Uint8Array>([
      [WEIGHTS_NAME, writeSafetensors(await toIa3Tensors(adapter))],
      [CONFIG_NAME, ia3ConfigText(adapter, savedForFields(config, base.identity))],
    ]);
  }
  const files = new Map<string, string | Uint8Array>();
  const isThere = folder !== null && await exists(pathIn(folder, SETTINGS_NAME));
  if (!config.isPeft || isThere) {
    files.set(SETTINGS_NAME, settingsText(config.settings));
  }
  files.set(WEIGHTS_NAME, writeSafetensors(await adapterTensors(adapter)));
  files.set(CONFIG_NAME, adapterConfigText(config, base.identity));
  return files;
}

async function adapterTensors(adapter: Adapter): Promise<[string, TensorToStore][]> {
  const { router_allocation, router_shared_skill } = adapter.config.settings;
  const fixed = router_allocation === null
    ? null
    : allocationLogits(router_allocation, adapter.config.n_splits);
  const tensors: [string, TensorToStore][] = [];
  for (const { name, variable, part } of slots(adapter)) {
    let data = part === "router" && fixed !== null ? fixed : await variable.data();
    if (part === "router" && router_shared_skill && fixed === null) {
      data = sharedSkillLogits(data as Float32Array, adapter.config.n_skills);
    }
    tensors.push([`${PREFIX}${name}`, { shape: variable.shape, data: data as Float32Array }]);
  }
  return tensors;
}

/** The contents of the card in `dir`, updated, or of a new one. */
export async function readmeText(dir: string | null, facts: CardFacts): Promise<string> {
  // Loaded only here, as it brings a YAML parser.
  const { modelCard } = await import("./model_card.ts");
  return modelCard(facts, dir === null ? null : await readTextIfThere(pathIn(dir, "README.md")));
}

/** Facts about adapters on a base model, for their model card. */
export function cardFacts(
  base: Adapted["base"],
  adapter: Adapter | undefined,
  peftType: CardFacts["peftType"] = "POLY",
): CardFacts {
  const isTransformers = base.identity.pythonModule.startsWith("transformers.");
  return {
    baseModel: isTransformers ? base.identity.nameOrPath : null,
    isTransformers,
    taskType: adapter?.config.task_type ?? null,
    peftType,
  };
}

function refuseInexpressible(adapter: Adapter): void {
  const { name, config } = adapter;
  if (!isPlainFileName(name)) {
    throw new RangeError(
      `Cannot save adapter ${JSON.stringify(name)} as its name must be that of a folder`,
    );
  }
  if (isPlainIa3(adapter)) return;
  requireLowRank("save the skills", adapter);
  const why = unlikePeft(config.settings);
  if (why !== null) {
    throw new RangeError(
      `Cannot save adapter "${name}" as PEFT would not compute the same: ${why}, which its format ` +
        `cannot say; export the tasks one by one as LoRA`,
    );
  }
}

/** Throws when a file is in the place of the folder. */
export async function refuseFile(dir: string): Promise<void> {
  if (await exists(dir) && !await isFolder(dir)) {
    throw notFolder(
      `Cannot save: Provided path (${dir}) should be a directory, not a file`,
    );
  }
}
