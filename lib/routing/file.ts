/**
 * The file in a run's folder that holds the routing it has learned, and the true allocation when it
 * is known.
 */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { parseSafetensors, type TensorToStore, writeSafetensors } from "../files/safetensors.ts";
import type { RouterLogits } from "./measures.ts";
import { writeFilesAtomically } from "../files/atomic_write.ts";
import type { Allocation } from "../poly/allocation.ts";
import { LAYER_PARAMETERS } from "../poly/layer.ts";

/** What the routers of a run have learned. `T` tasks, `S` skills. */
export interface RunRouting {
  /** Names of the tasks; length T. */
  readonly tasks: readonly string[];
  /** All routers, in the order of the model's layers; rows are the tasks. */
  readonly routers: readonly RouterLogits[];
  /**
   * The true allocation, one `[T, S]` for each split of the truth, where S counts the true
   * skills; null when it is unknown.
   */
  readonly truth: readonly Allocation[] | null;
}

const ROUTING = "routing.safetensors";
const SUFFIX = `.${LAYER_PARAMETERS.moduleLogits}`;

const ROUTERS = z.array(
  z.strictObject({ name: z.string(), nSkills: z.int().min(1), nSplits: z.int().min(1) }),
).min(1);
const TASKS = z.array(z.string()).min(1);
const TRUTH = z.array(z.array(z.array(z.number()))).nullable();

/**
 * Writes the routing of a run into its folder, as `routing.safetensors`: the logits of each router,
 * `[T, H·S]` in float32, under the name of their layer and PEFT's name for them.
 *
 * @param dir folder of the run, which exists
 */
export async function writeRouting(
  dir: string,
  { tasks, routers, truth }: RunRouting,
): Promise<void> {
  const tensors = routers.map(({ name, moduleLogits }): [string, TensorToStore] => [
    name + SUFFIX,
    {
      shape: [moduleLogits.length, moduleLogits[0]!.length],
      data: Float32Array.from(moduleLogits.flatMap((row) => Array.from(row))),
    },
  ]);
  const metadata = {
    // A safetensors file sorts its tensors, so the order of the layers is stored separately.
    routers: JSON.stringify(
      routers.map(({ name, nSkills, nSplits }) => ({ name, nSkills, nSplits })),
    ),
    tasks: JSON.stringify(tasks),
    truth: JSON.stringify(truth),
  };
  const bytes = writeSafetensors(tensors, metadata);
  await writeFilesAtomically(dir, new Map([[ROUTING, bytes]]));
}

/**
 * Reads the file that {@linkcode writeRouting} writes.
 *
 * @param dir folder of the run
 * @returns null when the run has no such file, as when its method learns no routing
 * @throws {SyntaxError} when the file is damaged
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const dir = await Deno.makeTempDir();
 * assert.equal(await readRouting(dir), null);
 * const router = { name: "q", nSkills: 2, nSplits: 1, moduleLogits: [[0.5, -1], [2, 0]] };
 * const routing = { tasks: ["sort", "swap"], routers: [router], truth: [[[1, 0], [0, 1]]] };
 * await writeRouting(dir, routing);
 * assert.deepEqual(await readRouting(dir), routing);
 * await Deno.remove(dir, { recursive: true });
 * ```
 */
export async function readRouting(dir: string): Promise<RunRouting | null> {
  const path = join(dir, ROUTING);
  if (!existsSync(path)) return null;
  try {
    using file = parseSafetensors(await readFile(path), path);
    const metadata = (key: string): unknown => JSON.parse(file.metadata?.[key] ?? "");
    const tasks = TASKS.parse(metadata("tasks"));
    const truth = TRUTH.parse(metadata("truth"));
    for (const rows of truth ?? []) {
      const width = rows[0]?.length ?? 0;
      if (rows.length === tasks.length && width > 0 && rows.every((row) => row.length === width)) {
        continue;
      }
      throw new RangeError(`its truth must have a row of equal length for each task`);
    }
    return {
      tasks,
      truth,
      routers: ROUTERS.parse(metadata("routers")).map((router) => {
        const { shape, data } = file.read(router.name + SUFFIX);
        const width = router.nSplits * router.nSkills;
        if (shape.length !== 2 || shape[0] !== tasks.length || shape[1] !== width) {
          throw new RangeError(
            `${router.name} has shape [${shape}], not [${tasks.length},${width}]`,
          );
        }
        if (!data.every(Number.isFinite)) throw new RangeError(`${router.name} is not finite`);
        const rows = tasks.map((_, task) => data.slice(task * width, (task + 1) * width));
        return { ...router, moduleLogits: rows.map((row) => Array.from(row, Number)) };
      }),
    };
  } catch (error) {
    const isOfContent = error instanceof SyntaxError || error instanceof RangeError ||
      error instanceof z.ZodError;
    if (!isOfContent) throw error;
    throw new SyntaxError(
      `Cannot read ${path} as it is damaged: ${error.message}; remove the run's folder to run it ` +
        `again`,
    );
  }
}
