/** What can be known of a run before it begins: that it cannot be done, or is too large. */
import { existsSync } from "node:fs";
import os from "node:os";
import { isAbsolute, join } from "node:path";
import { getHeapStatistics } from "node:v8";
import { openSafetensors } from "../files/safetensors.ts";
import { pythonRegExp } from "../poly/targets/python_regexp.ts";
import { byteSize } from "../util/words.ts";
import type { RunConfig } from "./config.ts";
import { checkMethod } from "./check_method.ts";
import { neededData } from "./open_suite.ts";
import { revisionOf } from "./inputs.ts";
import { PLANTED_LAYERS } from "./planted_layers.ts";

/** The sizes of a linear layer. */
export interface LinearSize {
  /** As in the base model. */
  readonly name: string;
  readonly inFeatures: number;
  readonly outFeatures: number;
}

/** What this machine has for a run. */
export interface Room {
  /** Bytes for tensors. */
  readonly memory: number;
  /** Bytes for the texts of tasks. */
  readonly heap: number;
}

/** The memory of this machine, and what this program may take of it for texts. */
export function roomHere(): Room {
  const memory = os.totalmem();
  return { memory, heap: Math.min(memory, getHeapStatistics().heap_size_limit) };
}

/**
 * The linear layers of a base model, as the header of its weights has them.
 *
 * @param dir a folder in the Hugging Face layout
 * @returns null where the weights are not in one `model.safetensors` that can be read
 */
export async function linearLayers(dir: string): Promise<LinearSize[] | null> {
  const path = join(dir, "model.safetensors");
  if (!existsSync(path)) return null;
  try {
    const file = await openSafetensors(path);
    try {
      return file.names.flatMap((tensor) => {
        const name = /^(.*)\.weight$/.exec(tensor)?.[1];
        const { shape } = file.info(tensor);
        const isEmbedding = /(^|\.)(shared|embed\w*|wte|wpe|relative_attention_bias)$/;
        if (name === undefined || shape.length !== 2 || isEmbedding.test(name)) return [];
        return [{ name, inFeatures: shape[1]!, outFeatures: shape[0]! }];
      });
    } finally {
      file.close();
    }
  } catch {
    return null; // opening the model says what is wrong with it
  }
}

/**
 * Why a run cannot be done, as far as its settings tell: its method lacks what is asked for, data or the
 * base model is not named or not there, nothing is targeted, or `n_splits` does not divide the features.
 *
 * @param layers of its base model; null when they are not known
 * @returns null when nothing is known to be wrong
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseRunConfig } from "./config.ts";
 *
 * assert.equal(faultOf(parseRunConfig({}), null), null);
 * assert.match(faultOf(parseRunConfig({ suite: "bbh" }), null)!, /without data_dir: set it to a path/);
 * ```
 */
export function faultOf(config: RunConfig, layers: readonly LinearSize[] | null): string | null {
  try {
    checkMethod(config);
    const data = neededData(config);
    if (data !== null && !existsSync(data.path)) {
      return `Cannot open suite "${config.suite}" as there is no ${data.key} "${data.path}"`;
    }
    if (config.suite !== "planted" && isLost(config.base_model)) {
      return `Cannot open base_model "${config.base_model}" as there is no such folder`;
    }
    if (config.suite !== "planted") revisionOf(config);
    const known = config.suite === "planted" ? PLANTED_LAYERS : layers;
    if (known === null) return null;
    const targets = targetsOf(config, known);
    if (targets.length === 0) {
      return `Cannot adapt ${config.base_model} as target_modules ` +
        `${JSON.stringify(config.target_modules)} names none of its linear layers: it has ` +
        [...new Set(known.map(({ name }) => name.split(".").at(-1)))].join(", ");
    }
    const { n_splits } = config;
    const odd = targets.find(({ inFeatures, outFeatures }) =>
      inFeatures % n_splits !== 0 || outFeatures % n_splits !== 0
    );
    if (odd === undefined) return null;
    return `Cannot route ${n_splits} splits as n_splits must divide the features of every layer: ` +
      `${odd.name} has ${odd.inFeatures} and ${odd.outFeatures}`;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Whether a path that cannot be the name of a model on the hub leads nowhere. */
function isLost(path: string): boolean {
  return (isAbsolute(path) || /^\.{1,2}([\\/]|$)/.test(path)) && !existsSync(path);
}

/**
 * Why a run is too large for this machine: what it needs at the very least, and by which settings.
 *
 * @param layers of its base model; null when they are not known
 * @returns null when it may fit
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseRunConfig } from "./config.ts";
 *
 * const room = { memory: 16e9, heap: 4e9 };
 * assert.equal(excessOf(parseRunConfig({}), null, room), null);
 * assert.match(excessOf(parseRunConfig({ n_train: 1e8 }), null, room)!, /n_train 100,000,000/);
 * ```
 */
export function excessOf(
  config: RunConfig,
  layers: readonly LinearSize[] | null,
  room: Room,
): string | null {
  for (const { what, keys, bytes, most } of needs(config, layers, room)) {
    if (bytes <= most) continue;
    const key = keys[0]!;
    return `Cannot run with ${key} ${
      config[key].toLocaleString("en-US")
    } as ${what} would take at ` +
      `least ${byteSize(bytes)}, and there are ${byteSize(most)} here: set a smaller ${key}`;
  }
  return null;
}

type Count = { [Key in keyof RunConfig]: RunConfig[Key] extends number ? Key : never }[
  keyof RunConfig
];

/** Bytes of an example in memory, at least. */
const EXAMPLE = 200;
/** Bytes of a trained number: itself, its gradient and two means of the optimiser. */
const TRAINED = 16;
/** The most that WebAssembly of 32 bits can address. */
const WASM_HEAP = 2 ** 32;
/** Bytes of a number in a batch. */
const NUMBER = 4;
/** Tokens of an input, at least; and words that a model chooses from. */
const [TOKENS, WORDS] = [8, 256];

/** What a run needs at least, each with the settings that it comes from, the likeliest first. */
function needs(
  config: RunConfig,
  layers: readonly LinearSize[] | null,
  { memory, heap }: Room,
): { what: string; keys: Count[]; bytes: number; most: number }[] {
  const { suite, n_tasks: T, n_heldout_tasks, n_train, n_validation, n_test } = config;
  const isGenerated = suite === "skills" || suite === "planted";
  const known = suite === "planted" ? PLANTED_LAYERS : layers;
  const targets = known === null ? [] : targetsOf(config, known);
  // Of an unknown model, one layer with as few features as it can have.
  const widths = targets.length === 0
    ? [2 * config.n_splits]
    : targets.map(({ inFeatures, outFeatures }) => inFeatures + outFeatures);
  const width = Math.max(...widths);
  const isOne = config.method === "shared" || config.method === "shared_equal_budget";
  const skills = isOne ? 1 : config.method === "private" ? T : config.n_skills;
  const rank = config.method === "shared_equal_budget" ? config.r * config.n_skills : config.r;
  const routing = config.method === "poly" ? T * config.n_splits * skills : 0;
  const adapter = skills * rank * widths.reduce((sum, width) => sum + width, 0) + routing;
  const answered = Math.min(config.evaluation_batch_size, T * n_test);
  const largestFirst = (...keys: Count[]) => keys.toSorted((a, b) => config[b] - config[a]);
  return [
    {
      what: "the examples of the tasks",
      keys: largestFirst("n_train", "n_validation", "n_test", "n_tasks", "n_heldout_tasks"),
      bytes: isGenerated ? (T + n_heldout_tasks) * (n_train + n_validation + n_test) * EXAMPLE : 0,
      most: heap,
    },
    {
      what: "training the adapter",
      keys: largestFirst("n_skills", "r", "n_splits", "n_tasks"),
      bytes: adapter * TRAINED,
      most: config.backend === "wasm" ? Math.min(memory, WASM_HEAP) : memory,
    },
    {
      what: "one batch",
      keys: ["batch_size"],
      bytes: config.batch_size * TOKENS * width * NUMBER,
      most: memory,
    },
    {
      what: "generation",
      keys: ["num_beams"],
      bytes: suite === "planted" ? 0 : answered * config.num_beams * WORDS * NUMBER,
      most: memory,
    },
  ];
}

/** The layers that get skills. Names in a file may lack the first word of those in the model. */
function targetsOf(
  { target_modules: asked }: RunConfig,
  layers: readonly LinearSize[],
): readonly LinearSize[] {
  if (asked === "all-linear") return layers.filter(({ name }) => name !== "lm_head");
  if (typeof asked === "string") {
    const pattern = pythonRegExp(asked);
    return layers.filter(({ name }) => pattern.test(name) || pattern.test(`model.${name}`));
  }
  return layers.filter(({ name }) =>
    asked.some((word) => name === word || name.endsWith(`.${word}`) || `model.${name}` === word)
  );
}
