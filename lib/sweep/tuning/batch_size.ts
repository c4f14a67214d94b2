/** The number of examples that are trained at once, where a person leaves it to a measurement. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { BackendName } from "../../backend/backend.ts";
import type { RunConfig } from "../../run/config.ts";
import type { Measure } from "../device.ts";
import { type BaseFolders, baseKey } from "../identity.ts";
import { SweepError } from "../plan/sweep_error.ts";

/** Examples at once, and how many times their gradients are added up for one step. */
export type Batch = Pick<RunConfig, "batch_size" | "accumulation">;

/** How long a step of some examples takes, in seconds; null where it does not fit into memory. */
export interface MeasuredBatch {
  readonly size: number;
  readonly seconds: number | null;
}

/**
 * The sizes that are measured: the powers of two that divide the examples of a step, and all of these at once.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(batchSizes(32), [1, 2, 4, 8, 16, 32]);
 * assert.deepEqual(batchSizes(12), [1, 2, 4, 12]);
 * ```
 */
export function batchSizes(examples: number): number[] {
  const sizes: number[] = [];
  for (let size = 1; size < examples && examples % size === 0; size *= 2) sizes.push(size);
  return [...sizes, examples];
}

/**
 * The size that takes the least time for an example; the smaller one of equal ones, as it takes less memory.
 *
 * @returns null where none fits
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const measured = [{ size: 1, seconds: 2 }, { size: 2, seconds: 3 }, { size: 4, seconds: null }];
 * assert.equal(fastestBatch(measured), 2);
 * ```
 */
export function fastestBatch(measured: readonly MeasuredBatch[]): number | null {
  const [fastest] = measured.filter(({ seconds }) => seconds !== null)
    .toSorted((a, b) => a.seconds! / a.size - b.seconds! / b.size || a.size - b.size);
  return fastest?.size ?? null;
}

/** A size that takes so many times as long for an example as the fastest is the last that is measured. */
const MUCH_SLOWER = 1.2;

/** What {@linkcode measureBatches} measures with. */
export interface MeasureBatchesOptions {
  /** The folder of the sweep. */
  readonly dir: string;
  /** The folders of base models of a hub. */
  readonly bases: BaseFolders;
  readonly measure: Measure;
}

/**
 * Measures a step of growing sizes, until one does not fit or is much slower for an example than another. A
 * run that leaves its device to the machine is measured on a graphics card where there is one.
 *
 * @param config settings of a run
 * @param examples of a step
 * @throws {SweepError} when not even one example can be trained, saying why
 */
export async function measureBatches(
  config: RunConfig,
  examples: number,
  { dir, bases, measure }: MeasureBatchesOptions,
): Promise<MeasuredBatch[]> {
  const baseDir = bases.get(baseKey(config));
  const secondsOf = async (size: number, backend: BackendName) => {
    const folder = join(dir, `.measured-batch-${size}`);
    const own = { ...config, backend, batch_size: size, accumulation: 1 };
    const runs = [{ config: own, ...(baseDir === undefined ? {} : { baseDir }) }];
    try {
      return await measure({ backend, runs, dir: folder });
    } finally {
      await rm(folder, { recursive: true, force: true }); // a process that was killed leaves it
    }
  };
  const measured: MeasuredBatch[] = [];
  let backend: BackendName = config.backend === "auto" ? "webgpu" : config.backend;
  let least = Infinity;
  for (const size of batchSizes(examples)) {
    let found = await secondsOf(size, backend);
    const isWithout = "fault" in found || found.seconds === null;
    if (measured.length === 0 && config.backend === "auto" && isWithout) {
      backend = "wasm";
      found = await secondsOf(size, backend);
    }
    const seconds = "fault" in found ? null : found.seconds;
    if (measured.length === 0 && seconds === null) {
      const why = "fault" in found ? found.fault : "there is no graphics card";
      throw new SweepError(
        `Cannot measure batch_size on ${backend} as a step of one example cannot be taken: ${why}; ` +
          `give a number`,
      );
    }
    measured.push({ size, seconds });
    if (seconds === null || seconds / size > MUCH_SLOWER * least) break;
    least = Math.min(least, seconds / size);
  }
  return measured;
}
