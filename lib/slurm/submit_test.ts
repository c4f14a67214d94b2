import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { RunResult } from "../run/result.ts";
import { RunFolder } from "../sweep/run_folder.ts";
import { selectRuns } from "../sweep/run_sweep.ts";
import { SweepStore } from "../sweep/store.ts";
import { readSweep } from "../sweep/plan/sweep.ts";
import { FakeSlurm } from "../testing/fakes/fake_slurm.ts";
import { withFolder } from "../testing/with_folder.ts";
import { elementPath } from "./element_words.ts";
import { jobNames, readRecord } from "./record.ts";
import { SLURM_SETTINGS } from "./settings.ts";
import { launchStatus } from "./status.ts";
import { planLaunch, submitLaunch } from "./submit.ts";
import { waitForLaunch } from "./wait.ts";

const OPTIONS = {
  settings: SLURM_SETTINGS.parse({ runs_per_element: 2, array_parallelism: 3, mem: "1G" }),
  jobs: 1,
  threads: 1,
  keepAdapter: false,
  retry: 0,
  stagesDir: "/stages",
  collect: ["collect", "it all"],
};
const YAML = "grid: { adaptation: [full, routing, none] }\nseeds: 0..1";

async function open(dir: string, yaml = YAML): Promise<SweepStore> {
  return await SweepStore.open(dir, readSweep(yaml, "size.yaml"));
}

async function submit(store: SweepStore, slurm: FakeSlurm) {
  const results = await store.results();
  const plan = await planLaunch(store.dir, results, selectRuns(results), OPTIONS, slurm);
  return await submitLaunch(store, results, plan, OPTIONS, slurm);
}

async function end(store: SweepStore, ...ids: string[]): Promise<void> {
  for (const run of store.manifest.runs.filter(({ id }) => ids.includes(id))) {
    const folder = new RunFolder(store.dir, run);
    using _lock = await folder.begin();
    const result: RunResult = {
      ...run,
      status: "done",
      metrics: {},
      tasks: [],
      provenance: { seconds: 1 },
    };
    await folder.finish(result);
  }
}

Deno.test("submitLaunch() lets runs wait for the run that makes what they share, however it ends", async () => {
  await withFolder(async (dir) => {
    const [store, slurm] = [await open(dir), new FakeSlurm()];
    const arrays = await submit(store, slurm);
    const labels = (ids: readonly string[]) => ids.map((id) => id.replace(/--.*/, ""));
    assert.deepEqual(arrays.map(({ elements }) => elements.map(labels)), [
      [["adaptation=full,seed=0", "adaptation=full,seed=1"]],
      [
        ["adaptation=routing,seed=0", "adaptation=none,seed=0"],
        ["adaptation=routing,seed=1", "adaptation=none,seed=1"],
      ],
    ]);
    assert.deepEqual(["100", "101", "102"].map((job) => slurm.after(job)), [
      undefined,
      "--dependency=afterany:100",
      "--dependency=afterany:100:101",
    ]);
    const args = slurm.submitted.get("101")!;
    for (const word of ["--array=0-1%3", "--mem=1G", "--cpus-per-task=1", "--output=%A_%a.log"]) {
      assert.ok(args.includes(word), word);
    }
    assert.ok(existsSync(join(dir, "slurm", "logs")));
    const script = await Deno.readTextFile(args.at(-1)!);
    assert.match(
      script,
      /^#!\/bin\/sh\n# Runs of the sweep size; .*\ncd .*\nexec .*element\.ts .*--jobs 1 /,
    );
    const element = await SweepStore.read(dir, elementPath(dir, 2, 1));
    assert.deepEqual(element.manifest.runs.map(({ id }) => id), arrays[1]!.elements[1]);
    assert.match(
      await Deno.readTextFile(slurm.submitted.get("102")!.at(-1)!),
      /\nexec collect 'it all'\n$/,
    );
  });
});

Deno.test("planLaunch() leaves out what is done, queued or at work, and takes what has died", async () => {
  await withFolder(async (dir) => {
    const [store, slurm] = [await open(dir), new FakeSlurm()];
    const [first, second] = await submit(store, slurm);
    await end(store, first!.elements[0]![0]!);
    const log = join(dir, "slurm", "logs", "100_0.log");
    await Deno.writeTextFile(log, "killed");
    slurm.set("100", "gone");
    slurm.set("101", "running", 0);
    const results = await store.results();
    const record = (await readRecord(dir))!;
    const queue = await slurm.queue(jobNames(record));
    const { dead, reasons, ...counts } = launchStatus(dir, results, record, queue);
    assert.deepEqual(counts, { done: 1, failed: 0, running: 2, pending: 2, left: 1 });
    assert.deepEqual(dead.map(({ index, left, log }) => [index, left, log]), [
      [0, [first!.elements[0]![1]!], log],
    ]);
    assert.deepEqual([...reasons], [["Resources", 1]]);

    const again = await submit(store, slurm);
    assert.deepEqual(again.map(({ elements }) => elements), [[[first!.elements[0]![1]!]]]);
    assert.equal(slurm.after("103"), undefined);
    assert.equal(slurm.after("104"), "--dependency=afterany:101:103");
    assert.equal(slurm.cancelled.length, 1); // the earlier job that collects
    const now = launchStatus(dir, results, (await readRecord(dir))!, [
      ...await slurm.queue(jobNames((await readRecord(dir))!)),
    ]);
    assert.deepEqual([now.pending, now.left, now.dead], [3, 0, []]);
    assert.equal(second!.job, "101");
  });
});

Deno.test("submitLaunch() forgets no job whose process ended before it knew the number", async () => {
  await withFolder(async (dir) => {
    const [store, slurm] = [await open(dir, "seeds: 0..3"), new FakeSlurm()];
    await submit(store, slurm);
    const path = join(dir, "slurm", "jobs.json");
    await Deno.writeTextFile(
      path,
      (await Deno.readTextFile(path)).replace('"job":"100"', '"job":null'),
    );
    const results = await store.results();
    const plan = await planLaunch(dir, results, results, OPTIONS, slurm);
    assert.deepEqual([plan.elements.first, plan.active.length], [[], 2]);
  });
});

Deno.test("submitLaunch() keeps what was submitted before Slurm refused, and tells its words", async () => {
  await withFolder(async (dir) => {
    const [store, slurm] = [await open(dir), new FakeSlurm()];
    const accept = slurm.submit.bind(slurm);
    slurm.submit = async (args) => {
      const job = await accept(args);
      slurm.refuses = why; // from the second job on
      return job;
    };
    const why = "Cannot go on with Slurm as sbatch ended with code 1: QOSMaxSubmitJobPerUserLimit";
    await assert.rejects(submit(store, slurm), /QOSMaxSubmitJobPerUserLimit/);
    assert.deepEqual([...slurm.submitted.keys()], ["100"]);
    slurm.submit = accept;
    slurm.refuses = null;
    assert.deepEqual((await submit(store, slurm)).map(({ elements }) => elements.length), [2]);
  });
});

Deno.test("submitLaunch() makes several arrays where one would have more than 1000 elements", async () => {
  await withFolder(async (dir) => {
    const [store, slurm] = [await open(dir, "seeds: 0..2001"), new FakeSlurm()];
    const arrays = await submit(store, slurm);
    assert.deepEqual(arrays.map(({ elements }) => elements.length), [1000, 1]);
  });
});

Deno.test("readRecord() takes the record of a copied folder for none, and refuses a damaged one", async () => {
  await withFolder(async (dir) => {
    const [store, slurm] = [await open(join(dir, "a"), "seeds: 0..3"), new FakeSlurm()];
    await submit(store, slurm);
    await Deno.mkdir(join(dir, "b", "slurm"), { recursive: true });
    const [from, to] = ["a", "b"].map((name) => join(dir, name, "slurm", "jobs.json")) as [
      string,
      string,
    ];
    await Deno.copyFile(from, to);
    assert.equal(await readRecord(join(dir, "b")), null);
    await Deno.writeTextFile(to, "{");
    await assert.rejects(
      readRecord(join(dir, "b")),
      /jobs\.json as it is damaged: .*; cancel the jobs/,
    );
  });
});

Deno.test("waitForLaunch() shows what ends, and outlasts a Slurm that does not answer", async () => {
  await withFolder(async (dir) => {
    const [store, slurm] = [await open(dir, "seeds: 0..1"), new FakeSlurm()];
    await submit(store, slurm);
    const [ended, notes]: [string[], string[]] = [[], []];
    let polls = 0;
    const queue = slurm.queue.bind(slurm);
    slurm.queue = (names) => polls === 1 ? slurm.submit([]).then(() => []) : queue(names);
    await waitForLaunch(
      dir,
      await store.results(),
      {
        ended: ({ id, status }) => void ended.push(`${id.replace(/--.*/, "")} ${status}`),
      },
      slurm,
      {
        signal: new AbortController().signal,
        note: (sentence) => void notes.push(sentence),
        pause: async () => {
          polls++;
          slurm.refuses = polls === 1 ? "Cannot go on with Slurm as squeue timed out" : null;
          if (polls === 2) await end(store, store.manifest.runs[0]!.id);
          if (polls === 3) {
            await new RunFolder(dir, store.manifest.runs[1]!).fail("no memory");
            slurm.set("100", "gone");
          }
        },
      },
    );
    assert.deepEqual(ended, ["seed=0 done", "seed=1 failed"]);
    assert.deepEqual(notes, ["Cannot go on with Slurm as squeue timed out; it is asked again"]);
  });
});
