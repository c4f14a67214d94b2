import assert from "node:assert/strict";
import { ONE_THREAD, openBlas } from "../../backend/wasm/blas.ts";
import { threadVariables } from "../../backend/wasm/threads.ts";
import { webgpuAdapter } from "../../backend/webgpu/find_adapter.ts";
import { isFinal, type RunResult } from "../../run/result.ts";
import { lacking } from "../../testing/lacking.ts";
import { withFolder } from "../../testing/with_folder.ts";
import { inCompany } from "./part_company.ts";
import { runInPool } from "./pool.ts";
import { RunFolder } from "../run_folder.ts";
import { readSweep } from "../plan/sweep.ts";

const hasBlas = typeof openBlas() !== "string";

/** The smallest run on a planted suite. */
const SWEEP = `set: {
  backend: wasm, suite: planted, n_tasks: 3, n_heldout_tasks: 1, n_train: 12, n_validation: 2,
  n_test: 2, n_skills: 5, r: 2, steps: 2, evaluate_every: 0, shots: 4, adaptation_steps: 2,
  adaptation_batch_size: 4
}`;

/** What a worker of its own records of the run. */
async function recordOf(environment: Record<string, string>): Promise<RunResult> {
  return await withFolder(async (dir) => {
    const [run] = readSweep(SWEEP, "x.yaml").runs;
    const options = { jobs: 1, environment: { ...ONE_THREAD, ...environment } };
    for await (
      const event of runInPool([{ dir, run: run!, keepAdapter: false, stagesDir: null }], options)
    ) {
      assert.notEqual(event.kind, "failed", JSON.stringify(event));
    }
    const result = await new RunFolder(dir, run!).result();
    assert.ok(isFinal(result));
    return result;
  });
}

Deno.test({
  name: "M8: a run records its ways to matrix products, and has the same bytes by the same" +
    lacking("BLAS library", hasBlas),
  ignore: !hasBlas,
  async fn() {
    const matmul = "large=wasm,narrow=blas,batched=wasm";
    const [first, second] = await Promise.all([1, 2].map(() => recordOf({ POLY_MATMUL: matmul })));
    const { provenance, ...result } = first!;
    assert.equal(provenance.matmul, matmul);
    assert.match(provenance.blas as string, /OpenBLAS|MKL|BLIS|Accelerate/);
    assert.equal(provenance.openblas_coretype, Deno.env.get("OPENBLAS_CORETYPE") ?? null);
    const { blas, backend_reason } = provenance;
    assert.ok((backend_reason as string).includes(`blas: ${blas}, for narrow products`));
    assert.deepEqual({ ...second!, provenance: null }, { ...result, provenance: null });
  },
});

const hasAdapter = await webgpuAdapter() !== null;

Deno.test({
  name:
    "a device that is lost in the middle of a sweep costs the run at work, by name, and no other" +
    lacking("WebGPU adapter", hasAdapter),
  ignore: !hasAdapter,
  async fn() {
    await withFolder(async (dir) => {
      const sweep = SWEEP.replace("backend: wasm", "backend: webgpu");
      const { runs } = readSweep(`${sweep}\nseeds: [0, 1]`, "x.yaml");
      const preload = new URL("../../testing/fakes/lose_device.ts", import.meta.url);
      preload.search = `${new URLSearchParams({ at: "12", mark: `${dir}/lost` })}`;
      const tasks = runs.map((run) => ({ dir, run, keepAdapter: false, stagesDir: null }));
      const ends: string[] = [];
      for await (const event of runInPool(tasks, { jobs: 1, args: ["--preload", `${preload}`] })) {
        if (event.kind === "failed") ends.push(event.error.split("\n")[0]!);
        if (event.kind === "finished") ends.push(event.kind);
      }
      assert.equal(ends.length, 2);
      assert.match(ends[0]!, /^WebgpuError: Cannot compute on WebGPU as its device is lost/);
      assert.equal(ends[1], "finished");
      assert.ok(isFinal(await new RunFolder(dir, runs[1]!).result()));
    });
  },
});

Deno.test("runs in company name each other in their records", async () => {
  await withFolder(async (dir) => {
    const { runs } = readSweep(`${SWEEP}\ngrid: { method: [poly, private] }`, "x.yaml");
    const tasks = runs.map((run) => ({ dir, run, keepAdapter: false, stagesDir: `${dir}/stages` }));
    const environment = { ...ONE_THREAD, POLY_MATMUL: "wasm" };
    const ends: string[] = [];
    for await (const { kind } of runInPool(inCompany(tasks), { jobs: 2, environment })) {
      if (kind !== "progress") ends.push(kind);
    }
    assert.deepEqual(ends, ["finished", "finished"]);
    const [first, second] = await Promise.all(
      runs.map((run) => new RunFolder(dir, run).result()),
    );
    assert.deepEqual(first!.provenance.company, [second!.id]);
  });
});

Deno.test({
  name: "a device that is lost parts a company, and no run is lost" +
    lacking("WebGPU adapter", hasAdapter),
  ignore: !hasAdapter,
  async fn() {
    await withFolder(async (dir) => {
      const sweep = SWEEP.replace("backend: wasm", "backend: webgpu, task_seed: 0");
      const { runs } = readSweep(`${sweep}\nseeds: [0, 1]`, "x.yaml");
      const preload = new URL("../../testing/fakes/lose_device.ts", import.meta.url);
      preload.search = `${new URLSearchParams({ at: "12", mark: `${dir}/lost` })}`;
      const tasks = inCompany(
        runs.map((run) => ({ dir, run, keepAdapter: false, stagesDir: null })),
      );
      const ends: string[] = [];
      for await (const event of runInPool(tasks, { jobs: 1, args: ["--preload", `${preload}`] })) {
        if (event.kind === "parted") ends.push(event.error.split(" as ")[0]!);
        if (event.kind === "failed" || event.kind === "finished") ends.push(event.kind);
      }
      const lost = "WebgpuError: Cannot compute on WebGPU";
      assert.deepEqual(ends, [lost, lost, "finished", "finished"]);
    });
  },
});

Deno.test("a run records the threads of its BLAS, and one where it has none", async () => {
  const [blas, own] = await Promise.all([
    recordOf({ ...threadVariables(2), POLY_MATMUL: hasBlas ? "blas" : "wasm" }),
    recordOf({ ...threadVariables(2), POLY_MATMUL: "wasm" }),
  ]);
  assert.equal(blas!.provenance.threads, hasBlas ? 2 : 1);
  assert.equal(own!.provenance.threads, 1);
});
