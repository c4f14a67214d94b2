/** Whether a run is too large for the machine, as far as can be known before it begins. */
import os from "node:os";
import { getHeapStatistics } from "node:v8";
import { byteSize } from "../../util/words.ts";
import type { RunConfig } from "../config.ts";
import type { AdaptedLayer } from "./adapted_layers.ts";
import { adapterSize } from "./adapter_size.ts";

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
 * Why a run is too large for this machine: what it needs at the very least, and by which settings.
 *
 * @param layers that get skills; null when they are not known
 * @returns null when it may fit
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseRunConfig } from "../config.ts";
 *
 * const room = { memory: 16e9, heap: 4e9 };
 * assert.equal(excessOf(parseRunConfig({}), null, room), null);
 * assert.match(excessOf(parseRunConfig({ n_train: 1e8 }), null, room)!, /n_train 100,000,000/);
 * ```
 */
export function excessOf(
  config: RunConfig,
  layers: readonly AdaptedLayer[] | null,
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
  layers: readonly AdaptedLayer[] | null,
  { memory, heap }: Room,
): { what: string; keys: Count[]; bytes: number; most: number }[] {
  const { suite, n_tasks: T, n_heldout_tasks, n_train, n_validation, n_test } = config;
  const isGenerated = suite === "skills" || suite === "planted";
  const widths = (layers ?? [{ inFeatures: config.n_splits, outFeatures: config.n_splits }])
    .map(({ inFeatures, outFeatures }) => inFeatures + outFeatures);
  const width = Math.max(...widths);
  const { skills, routing } = adapterSize(config, layers);
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
      bytes: (skills + routing) * TRAINED,
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
