import assert from "node:assert/strict";
import { join } from "node:path";
import { parseRunConfig, type RunConfig } from "../../run/config.ts";
import { withFolder } from "../../testing/with_folder.ts";
import { SweepError } from "../plan/sweep_error.ts";
import type { StepsRequest } from "../workers/measure_steps.ts";
import { batchSizes, fastestBatch, measureBatches } from "./batch_size.ts";

Deno.test("sizes of batches are powers of two that divide the examples of a step, and all of them", () => {
  assert.deepEqual([1, 2, 7, 24, 64].map(batchSizes), [
    [1],
    [1, 2],
    [1, 7],
    [1, 2, 4, 8, 24],
    [1, 2, 4, 8, 16, 32, 64],
  ]);
});

Deno.test("the fastest batch is that of the least time for an example, among those that fit", () => {
  const fastest = (...seconds: (number | null)[]) =>
    fastestBatch(seconds.map((seconds, i) => ({ size: 2 ** i, seconds })));
  assert.equal(fastest(1, 1.5, 4), 2);
  assert.equal(fastest(1, 2, 4), 1); // equally fast: the smaller takes less memory
  assert.equal(fastest(1, 1.9, 3, null), 4);
  assert.equal(fastest(1, null), 1);
  assert.equal(fastest(null), null);
  assert.equal(fastest(), null);
});

/** Measures as a table says, by backend and size: seconds, a fault, or null for no card. */
async function measured(
  table: Record<string, (number | string | null)[]>,
  backend: RunConfig["backend"] = "wasm",
) {
  const asked: string[] = [];
  const config = parseRunConfig({ suite: "planted", backend, accumulation: 4 });
  return await withFolder(async (dir) => {
    const measure = async ({ backend, runs, dir: folder }: StepsRequest) => {
      const { batch_size, accumulation } = runs[0]!.config;
      await Deno.mkdir(join(folder, "left"), { recursive: true });
      asked.push(`${backend} ${batch_size} × ${accumulation}`);
      const found = table[backend]![Math.log2(batch_size)]!;
      return typeof found === "string" ? { fault: found } : { adapter: null, seconds: found };
    };
    const found = await measureBatches(config, 8, { dir, bases: new Map(), measure });
    assert.deepEqual(await Array.fromAsync(Deno.readDir(dir)), [], "nothing is left behind");
    return { asked, seconds: found.map(({ seconds }) => seconds) };
  });
}

Deno.test("growing sizes are measured until one does not fit or is much slower", async () => {
  assert.deepEqual(await measured({ wasm: [1, 1.9, 3.6, 7] }), {
    asked: ["wasm 1 × 1", "wasm 2 × 1", "wasm 4 × 1", "wasm 8 × 1"],
    seconds: [1, 1.9, 3.6, 7],
  });
  const refused = await measured({ wasm: [1, "RangeError: Array buffer allocation failed", 1, 1] });
  assert.deepEqual(refused.seconds, [1, null]);
  assert.deepEqual((await measured({ wasm: [1, 2.2, 5, 1] })).seconds, [1, 2.2, 5]);
});

Deno.test("a batch of a run on any device is measured on a card where there is one", async () => {
  const onCard = await measured({ webgpu: [1, "lost", 1, 1] }, "auto");
  assert.deepEqual(onCard.asked, ["webgpu 1 × 1", "webgpu 2 × 1"]);
  const without = await measured({ webgpu: [null], wasm: [1, null] }, "auto");
  assert.deepEqual(without.asked, ["webgpu 1 × 1", "wasm 1 × 1", "wasm 2 × 1"]);
});

Deno.test("where no example can be trained, the reason is told", async () => {
  await assert.rejects(
    measured({ wasm: ["Error: no such model"] }),
    (error: Error) =>
      error instanceof SweepError && /on wasm .*: Error: no such model; give a/.test(error.message),
  );
  await assert.rejects(measured({ webgpu: [null] }, "webgpu"), /there is no graphics card; give/);
});
