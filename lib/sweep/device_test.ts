import assert from "node:assert/strict";
import type { RunResult } from "../run/result.ts";
import { parseRunConfig } from "../run/config.ts";
import { withFolder } from "../testing/with_folder.ts";
import {
  batchRunsOf,
  chooseDevice,
  deviceOfDone,
  type DeviceOptions,
  type Measure,
} from "./device.ts";

import type { StepsRequest } from "./workers/measure_steps.ts";
import { secondsOfStep } from "./workers/seconds_of_step.ts";
import { readSweep } from "./plan/sweep.ts";

const CARD = { description: "a card", isSoftware: false };
const { runs } = readSweep("grid: { n_skills: [2, 3, 4] }\nseeds: [0, 1]", "x.yaml");

/** Chooses where steps take these times; null for a software adapter. */
async function choose(
  webgpu: number | null | string,
  wasm: number | string,
  { before = [] as RunResult[], ...options }: Partial<DeviceOptions> & { before?: RunResult[] } =
    {},
) {
  const asked: string[] = [];
  const measure: Measure = ({ backend, runs }: StepsRequest) => {
    asked.push(`${backend} ${runs.length}`);
    const took = backend === "webgpu" ? webgpu : wasm;
    if (typeof took === "string") return Promise.resolve({ fault: took });
    const adapter = backend === "wasm"
      ? null
      : took === null
      ? { ...CARD, isSoftware: true }
      : CARD;
    return Promise.resolve({ adapter, seconds: took });
  };
  const settings = { dir: "out", jobs: 4, batchRuns: "auto", reads: new Map(), measure } as const;
  return {
    choice: await chooseDevice(runs, deviceOfDone(before), { ...settings, ...options }),
    asked,
  };
}

Deno.test("chooseDevice() takes the device that gets more steps done, and says why", async () => {
  const { choice, asked } = await choose(0.03, 0.06);
  assert.deepEqual(asked, ["webgpu 6", "wasm 1"]);
  assert.deepEqual(choice, {
    name: "webgpu",
    reason: "webgpu: a training step of a run takes 5.0 ms on webgpu (a card, 6 runs in a batch) " +
      "and 15 ms on wasm (4 workers at once)",
  });
  assert.equal((await choose(0.03, 0.06, { jobs: 16 })).choice!.name, "wasm");
  assert.equal((await choose(0.03, 0.06, { batchRuns: 1 })).choice!.name, "wasm");
});

Deno.test("chooseDevice() never takes a software adapter, and measures nothing beside it", async () => {
  assert.deepEqual(await choose(null, 1), { choice: null, asked: ["webgpu 6"] });
});

Deno.test("chooseDevice() takes the device of runs that are done, and the other where one fails", async () => {
  const before = [{
    ...{ id: "a", config: parseRunConfig({}), status: "done" as const, metrics: {}, tasks: [] },
    provenance: { backend: "wasm" },
  }];
  const { choice, asked } = await choose(0.01, 1, { before });
  assert.deepEqual(choice, { name: "wasm", reason: "wasm: as in 1 run done before" });
  assert.deepEqual(asked, ["webgpu 6"]);
  assert.equal((await choose("out of memory", 1)).choice!.name, "wasm");
  assert.match(
    (await choose(1, "no files")).choice!.reason,
    /^webgpu: wasm could not .*: no files$/,
  );
});

Deno.test("chooseDevice() has nothing to choose where every run names its device", async () => {
  const named = runs.map(({ id, config }) => ({
    id,
    config: { ...config, backend: "cpu" as const },
  }));
  const options = { dir: "out", jobs: 1, batchRuns: 4, reads: new Map() };
  assert.equal(await chooseDevice(named, null, options), null);
});

Deno.test("batchRunsOf() makes batches on WebGPU unless told otherwise, and none on the plain CPU", () => {
  const counts = (asked: number | "auto") =>
    (["webgpu", "wasm", "cpu", "auto"] as const).map((backend) =>
      batchRunsOf(asked, { name: "webgpu", reason: "" })(parseRunConfig({ backend }))
    );
  assert.deepEqual([counts("auto"), counts(3), counts(1)], [[8, 1, 1, 8], [3, 3, 1, 3], [
    1,
    1,
    1,
    1,
  ]]);
});

Deno.test("secondsOfStep() takes a few steps of runs and leaves nothing behind", async () => {
  await withFolder(async (dir) => {
    const config = parseRunConfig({
      ...{
        suite: "planted",
        n_tasks: 2,
        n_heldout_tasks: 0,
        n_train: 4,
        n_validation: 0,
        n_test: 1,
      },
      ...{ r: 2, steps: 1, task_seed: 1 },
    });
    const runs = [0, 1].map((seed) => ({ config: { ...config, seed } }));
    const seconds = await secondsOfStep("wasm", runs, `${dir}/measured`);
    assert.ok(seconds > 0 && seconds < 1, `${seconds}`);
    assert.deepEqual([...Deno.readDirSync(dir)], []);
  });
});
