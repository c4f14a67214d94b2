import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { captured } from "../../testing/captured.ts";
import { withEnvironment } from "../../testing/with_environment.ts";
import { withFolder } from "../../testing/with_folder.ts";
import { dataCommand } from "../data/command.ts";
import { reportCommand } from "../report.ts";
import { sweepCommand } from "./command.ts";

const WORKER = new URL("../../testing/fakes/fake_run_worker.ts", import.meta.url);
const sweep = (...args: string[]) =>
  captured((output) => sweepCommand(args, { ...output, worker: WORKER }));

/** A dry run of a sweep; nothing is written. */
const dryRun = (...args: string[]) =>
  sweep(...args, "--dry-run", "--out", join("results", "no such sweep"));

Deno.test("S3 a dry run plans 160,008 runs, every one, and shows their seeds as a range", async () => {
  const started = performance.now();
  const { code, stdout } = await dryRun("seed=0..20000");
  assert.equal(code, 0);
  assert.match(stdout, /\n8 cells, 160008 runs in .*: 0 done, 0 failed, 160008 to do\n/);
  assert.match(stdout, /^16 +8 +4 +0\.\.20000 +0 +0 +20001$/m);
  assert.ok(performance.now() - started < 60_000); // 5 s of processor time
});

Deno.test("newcomer A8: R14 a million runs are refused at once, in one line", async () => {
  const started = performance.now();
  const { code, stdout, stderr } = await dryRun("seed=0..1000000");
  assert.deepEqual([code, stdout], [2, ""]);
  assert.match(stderr, /^Cannot read argument "seed=0\.\.1000000": .* at most 200,000 runs\n$/);
  assert.ok(performance.now() - started < 5000);
});

Deno.test("S1 S2 what may not have been meant is said before the plan", async () => {
  const { code, stderr } = await dryRun("n_skills=2,2", "n_splits=1");
  assert.equal(code, 0);
  assert.match(stderr, /^Note: argument "n_skills=2,2" gives n_skills the value 2 more than once/);
  const superni = await dryRun("experiments/superni.yaml", "n_tasks=20,40");
  assert.match(superni.stdout, /\n6 cells, 18 runs in /);
  assert.match(
    superni.stderr,
    /^Every run would fail: Cannot open suite "superni" without data_dir/,
  );
});

Deno.test("S4 a value that ends in .yaml is a value", async () => {
  const { code, stdout } = await dryRun("data_file=a.yaml,'b,c.yaml'");
  assert.equal(code, 0);
  assert.match(stdout, /^b,c\.yaml +8 /m);
});

Deno.test("S5 paths are those of the folder in which a person calls", async () => {
  await withFolder(async (dir) => {
    await Deno.writeTextFile(join(dir, "mine.yaml"), "set: { n_skills: 2 }");
    await Deno.writeTextFile(join(dir, "mine.jsonl"), "");
    const program = fileURLToPath(new URL("../../testing/fakes/fake_sweep.ts", import.meta.url));
    const call = async (...args: string[]) => {
      const { code, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--quiet", program, ...args],
        env: { INIT_CWD: dir },
      }).output();
      assert.equal(code, 0, new TextDecoder().decode(stderr));
    };
    await call("mine.yaml", "data_file=mine.jsonl", "--out", "out");
    const manifest = JSON.parse(await Deno.readTextFile(join(dir, "out", "manifest.json")));
    assert.equal(manifest.runs[0].config.data_file, join(dir, "mine.jsonl"));
    assert.equal(manifest.runs[0].config.base_model, "data/base");
    await withEnvironment({ INIT_CWD: dir }, async () => {
      const report = await captured((output) => reportCommand(["out"], output));
      assert.deepEqual([report.code, report.stdout], [0, `${join(dir, "out", "report.html")}\n`]);
      const download = { api: "http://127.0.0.1:9", raw: "http://127.0.0.1:9", retryDelays: [] };
      const data = await captured((output) =>
        dataCommand(["superni", "there"], { ...output, download })
      );
      assert.equal(data.code, 2);
      assert.ok(!existsSync("there"));
    });
  });
});

Deno.test("R18 an empty folder of results is refused, and nothing is left", async () => {
  for (const empty of [["--out", ""], ["--out="], ["--out", " "]]) {
    const { code, stderr } = await sweep("seed=0", ...empty);
    assert.equal(code, 2);
    assert.match(
      stderr,
      /^Cannot read the arguments: --out must not be empty; see deno task sweep/,
    );
  }
  assert.ok(!existsSync(".lock"));
  assert.match((await sweep("")).stderr, /^Cannot run a sweep whose file has an empty name/);
});

Deno.test("R26 A5 what cannot fit or work is refused before anything is written", async () => {
  await withFolder(async (dir) => {
    const out = join(dir, "out");
    for (
      const [setting, why] of [
        [
          "n_train=1e8",
          /^Cannot run with n_train 100,000,000 as .* GB here: set a smaller n_train$/m,
        ],
        [
          "n_skills=1e8",
          /^Cannot run with n_skills 100,000,000 as training the adapter would take/m,
        ],
        ["n_splits=5", /^Cannot route 5 splits/m],
        ["target_modules=foo", /^Cannot adapt data\/base as target_modules "foo" names none/m],
        ["suite=bbh", /^Cannot open suite "bbh" without data_dir/m],
        ["suite=jsonl", /^Cannot open suite "jsonl" without data_file/m],
      ] as const
    ) {
      const { code, stdout, stderr } = await sweep(setting, "--out", out);
      assert.deepEqual([code, stdout, existsSync(out)], [2, "", false], setting);
      assert.match(stderr, why);
    }
    const large = await sweep("n_skills=2,1e8", "--out", out, "--dry-run");
    assert.deepEqual([large.code, large.stdout], [2, ""]);
  });
});

Deno.test("newcomer A4: an unknown metric is refused before the first run, of a file and a dry run too", async () => {
  await withFolder(async (dir) => {
    const out = join(dir, "out");
    const { code, stderr } = await sweep("metric=foo", "--out", out);
    assert.deepEqual([code, existsSync(out)], [2, false]);
    assert.match(
      stderr,
      /^Cannot read argument "metric=foo" as the runs will have no column "foo"/,
    );
    const file = join(dir, "x.yaml");
    await Deno.writeTextFile(file, "metric: heldout_exact_mach");
    for (const dry of [[], ["--dry-run"]]) {
      const refused = await sweep(file, "--out", out, ...dry);
      assert.deepEqual([refused.code, refused.stdout, existsSync(out)], [2, "", false]);
      assert.match(
        refused.stderr,
        /^Cannot read .*x\.yaml:1:\d+ metric as .* did you mean "heldout_exact_match"/,
      );
    }
  });
});
