import assert from "node:assert/strict";
import { join } from "node:path";
import type { RunResult } from "../run/result.ts";
import { RunFolder } from "./run_folder.ts";
import { lockSweep, SweepStore } from "./store.ts";
import { StoreError } from "./store_error.ts";
import { type PlannedRun, readSweep } from "./sweep.ts";

const sweepOf = (...settings: string[]) => readSweep("question: Why?", "x.yaml", settings);

async function inTemporary(test: (dir: string) => Promise<void>): Promise<void> {
  const parent = await Deno.makeTempDir();
  try {
    await test(join(parent, "x"));
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
}

function resultOf(run: PlannedRun, status: RunResult["status"] = "done"): RunResult {
  return { ...run, status, metrics: { seen_loss: run.config.seed }, tasks: [], provenance: {} };
}

async function filesOf(dir: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(dir))).map(({ name }) => name).sort();
}

Deno.test("SweepStore.open() plans every run, and opens the same sweep again as it was", async () => {
  await inTemporary(async (dir) => {
    const sweep = sweepOf("n_skills=2,4", "seed=0..2");
    const { manifest } = await SweepStore.open(dir, sweep);
    assert.deepEqual(manifest, { schema: 1, ...sweep });
    const again = await SweepStore.open(dir, sweep);
    assert.deepEqual(again.manifest, manifest);
    assert.deepEqual((await SweepStore.read(dir)).manifest, manifest);
    assert.deepEqual((await again.results()).map(({ status }) => status), Array(6).fill("planned"));
  });
});

Deno.test("SweepStore.open() takes another question, metric and baseline, as no run depends on them", async () => {
  await inTemporary(async (dir) => {
    await SweepStore.open(dir, sweepOf("seed=0,1"));
    const sweep = { ...sweepOf("seed=1,0"), question: "How?", metric: "seen_loss" };
    const { manifest } = await SweepStore.open(dir, sweep);
    assert.deepEqual([manifest.question, manifest.metric], ["How?", "seen_loss"]);
    assert.deepEqual(manifest.runs.map(({ config }) => config.seed), [0, 1]);
  });
});

Deno.test("SweepStore.open() refuses an edited sweep, and adds to it when asked to extend", async () => {
  await inTemporary(async (dir) => {
    const first = await SweepStore.open(dir, sweepOf("n_skills=2,4"));
    const [run] = first.manifest.runs;
    const folder = new RunFolder(dir, run!);
    (await folder.begin())[Symbol.dispose]();
    await folder.finish(resultOf(run!));
    const before = await Deno.readTextFile(join(dir, "manifest.json"));

    const edited = sweepOf("n_skills=4,8", "n_splits=1,2");
    await assert.rejects(SweepStore.open(dir, edited), {
      name: "StoreError",
      message:
        `Cannot resume ${dir} as the sweep has changed: 3 of its runs are new and 1 of the ` +
        `stored runs are no longer in it; add the new ones with --extend, or name another folder ` +
        `with --out`,
    });
    assert.equal(await Deno.readTextFile(join(dir, "manifest.json")), before);

    const extended = await SweepStore.open(dir, edited, { extend: true });
    assert.deepEqual(extended.manifest.varying, ["n_skills", "n_splits", "seed"]);
    assert.deepEqual(
      extended.manifest.runs.map(({ config }) => [config.n_skills, config.n_splits]),
      [[2, 1], [4, 1], [4, 2], [8, 1], [8, 2]],
    );
    assert.deepEqual(
      (await extended.results()).map(({ status }) => status),
      ["done", "planned", "planned", "planned", "planned"],
    );
    assert.equal(extended.manifest.runs[0]!.id, run!.id, "a known run keeps its folder");
  });
});

Deno.test("SweepStore.plan() writes nothing", async () => {
  await inTemporary(async (dir) => {
    const store = await SweepStore.plan(dir, sweepOf("seed=0,1"));
    assert.equal((await store.results()).length, 2);
    await assert.rejects(Deno.stat(dir), Deno.errors.NotFound);
  });
});

Deno.test("SweepStore.read() refuses a manifest that was cut or edited", async () => {
  await inTemporary(async (dir) => {
    await SweepStore.open(dir, sweepOf("n_skills=2,4"));
    const path = join(dir, "manifest.json");
    const text = await Deno.readTextFile(path);
    for (
      const [damaged, why] of [
        [text.slice(0, 90), /manifest\.json: .*JSON/],
        [text.replace('"schema": 1', '"schema": 2'), /manifest\.json: not schema 1/],
        [text.replace('"n_skills": 4', '"n_skills": 5'), /"n_skills=4,seed=0--.*of another hash/],
      ] as const
    ) {
      await Deno.writeTextFile(path, damaged);
      await assert.rejects(SweepStore.read(dir), { name: "StoreError", message: why });
      await assert.rejects(SweepStore.open(dir, sweepOf("n_skills=2,4")), StoreError);
      assert.equal(await Deno.readTextFile(path), damaged, "it is left for a person to look at");
    }
  });
});

Deno.test("RunFolder goes from planned over failed to done, and forgets the failure", async () => {
  await inTemporary(async (dir) => {
    const [run] = sweepOf("n_skills=2").runs;
    const folder = new RunFolder(dir, run!);
    assert.equal((await folder.result()).status, "planned");
    (await folder.begin())[Symbol.dispose]();
    assert.equal((await folder.result()).status, "planned");
    await folder.fail("no luck\nat all");
    const failed = await folder.result();
    assert.deepEqual([failed.status, failed.error], ["failed", "no luck\nat all"]);
    (await folder.begin())[Symbol.dispose]();
    await folder.finish(resultOf(run!, "diverged"));
    assert.deepEqual(await folder.result(), resultOf(run!, "diverged"));
    assert.deepEqual(await filesOf(folder.dir), [".lock", "result.json"]);
  });
});

Deno.test("RunFolder.begin() removes what a killed write left, and nothing else", async () => {
  await inTemporary(async (dir) => {
    const folder = new RunFolder(dir, sweepOf("n_skills=2").runs[0]!);
    await Deno.mkdir(folder.dir, { recursive: true });
    for (const name of [".result.json.8f.tmp", "metrics.jsonl", "notes.tmp", ".hidden"]) {
      await Deno.writeTextFile(join(folder.dir, name), '{"torn');
    }
    (await folder.begin())[Symbol.dispose]();
    assert.deepEqual(await filesOf(folder.dir), [".hidden", ".lock", "metrics.jsonl", "notes.tmp"]);
    assert.equal((await folder.result()).status, "planned");
  });
});

Deno.test("RunFolder.result() refuses a damaged result with its path and the way out", async () => {
  await inTemporary(async (dir) => {
    const [run, other] = sweepOf("n_skills=2,4").runs;
    const folder = new RunFolder(dir, run!);
    (await folder.begin())[Symbol.dispose]();
    await folder.finish(resultOf(run!));
    const path = join(folder.dir, "result.json");
    const text = await Deno.readTextFile(path);
    const foreign = { schema: 1, ...resultOf(other!) };
    for (const damaged of ["", text.slice(0, -5), JSON.stringify(foreign)]) {
      await Deno.writeTextFile(path, damaged);
      await assert.rejects(folder.result(), ({ name, message }: Error) => {
        assert.equal(name, "StoreError");
        assert.ok(message.startsWith(`Cannot read ${path} as it is`), message);
        assert.ok(message.endsWith(`; remove ${path} to run it again, nothing else is lost`));
        return true;
      });
    }
  });
});

Deno.test("lockSweep() refuses a second holder by name, until the first is gone", async () => {
  await inTemporary(async (dir) => {
    const lock = await lockSweep(dir);
    await assert.rejects(lockSweep(dir), {
      name: "StoreError",
      message: `Cannot run a sweep in ${dir} as another one is at work there (process ` +
        `${Deno.pid}); wait until it has ended, or name another folder with --out`,
    });
    lock[Symbol.dispose]();
    (await lockSweep(dir))[Symbol.dispose]();
  });
});

Deno.test("lockSweep() and RunFolder say what folder cannot be written", async () => {
  await inTemporary(async (dir) => {
    await Deno.writeTextFile(dir, "a file in the way");
    const refused = { name: "StoreError", message: /^Cannot write results to .*: .*; make it/ };
    await assert.rejects(lockSweep(dir), refused);
    const folder = new RunFolder(dir, sweepOf("n_skills=2").runs[0]!);
    await assert.rejects(folder.begin(), refused);
    await assert.rejects(folder.fail("x"), refused);
  });
});

/** The settings of two runs whose hashes begin with the same eight digits. */
const ALIKE = [
  "task_seed=0",
  "router_noise=none",
  "steps=150",
  "adaptation_steps=40",
  "n_tasks=8",
];

Deno.test("S3 a new run whose hash begins as a stored one's is added with --extend", async () => {
  await inTemporary(async (dir) => {
    await SweepStore.open(dir, sweepOf(...ALIKE, "n_skills=2", "n_splits=1", "seed=12585"));
    const other = sweepOf(...ALIKE, "n_skills=8", "n_splits=4", "seed=10317");
    await assert.rejects(SweepStore.open(dir, other), /1 of its runs are new and 1 of the stored/);
    const { manifest } = await SweepStore.open(dir, other, { extend: true });
    assert.deepEqual(manifest.runs.map(({ config }) => config.seed), [12585, 10317]);
  });
});

Deno.test("S3 results whose names end in eight digits are found again, and may be extended", async () => {
  await inTemporary(async (dir) => {
    const sweep = sweepOf("n_skills=2,4");
    const runs = sweep.runs.map(({ id, config }) => ({ id: id.slice(0, -8), config }));
    await SweepStore.open(dir, { ...sweep, runs }); // as it was written before
    for (const run of runs) {
      const folder = new RunFolder(dir, run);
      (await folder.begin())[Symbol.dispose]();
      await folder.finish(resultOf(run));
    }
    const again = await SweepStore.open(dir, sweep);
    assert.deepEqual(again.manifest.runs, runs);
    assert.deepEqual((await again.results()).map(({ status }) => status), ["done", "done"]);
    const extended = await SweepStore.open(dir, sweepOf("n_skills=2,4,8"), { extend: true });
    assert.deepEqual(extended.manifest.runs.slice(0, 2), runs);
    assert.match(extended.manifest.runs[2]!.id, /--[0-9a-f]{16}$/);
  });
});
