import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseRunConfig, type RunConfigInput } from "../../run/config.ts";
import { parseT5Config } from "../../models/t5/config.ts";
import { t5Shapes } from "../../models/t5/weights.ts";
import { captured } from "../../testing/captured.ts";
import { withFolder } from "../../testing/with_folder.ts";
import { sweepCommand, type SweepCommandOptions } from "./command.ts";
import { faultOfRuns, type PreflightOptions } from "./preflight.ts";

const WORKER = new URL("../../testing/fakes/fake_run_worker.ts", import.meta.url);
const sweep = (args: readonly string[], options: SweepCommandOptions = {}) =>
  captured((output) => sweepCommand(args, { ...output, worker: WORKER, ...options }));

/** Looks at runs; gives why none can be done, and what was noted. */
async function look(
  runs: readonly RunConfigInput[],
  options: Partial<PreflightOptions> = {},
): Promise<{ fault: string | null; notes: string[] }> {
  const notes: string[] = [];
  const fault = await faultOfRuns(runs.map((run) => ({ config: parseRunConfig(run) })), {
    note: (sentence) => notes.push(sentence),
    dir: "results/none",
    ...options,
  });
  return { fault, notes };
}

/** A copy of the small base model whose files say that answers end otherwise. */
async function disagreeingBase(dir: string): Promise<string> {
  const base = join(dir, "base");
  await Deno.mkdir(base);
  for await (const { name } of Deno.readDir("data/base")) {
    await Deno.copyFile(join("data/base", name), join(base, name));
  }
  const config = JSON.parse(await Deno.readTextFile(join(base, "config.json")));
  await Deno.writeTextFile(
    join(base, "config.json"),
    JSON.stringify({ ...config, eos_token_id: 7 }),
  );
  return base;
}

Deno.test("newcomer A5: what every run would fail with is told once, by a dry run too, with exit code 2", async () => {
  await withFolder(async (dir) => {
    const [out, lines, bbh] = [join(dir, "out"), join(dir, "own.jsonl"), join(dir, "bbh")];
    await Deno.writeTextFile(lines, `{"task": "a", "input": "x", "target": "y"}\n`);
    await Deno.mkdir(bbh);
    await Deno.writeTextFile(join(bbh, "a.json"), `{"examples": [{"input": 1}]}`);
    for (
      const [settings, why] of [
        [["suite=bbh"], /Cannot open suite "bbh" without data_dir/],
        [["suite=bbh", "data_dir=/nope"], /there is no data_dir "\/nope"/],
        [["suite=bbh", `data_dir=${bbh}`], /a\.json: examples\[0\] .* must be strings/],
        [["suite=jsonl"], /Cannot open suite "jsonl" without data_file/],
        [["suite=jsonl", "data_file=/nope.jsonl"], /there is no data_file/],
        [["suite=jsonl", `data_file=${lines}`], /tasks to train on were asked for and there are/],
        [
          ["suite=skills", "base_model=/nope"],
          /Cannot open base_model "\/nope" as there is no such folder/,
        ],
        [["suite=skills", `base_model=${dir}`], /Cannot .*(tokenizer|config\.json)/],
        [["n_splits=5"], /Cannot route 5 splits/],
        [["target_modules=foo"], /target_modules "foo" names none/],
        [["experiments/superni.yaml"], /Cannot open suite "superni" without data_dir/],
        [["method=shared", "n_splits=4"], /set n_splits to 1/],
        [["router_straight_through=true", "--adapters"], /Cannot keep the adapter/],
      ] as const
    ) {
      const args = [...settings, "seed=0..4", "--out", out];
      const dry = await sweep([...args, "--dry-run"]);
      assert.equal(dry.code, 2, settings.join());
      assert.match(dry.stdout, /^\d+ cells?, \d+ runs in .* to do/m, "the plan is shown");
      const told = dry.stderr.split("\n").filter((line) =>
        line.startsWith("Every run would fail: ")
      );
      assert.equal(told.length, 1);
      assert.match(told[0]!, why);
      const real = await sweep(args);
      assert.deepEqual([real.code, real.stdout, existsSync(out)], [2, "", false]);
      assert.match(real.stderr, why);
      const causes = real.stderr.trim().split("\n");
      assert.equal(new Set(causes).size, causes.length, "once, not once per run");
    }
  });
});

Deno.test("newcomer A5: every cause is told once, with the number of cells that it concerns", async () => {
  const bbh = { suite: "bbh" } as const;
  assert.deepEqual(await look([bbh, { ...bbh, seed: 1 }]), {
    fault: 'Cannot open suite "bbh" without data_dir: set it to a path',
    notes: [],
  });
  const { fault } = await look([{ ...bbh, r: 1 }, { ...bbh, r: 2 }, { n_splits: 5 }]);
  assert.deepEqual(fault!.split("\n").map((line) => line.replace(/: .*\(/, "… (")).sort(), [
    'Cannot open suite "bbh" without data_dir… (2 of 3 cells)',
    "Cannot route 5 splits as n_splits must divide the features of every layer… (1 of 3 cells)",
  ]);
  assert.match((await look([{ ...bbh, r: 1 }, { ...bbh, r: 2 }])).fault!, / \(all 2 cells\)$/);
  const some = await look([{ n_splits: 1 }, { n_splits: 4 }, { n_splits: 5 }, {
    n_splits: 5,
    r: 2,
  }]);
  assert.equal(some.fault, null);
  assert.equal(some.notes.length, 1);
  assert.match(some.notes[0]!, /^2 of 4 cells will fail: Cannot route 5 splits/);
  assert.deepEqual(await look([]), { fault: null, notes: [] });
});

Deno.test("a tokenizer that disagrees with its model is told once by the sweep", async () => {
  await withFolder(async (dir) => {
    const base_model = await disagreeingBase(dir);
    const { fault, notes } = await look([1, 2, 3].map((r) => ({ base_model, r })));
    assert.equal(fault, null);
    assert.equal(notes.length, 1);
    assert.match(
      notes[0]!,
      /^base_model .*base: Targets end with the tokenizer's end token 1, and /,
    );
  });
});

Deno.test("a base model of the hub is looked at when it is there, and before anything is written", async () => {
  await withFolder(async (dir) => {
    const base = await disagreeingBase(dir);
    const out = join(dir, "out");
    const args = ["suite=skills", "base_model=org/name", "seed=0", "--out", out];
    assert.equal((await sweep([...args, "--dry-run"])).code, 0, "nothing is known of it");
    const looked: unknown[] = [];
    const cached = await sweep([...args, "--dry-run"], {
      resolveBase: (_, { offline }) => Promise.resolve(looked.push(offline) > 0 ? base : ""),
    });
    assert.match(cached.stderr, /^Note: base_model org\/name: Targets end with /m);
    assert.deepEqual(looked, [true], "a dry run asks nobody");
    const resolveBase = () => Promise.resolve(base);
    const noted = await sweep(args, { resolveBase });
    assert.equal(noted.code, 0, noted.stderr);
    assert.match(noted.stderr, /^Note: base_model org\/name: Targets end with /m);

    await Deno.remove(join(base, "model.safetensors"));
    await Deno.remove(out, { recursive: true });
    const refused = await sweep(args, { resolveBase });
    assert.deepEqual([refused.code, refused.stdout], [2, ""]);
    assert.match(refused.stderr, /found neither/);
    assert.ok(!existsSync(join(out, "manifest.json")));
    const split = await sweep([...args, "n_splits=5"], {
      resolveBase: () => Promise.resolve("data/base"),
    });
    assert.equal(split.code, 2);
    assert.match(split.stderr, /^Cannot route 5 splits/m);
  });
});

Deno.test("a disk that is too small for the runs is told before they begin", async () => {
  const { fault, notes } = await look([{ steps: 1e15 }, { steps: 1e15, seed: 1 }]);
  assert.equal(fault, null);
  assert.match(
    notes[0]!,
    /^the runs to do will take about \d+\.\d GB, and \d+\.\d GB are free on the disk of results\/none$/,
  );
});

Deno.test("a base model of many weights is told with the memory and the time of its dearest run", async () => {
  await withFolder(async (dir) => {
    const base = join(dir, "base");
    await Deno.mkdir(base);
    const bytes = JSON.stringify({ tokenizer_class: "ByT5Tokenizer" });
    await Deno.writeTextFile(join(base, "tokenizer_config.json"), bytes);
    const sizes = { vocab_size: 384, d_model: 1100, d_kv: 550, d_ff: 4400, num_heads: 2 };
    const config = { model_type: "t5", ...sizes, num_layers: 1 };
    await Deno.writeTextFile(join(base, "config.json"), JSON.stringify(config));
    // Only names and sizes are read: the file is a header and a hole.
    await writeHole(join(base, "model.safetensors"), t5Shapes(parseT5Config(config)));
    const asked: string[] = [];
    const options = {
      speedOf: (backend: string) => Promise.resolve(asked.push(backend) > 0 ? 1e12 : null),
    };
    const runs = [10, 20].map((steps) => ({ base_model: base, steps, n_splits: 1 }));
    const { fault, notes } = await look(runs, options);
    assert.equal(fault, null);
    assert.equal(notes.length, 1, notes.join("\n"));
    assert.match(
      notes[0]!,
      /base has \d\d million weights: a run takes about \d+\.\d [MG]B of memory and, where texts .* s of it a step of training$/,
    );
    assert.deepEqual(asked, ["auto"]);
    const small = await look(runs, {
      ...options,
      room: { memory: 1e9, heap: 1e9 },
      speedOf: () => Promise.resolve(null),
    });
    assert.match(small.notes[0]!, /of memory/);
    assert.doesNotMatch(small.notes[0]!, /a step of training/);
  });
});

/** A file of weights of which nothing but the header takes room on the disk. */
async function writeHole(path: string, shapes: ReadonlyMap<string, number[]>): Promise<void> {
  let at = 0;
  const entries = [...shapes].map(([name, shape]) => {
    const bytes = 4 * shape.reduce((size, n) => size * n, 1);
    const entry = { dtype: "F32", shape, data_offsets: [at, at + bytes] };
    at += bytes;
    return [name, entry];
  });
  const header = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  using file = await Deno.open(path, { write: true, create: true });
  await file.write(new Uint8Array(new BigUint64Array([BigInt(header.length)]).buffer));
  await file.write(header);
  await file.truncate(8 + header.length + at);
}
