import assert from "node:assert/strict";
import { ONE_THREAD } from "../../backend/wasm/blas.ts";
import { blasEnvironment } from "../../backend/wasm/child_environment.ts";
import type { SilentEvent, WorkerEvent, WorkerTask } from "./message.ts";
import { inCompany } from "./part_company.ts";
import { type PoolOptions, runInPool } from "./pool.ts";
import { type PlannedRun, readSweep } from "../plan/sweep.ts";

const worker = new URL("../../testing/fakes/fake_worker.ts", import.meta.url);

const asTask = (run: PlannedRun): WorkerTask => ({
  dir: "",
  run,
  keepAdapter: false,
  stagesDir: null,
});

async function collect(doings: string[], options: Partial<PoolOptions> = {}) {
  const zip = `zip: { data_file: [${
    doings.map((doing) => JSON.stringify(doing)).join(", ")
  }], n_tasks: [${doings.map((_, i) => i + 1)}] }`;
  const { runs } = readSweep(zip, "x.yaml");
  const events: (WorkerEvent | SilentEvent)[] = [];
  for await (const event of runInPool(runs.map(asTask), { jobs: 2, worker, ...options })) {
    events.push(event);
  }
  return { ids: runs.map(({ id }) => id), events };
}

const ended = (events: (WorkerEvent | SilentEvent)[]) =>
  new Map(
    events.flatMap((event) =>
      event.kind === "progress" || event.kind === "silent" ? [] : [[event.id, event]]
    ),
  );

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
    /^The worker ended with SIGKILL in the middle of the run, as .*memory: .*\nout of memory/,
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

Deno.test("runInPool() parts a company in which runs fail, until each has failed alone or ended", async () => {
  for (const doing of ["fail", "die"]) {
    const zip = `zip: { data_file: [${["ok", doing, "ok"]}], n_tasks: [1, 2, 3] }`;
    const tasks = inCompany(readSweep(zip, "x.yaml").runs.map(asTask));
    const [first, culprit, last] = tasks.map(({ run: { id } }) => id);
    const told: string[] = [];
    for await (const { kind, id } of runInPool(tasks, { jobs: 1, worker })) {
      if (kind !== "progress") told.push(`${kind} ${[first, culprit, last].indexOf(id)}`);
    }
    const parted = doing === "fail" ? ["parted 1", "finished 2"] : ["parted 1", "parted 2"];
    const later = doing === "fail" ? ["failed 1"] : ["failed 1", "finished 2"];
    assert.deepEqual(told, ["finished 0", ...parted, ...later], doing);
  }
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

Deno.test("newcomer A7: R1 runInPool() explains a worker's death by the error that it named", async () => {
  const { events } = await collect(["throw"]);
  const { error } = events.at(-1) as { error: string };
  const [first, ...rest] = error.split("\n");
  assert.equal(
    first,
    "The worker ended with code 1 in the middle of the run: RangeError: Cannot create a string " +
      "longer than 0x1fffffe8 characters",
  );
  assert.ok(rest.some((line) => /^ {4}at .*fake_worker\.ts/.test(line)), error);
  assert.ok(!error.includes("XDG_RUNTIME_DIR") && !error.includes("\x1b"), error);
});

Deno.test("R1 runInPool() says that a worker ran out of its own memory", async () => {
  const { events } = await collect(["heap"], { args: ["--v8-flags=--max-old-space-size=20"] });
  const { error } = events.at(-1) as { error: string };
  assert.match(
    error,
    /^The worker ended with .* in the middle of the run: Fatal JavaScript .*out of memory.* GB/,
  );
});

Deno.test("R7 runInPool() tells a run of which nothing comes, its process, and whether that is stopped", async () => {
  const bells: { ms: number; ring: () => void }[] = [];
  const stop = new AbortController();
  const after = (ms: number, ring: () => void) => {
    bells.push({ ms, ring });
    return () => {};
  };
  const { runs } = readSweep("set: { data_file: hang }", "x.yaml");
  const silent: SilentEvent[] = [];
  const options = { jobs: 1, worker, after, signal: stop.signal };
  for await (const event of runInPool(runs.map(asTask), options)) {
    if (event.kind === "silent") {
      silent.push(event);
      if (Deno.build.os === "linux") Deno.kill(event.pid, "SIGSTOP");
      if (silent.length === 3) stop.abort();
    }
    // The wait that counts is the last: what went before it has been called off.
    setTimeout(() => bells.at(-1)!.ring(), 100);
  }
  assert.deepEqual(bells.map(({ ms }) => ms / 60_000).slice(-4), [5, 5, 10, 20]);
  assert.deepEqual(silent.map(({ seconds }) => seconds / 60), [5, 10, 20]);
  assert.deepEqual(new Set(silent.map(({ id }) => id)), new Set([runs[0]!.id]));
  const isLinux = Deno.build.os === "linux";
  assert.deepEqual(silent.map(({ isStopped }) => isStopped), [false, isLinux, isLinux]);
});
