import assert from "node:assert/strict";
import { join } from "node:path";
import type { RunResult } from "../run/result.ts";
import { referenceCommand } from "../commands/reference.ts";
import { reportCommand } from "../commands/report.ts";
import { captured } from "../testing/captured.ts";
import { sampleResults } from "../testing/samples/sample_results.ts";
import { writeSampleSweep } from "../testing/samples/sample_sweep.ts";
import { RunFolder } from "./run_folder.ts";
import { lockSweep, SweepStore } from "./store.ts";
import { StoreError, whenReading } from "./store_error.ts";
import { type PlannedRun, readSweep } from "./plan/sweep.ts";

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
      message: `Cannot go on in ${dir} as the sweep has changed since it ran there:\n` +
        "  n_skills: 2, 4 → 4, 8\n" +
        "  n_splits: 1 → 1, 2\n" +
        "1 stored run is no longer in it, and 3 are new. Name another folder with --out, or keep it " +
        "beside the new ones with --extend",
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
        [text.slice(0, 90), /manifest\.json as it is damaged: .*JSON/],
        [
          text.replace('"schema": 1', '"schema": 2'),
          /manifest\.json as it is damaged: schema: .*1/,
        ],
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

/** A manifest of two runs, as a program sees its text before it is written anew with a change. */
type Edit = (manifest: Record<string, unknown> & { runs: Record<string, unknown>[] }) => unknown;

async function refusalOf(edit: Edit): Promise<string> {
  let told = "";
  await inTemporary(async (dir) => {
    await SweepStore.open(dir, sweepOf("n_skills=2,4"));
    const path = join(dir, "manifest.json");
    const manifest = JSON.parse(await Deno.readTextFile(path));
    await Deno.writeTextFile(path, JSON.stringify(edit(manifest) ?? manifest));
    await assert.rejects(SweepStore.read(dir), ({ name, message }: Error) => {
      assert.equal(name, "StoreError", message);
      told = message.replace(path, "manifest.json");
      return true;
    });
    assert.deepEqual(await filesOf(join(dir, "..")), ["x"], "nothing is written elsewhere");
  });
  return told;
}

Deno.test("R17 SweepStore.read() checks every value of a manifest, and tells in one line", async () => {
  const edits: [Edit, RegExp][] = [
    [(m) => void (m.varying = "x"), /damaged: varying: /],
    [(m) => void (m.varying = ["n_skils"]), /damaged: varying\.0: /],
    [(m) => void (m.question = 5), /damaged: question: /],
    [(m) => void (m.name = null), /damaged: name: /],
    [(m) => void (m.metric = {}), /damaged: metric: /],
    [(m) => void (m.baseline = []), /damaged: baseline: /],
    [(m) => void (m.baseline = { n_skils: 2 }), /damaged: baseline: /],
    [(m) => void (m.baseline = { n_skills: "2" }), /damaged: baseline: /],
    [(m) => void (m.runs = [null] as never), /damaged: runs\.0: /],
    [(m) => void (m.runs = {} as never), /damaged: runs: /],
    [(m) => void (m.runs[0]!.id = 7), /damaged: runs\.0\.id: /],
    [
      (m) => void (m.runs[1]!.config = { n_skills: 9 }),
      /damaged: run ".*" has settings of another hash/,
    ],
    [(m) => void (m.runs[1]!.config = 3), /damaged: runs\.1\.config: /],
    [(m) => void (m.more = 1), /damaged: .*more/],
    [(m) => void (m.runs = undefined as never), /damaged: runs: /],
    [(m) => void m.runs.push(...Array(100_000).fill(null)), /; and 99997 more; remove/],
    [() => [], /damaged: /],
    [() => "x", /damaged: /],
  ];
  for (const [edit, why] of edits) {
    const told = await refusalOf(edit);
    assert.match(told, why);
    assert.ok(told.length < 600 && !told.includes("\n"), told);
  }
});

Deno.test("R4 SweepStore.read() refuses run ids that lead elsewhere or are there twice", async () => {
  const hash = (m: { runs: Record<string, unknown>[] }) => String(m.runs[0]!.id).split("--")[1];
  for (
    const start of [
      "../../ESCAPED/here",
      "/tmp/here",
      "..\\here",
      ".",
      ".hidden",
      "a\u0007b",
      "C:x",
      "a\n",
    ]
  ) {
    const told = await refusalOf((m) => void (m.runs[0]!.id = `${start}--${hash(m)}`));
    assert.match(told, /damaged: run ".*" must name a folder; remove/, start);
  }
  assert.match(await refusalOf((m) => void (m.runs[0]!.id = "seed=0")), /has settings of another/);
  assert.match(
    await refusalOf((m) => void (m.runs[0]!.id = `${"a".repeat(300)}--${hash(m)}`)),
    /must name/,
  );
  assert.match(await refusalOf((m) => void m.runs.push(m.runs[0]!)), /is there twice/);
  const [run] = sweepOf("n_skills=2").runs;
  assert.throws(() => new RunFolder("out", { ...run!, id: "../x--01234567" }), {
    name: "StoreError",
    message: 'Cannot use run "../x--01234567" as its id must name a folder',
  });
});

Deno.test("R10 a damaged manifest says that removing it keeps every run, and so it does", async () => {
  await inTemporary(async (dir) => {
    const sweep = sweepOf("n_skills=2,4");
    await SweepStore.open(dir, sweepOf("seed=0,1"));
    await SweepStore.open(dir, sweep, { extend: true });
    const { manifest } = await SweepStore.open(dir, sweepOf("n_skills=2,4", "seed=0,1"), {
      extend: true,
    });
    for (const run of manifest.runs) await new RunFolder(dir, run).finish(resultOf(run));
    const path = join(dir, "manifest.json");
    await Deno.writeTextFile(path, "{");
    const all = sweepOf("n_skills=2,4", "seed=0,1");
    await assert.rejects(SweepStore.open(dir, all), {
      name: "StoreError",
      message:
        /; remove this one file and run the same sweep again: .* every run that is done is kept$/,
    });
    await Deno.remove(path);
    const again = await SweepStore.open(dir, all);
    assert.deepEqual((await again.results()).map(({ status }) => status), Array(4).fill("done"));
    assert.deepEqual(
      again.manifest.runs.map(({ id }) => id).sort(),
      (await filesOf(join(dir, "runs"))).filter((id) =>
        all.runs.some((run) => id.includes(run.id.split("--")[1]!))
      ),
    );
    assert.deepEqual((await SweepStore.read(dir)).manifest, again.manifest);
  });
});

Deno.test("R20 files that the system does not hand out are told as that, and nothing is to be removed", async () => {
  await inTemporary(async (dir) => {
    const sweep = sweepOf("n_skills=2,4");
    const { manifest } = await SweepStore.open(dir, sweep);
    const folder = new RunFolder(dir, manifest.runs[0]!);
    await folder.finish(resultOf(folder.run));
    const unreadable = async (path: string, read: () => Promise<unknown>) => {
      await Deno.remove(path).catch(() => {});
      await Deno.symlink(path, path); // which nobody can read, not even root
      await assert.rejects(read(), ({ name, message }: Error) => {
        assert.equal(name, "StoreError", message);
        assert.ok(message.startsWith(`Cannot read ${path}: `), message);
        assert.match(message, /nothing is lost$/);
        assert.doesNotMatch(message, /remove|damaged/);
        return true;
      });
      await Deno.remove(path);
    };
    await unreadable(join(folder.dir, "result.json"), () => folder.result());
    await unreadable(folder.errorPath, () => folder.result());
    await unreadable(join(dir, "manifest.json"), () => SweepStore.read(dir));
    await unreadable(join(dir, "manifest.json"), () => SweepStore.plan(dir, sweep));
    await Deno.symlink("manifest.json", join(dir, "manifest.json"));
    for (const command of [reportCommand, referenceCommand]) {
      const told = await captured((output) => command([dir], output));
      assert.equal(told.code, 2);
      assert.match(told.stderr, /^Cannot .*: Cannot read .*manifest\.json: .*nothing is lost\n$/);
    }
  });
  const refused = Object.assign(new Error("Permission denied (os error 13)"), { code: "EACCES" });
  assert.deepEqual(
    whenReading("out/result.json", refused),
    new StoreError(
      "Cannot read out/result.json: Permission denied (os error 13); let this user read it: nothing is lost",
    ),
  );
  const other = new TypeError("x");
  assert.equal(whenReading("x", other), other);
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

Deno.test("R21 what killed saves left in adapter/ and figures/ is gone at the next start", async () => {
  await inTemporary(async (dir) => {
    await writeSampleSweep(dir, {}, sampleResults({ n_skills: [2], n_splits: [1], seed: [0] }));
    const { manifest } = await SweepStore.read(dir);
    const folder = new RunFolder(dir, manifest.runs[0]!);
    const places = [dir, join(dir, "figures"), folder.dir, folder.adapterDir];
    const leave = async () => {
      for (const place of places) {
        await Deno.mkdir(place, { recursive: true });
        for (const name of [".a.bin.0f.tmp", ".a.bin.0f.old.tmp", "kept.tmp", ".kept"]) {
          await Deno.writeTextFile(join(place, name), "");
        }
      }
    };
    const isSwept = async (place: string) => {
      const files = await filesOf(place);
      assert.ok(files.includes(".kept") && files.includes("kept.tmp"), place);
      return !files.some((name) => name.startsWith(".a.bin"));
    };
    await leave();
    (await lockSweep(dir))[Symbol.dispose]();
    (await folder.begin())[Symbol.dispose]();
    assert.deepEqual(await Promise.all(places.map(isSwept)), [true, true, true, true]);
    await leave();
    const report = () => captured((output) => reportCommand([dir], output));
    const lock = await lockSweep(dir);
    await leave();
    assert.equal((await report()).code, 0, "beside a sweep at work");
    assert.deepEqual(await Promise.all(places.map(isSwept)), [false, false, false, false]);
    lock[Symbol.dispose]();
    assert.equal((await report()).code, 0);
    assert.deepEqual(await Promise.all(places.map(isSwept)), [true, true, false, false]);
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
    await assert.rejects(
      SweepStore.open(dir, other),
      /1 stored run is no longer in it, and 1 is new/,
    );
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
