import { type Measure, measureInProcess } from "../../sweep/device.ts";
import { type BaseFolders, baseKey } from "../../sweep/identity.ts";
import { type AutoBatch, cellToMeasure } from "../../sweep/plan/auto_batch.ts";
import type { Sweep } from "../../sweep/plan/sweep.ts";
import { SweepError } from "../../sweep/plan/sweep_error.ts";
import { hasSweep, lockSweep, SweepStore } from "../../sweep/store.ts";
import {
  type Batch,
  batchSizes,
  fastestBatch,
  measureBatches,
  type MeasuredBatch,
} from "../../sweep/tuning/batch_size.ts";
import type { SweepArguments } from "./arguments.ts";

/** What {@linkcode chooseBatch} works with. */
export interface ChooseBatchOptions {
  /** The folder of the sweep. */
  readonly dir: string;
  /** Threads of the BLAS of each run. */
  readonly threads: number;
  /** Whether nothing is to be measured. */
  readonly dryRun: boolean;
  /** What does the runs. */
  readonly launcher: SweepArguments["launcher"];
  readonly say: (line: string) => void;
  /** Looks at the sweep and makes its base models ready; null when it was interrupted. */
  readonly prepare: () => Promise<BaseFolders | null>;
  /** Seconds of a step of some examples, which are measured where this is undefined; in tests. */
  readonly secondsOfBatch: ((examples: number) => number) | undefined;
}

/**
 * Chooses the batch of a sweep that leaves it to a measurement, and says so. Where the sweep's folder has runs
 * of as many examples in a step, their batch stays; a dry run measures nothing and gives all examples at once.
 *
 * @returns null when it was interrupted
 * @throws {SweepError} when cells are too different for one batch, or no step can be taken
 */
export async function chooseBatch(
  { examples }: AutoBatch,
  { runs }: Sweep,
  { dir, threads, dryRun, launcher, say, prepare, secondsOfBatch }: ChooseBatchOptions,
): Promise<Batch | null> {
  const cell = cellToMeasure(runs.map(({ config }) => config));
  const stored = await hasSweep(dir) ? (await SweepStore.read(dir)).manifest.runs : [];
  const before = stored.findLast(({ config }) =>
    config.batch_size * config.accumulation === examples && baseKey(config) === baseKey(cell)
  )?.config;
  if (before !== undefined) {
    const { batch_size, accumulation } = before;
    say(
      `Batch: batch_size ${batch_size} and accumulation ${accumulation}, as in runs planned before.`,
    );
    return { batch_size, accumulation };
  }
  if (launcher === "slurm") {
    throw new SweepError(
      "Cannot measure batch_size here for jobs of a cluster, whose machines are others: give it a number",
    );
  }
  const sizes = batchSizes(examples).join(", ");
  if (dryRun) {
    say(
      `Batch: batch_size would be measured, of ${sizes}; a step has ${examples} examples in any case.`,
    );
    return { batch_size: examples, accumulation: 1 };
  }
  const bases = await prepare();
  if (bases === null) return null;
  using _lock = await lockSweep(dir);
  say(
    `Batch: steps of ${sizes} examples are measured, each for at most half a minute or three steps.`,
  );
  const measure: Measure = secondsOfBatch === undefined
    ? (request) => measureInProcess(request, { dir, threads })
    : ({ runs: [run] }) =>
      Promise.resolve({ adapter: null, seconds: secondsOfBatch(run!.config.batch_size) });
  const measured = await measureBatches(cell, examples, { dir, bases, measure });
  const batch_size = fastestBatch(measured)!;
  const accumulation = examples / batch_size;
  say(
    `Batch: batch_size ${batch_size} and accumulation ${accumulation}: ${
      describeMeasured(measured)
    }.`,
  );
  return { batch_size, accumulation };
}

/**
 * What was measured, as the end of a sentence.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(
 *   describeMeasured([{ size: 1, seconds: 0.02 }, { size: 2, seconds: 0.03 }, { size: 4, seconds: null }]),
 *   "an example takes 20 ms of 1 at once, 15 ms of 2, and 4 do not fit",
 * );
 * ```
 */
export function describeMeasured(measured: readonly MeasuredBatch[]): string {
  return "an example takes " + measured.map(({ size, seconds }, i) => {
    if (seconds === null) return `and ${size} do not fit`;
    const time = Number((1000 * seconds / size).toPrecision(2)); // 3500, not 3.5e+3
    return `${time} ms of ${size}${i === 0 ? " at once" : ""}`;
  }).join(", ");
}
