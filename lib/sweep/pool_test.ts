import assert from "node:assert/strict";
import { ONE_THREAD } from "../backend/wasm/blas.ts";
import { blasEnvironment } from "../backend/wasm/child_environment.ts";
import type { WorkerEvent, WorkerTask } from "./message.ts";
import { type PoolOptions, runInPool } from "./pool.ts";
import { type PlannedRun, readSweep } from "./sweep.ts";

const worker = new URL("../testing/fakes/fake_worker.ts", import.meta.url);

const asTask = (run: PlannedRun): WorkerTask => ({ dir: "", run, keepAdapter: false });

async function collect(doings: string[], options: Partial<PoolOptions> = {}) {
  const zip = `zip: { data_file: [${
    doings.map((doing) => JSON.stringify(doing)).join(", ")
  }], n_tasks: [${doings.map((_, i) => i + 1)}] }`;
  const { runs } = readSweep(zip, "x.yaml");
  const events: WorkerEvent[] = [];
  for await (const event of runInPool(runs.map(asTask), { jobs: 2, worker, ...options })) {
    events.push(event);
  }
  return { ids: runs.map(({ id }) => id), events };
}

const ended = (events: WorkerEvent[]) =>
  new Map(events.flatMap((event) => event.kind === "progress" ? [] : [[event.id, event]]));

Deno.test("runInPool() reports every run once, whatever becomes of it", async () => {
  const { ids, events } = await collect(["ok", "fail", "ok", "die", "ok", "ok"]);
  const ends = events.filter(({ kind }) => kind !== "progress");
  assert.deepEqual(ends.map(({ id }) => id).sort(), [...ids].sort());
  const end = ended(events);
  assert.deepEqual(ids.map((id) => end.get(id)!.kind), [
    "finished",
    "failed",
    "finished",
    "failed",
    "finished",
    "finished",
  ]);
  const died = end.get(ids[3]!) as { error: string };
  assert.match(
    died.error,
    /^The worker ended with SIGKILL in the middle of the run\.\nout of memory/,
  );
  assert.equal(events.filter(({ kind }) => kind === "progress").length, 6);
});

Deno.test("runInPool() kills its workers and ends when it is aborted", async () => {
  const controller = new AbortController();
  const started = Date.now();
  setTimeout(() => controller.abort(), 500);
  const { events } = await collect(["hang", "hang", "ok"], { signal: controller.signal });
  assert.ok(Date.now() - started < 20_000, "it did not wait for the runs");
  assert.ok(events.every(({ kind }) => kind === "progress"), "no run is reported as failed");
});

Deno.test("runInPool() reports runs as failed when a worker cannot start", async () => {
  const { events } = await collect(["ok", "ok"], {
    worker: new URL("file:///nowhere.ts"),
    jobs: 1,
  });
  assert.deepEqual(events.map(({ kind }) => kind), ["failed", "failed"]);
  assert.match(
    (events[0] as { error: string }).error,
    /^The worker ended with code 1 in the middle of the run: Module not found .*\n/,
  );
});

Deno.test("runInPool() passes over what is no event, and reports a run whose last event is torn", async () => {
  const { ids, events } = await collect(["print", "tear"]);
  const end = ended(events);
  assert.deepEqual(ids.map((id) => end.get(id)!.kind), ["finished", "failed"]);
});

Deno.test("runInPool() gives the run after a failed one a new process, and only that", async () => {
  const { events } = await collect(["pid", "pid, fail", "pid", "pid"], { jobs: 1 });
  const pids = events.flatMap((event) =>
    event.kind === "progress" && event.done === 1 ? [event.loss] : []
  );
  assert.deepEqual(pids.map((pid) => pids.indexOf(pid)), [0, 0, 2, 2]);
});

Deno.test("runInPool() leaves no worker behind when its reader leaves", async () => {
  const { runs } = readSweep("grid: { data_file: [hang], n_tasks: [1, 2, 3] }", "x.yaml");
  const started = Date.now();
  for await (const _ of runInPool(runs.map(asTask), { jobs: 2, worker })) break;
  assert.ok(Date.now() - started < 20_000, "it did not wait for the runs");
});

Deno.test("M8: runInPool() gives its workers their environment and keeps its own as it is", async () => {
  const before = Deno.env.toObject();
  const { events } = await collect(["environment", "environment"], {
    environment: { ...ONE_THREAD, OPENBLAS_CORETYPE: "Haswell", POLY_MATMUL: "wasm" },
  });
  const told = events.flatMap((event) => event.kind === "failed" ? [event.error] : []);
  const expected = "OPENBLAS_NUM_THREADS=1 OPENBLAS_CORETYPE=Haswell POLY_MATMUL=wasm";
  assert.deepEqual(told, [expected, expected]);
  assert.deepEqual(Deno.env.toObject(), before);
});

Deno.test("M8: runInPool() tells workers the core type that OpenBLAS lacks by itself", async () => {
  const { OPENBLAS_CORETYPE = Deno.env.get("OPENBLAS_CORETYPE") } = blasEnvironment();
  const { events } = await collect(["environment"]);
  const [told] = events.flatMap((event) => event.kind === "failed" ? [event.error] : []);
  assert.match(
    told!,
    new RegExp(`^OPENBLAS_NUM_THREADS=1 OPENBLAS_CORETYPE=${OPENBLAS_CORETYPE} `),
  );
});
