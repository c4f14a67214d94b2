/** Whether the tasks of runs can be opened: their files are read once, however many runs read them. */
import { existsSync } from "node:fs";
import type { RunConfig } from "../config.ts";
import { neededData, openSuite } from "../open_suite.ts";
import { checkPlanted } from "../planted_layers.ts";

/** The settings that say which files tasks come from, and which of them may be taken. */
const SOURCE = [
  "suite",
  "data_dir",
  "data_file",
  "split",
  "heldout_categories",
  "heldout_tasks",
  "min_skills",
  "max_skills",
  "teacher_n_skills",
  "teacher_n_splits",
  "teacher_r",
  "label_smoothing",
  "further_scores",
  "unlikelihood",
  "length_normalised_choice",
] as const;
/** The settings of which more can only ask for what is not there. */
const SIZES = ["n_tasks", "n_heldout_tasks", "n_validation", "n_test"] as const;
/** Seeds with which a choice of tasks is tried: another draw may have examples enough. */
const MOST_SEEDS = 5;

/**
 * Why the tasks of runs cannot be opened: data is not named, is not there, cannot be read or is malformed,
 * or has fewer tasks or examples than are asked for.
 *
 * Files are read once for all runs that take their tasks from them, with the most tasks and examples that
 * any of them asks for; again only where that cannot be had.
 *
 * @param cells the configs of each cell, which differ in their seed alone
 * @returns for each cell why; null where its tasks can be opened, with one of its first seeds at least
 */
export async function dataFaults(
  cells: readonly (readonly RunConfig[])[],
): Promise<(string | null)[]> {
  const faults = new Map<readonly RunConfig[], string | null>();
  for (const group of Map.groupBy(cells, ([config]) => textOf(config!, SOURCE)).values()) {
    const largest = { ...group[0]![0]! };
    for (const key of SIZES) largest[key] = Math.max(...group.map(([config]) => config![key]));
    const fault = await faultOf(largest);
    const isOfSize = fault instanceof RangeError;
    const known = new Map<string, string | null>();
    for (const cell of group) {
      const size = textOf(cell[0]!, SIZES);
      if (!known.has(size)) {
        known.set(size, isOfSize ? await faultOfSize(cell) : fault?.message ?? null);
      }
      faults.set(cell, known.get(size)!);
    }
  }
  return cells.map((cell) => faults.get(cell)!);
}

/** Why a cell's tasks cannot be had with any of its first seeds. */
async function faultOfSize(cell: readonly RunConfig[]): Promise<string | null> {
  const seeds = new Set(cell.map(({ task_seed, seed }) => task_seed ?? seed));
  let first: Error | null = null;
  for (const seed of [...seeds].slice(0, MOST_SEEDS)) {
    const fault = await faultOf({ ...cell[0]!, seed, task_seed: null });
    if (fault === null) return null;
    first ??= fault;
  }
  return first!.message;
}

/** What opening the tasks of one config throws. */
async function faultOf(config: RunConfig): Promise<Error | null> {
  try {
    if (config.suite === "planted") {
      checkPlanted(config);
      return null;
    }
    const data = neededData(config);
    if (data !== null && !existsSync(data.path)) {
      return new SyntaxError(
        `Cannot open suite "${config.suite}" as there is no ${data.key} "${data.path}"`,
      );
    }
    // Examples are made, as many as are asked for: that skills can be combined is known from one.
    const made = config.suite === "skills" || config.suite === "words"
      ? { n_train: 1, n_validation: 0, n_test: 0 }
      : {};
    await openSuite({ ...config, ...made, seed: config.task_seed ?? config.seed });
    return null;
  } catch (error) {
    return error as Error;
  }
}

function textOf(config: RunConfig, keys: readonly (keyof RunConfig)[]): string {
  return JSON.stringify(keys.map((key) => config[key]));
}
