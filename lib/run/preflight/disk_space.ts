/** The space that runs take on a disk, and the space that is there. */
import { existsSync, statfsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { RunConfig } from "../config.ts";
import type { AdaptedLayer } from "./adapted_layers.ts";
import { adapterSize } from "./adapter_size.ts";

/** Bytes of what every run writes: its settings, its provenance, its lock. */
const RUN = 6000;
/** Bytes of a line of the log; of the scores of a task; and of an answer that is kept. */
const [LINE, SCORES, ANSWER] = [100, 300, 300];
/** Bytes of a number in a file of tensors. */
const NUMBER = 4;

/**
 * About how many bytes a run leaves on the disk: its log, its scores and answers, its routing, and the
 * trained adapter.
 *
 * @param layers that get skills; null when they are not known
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseRunConfig } from "../config.ts";
 *
 * const [short, long] = [{ steps: 10 }, { steps: 10_000 }].map(parseRunConfig);
 * assert.ok(bytesOfRun(short!, null) < bytesOfRun(long!, null) - 900_000);
 * ```
 */
export function bytesOfRun(config: RunConfig, layers: readonly AdaptedLayer[] | null): number {
  const { steps, average_steps, evaluate_every, n_tasks, n_heldout_tasks, n_test } = config;
  const draws = config.adaptation === "none" ? 0 : n_heldout_tasks * config.shot_splits;
  const evaluations = evaluate_every === 0 ? 1 : 1 + (steps + average_steps) / evaluate_every;
  const { skills, routing } = adapterSize(config, layers);
  return RUN +
    LINE * (steps + average_steps + evaluations + draws * config.adaptation_steps) +
    SCORES * (n_tasks + draws) +
    ANSWER * n_test * (n_tasks + n_heldout_tasks + draws) +
    NUMBER * (skills + routing * (layers ?? []).length);
}

/** Free bytes on the disk that a folder is on, or will be; or why they are not known. */
export type FreeSpace = { readonly bytes: number } | { readonly unknown: string };

/** The free space of the disk that a folder is on, or will be when it is made. */
export function freeSpace(dir: string): FreeSpace {
  let place = resolve(dir);
  while (!existsSync(place) && dirname(place) !== place) place = dirname(place);
  try {
    const { bavail, bsize } = statfsSync(place);
    return { bytes: bavail * bsize };
  } catch (error) {
    return { unknown: (error as Error).message };
  }
}
