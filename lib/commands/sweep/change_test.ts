import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { captured } from "../../testing/captured.ts";
import { withEnvironment } from "../../testing/with_environment.ts";
import { withFolder } from "../../testing/with_folder.ts";
import { sweepCommand } from "./command.ts";
import { describeChange } from "./change.ts";

const WORKER = new URL("../../testing/fakes/fake_run_worker.ts", import.meta.url);

/** A sweep of `yaml` in a folder of its own, as a command that takes more words. */
async function withSweep(
  yaml: string,
  test: (
    sweep: (...args: string[]) => ReturnType<typeof captured>,
    out: string,
    file: string,
  ) => Promise<void>,
): Promise<void> {
  await withFolder(async (dir) => {
    const [file, out] = [join(dir, "x.yaml"), join(dir, "out")];
    await Deno.writeTextFile(file, yaml);
    const sweep = (...args: string[]) =>
      captured((output) =>
        sweepCommand([file, "--out", out, ...args], { ...output, worker: WORKER })
      );
    await test(sweep, out, file);
  });
}

const manifestOf = async (dir: string) =>
  JSON.parse(await Deno.readTextFile(join(dir, "manifest.json"))) as {
    runs: { config: Record<string, unknown> }[];
  };

Deno.test("newcomer A6: a changed sweep is told as settings, with a folder and a command that run it", () =>
  withSweep("set: { steps: 150 }\nseeds: 0..1\n", async (sweep, out, file) => {
    assert.equal((await sweep()).code, 0);
    const before = await Deno.readTextFile(join(out, "manifest.json"));
    const refused = await sweep("steps=300");
    assert.deepEqual([refused.code, refused.stdout], [2, ""]);
    const [command] = /deno task sweep .*$/m.exec(refused.stderr)!;
    assert.equal(
      refused.stderr,
      `${out} holds another sweep. Since it ran there, this has changed:\n` +
        "  steps: 150 → 300\n" +
        "To run it into a folder of its own:\n" +
        `  deno task sweep ${file} steps=300 --out ${out},steps=300\n` +
        "To keep what is there beside it, in one table:\n" +
        `  deno task sweep ${file} --out ${out} steps=300 --extend\n`,
    );
    assert.equal(await Deno.readTextFile(join(out, "manifest.json")), before);
    const words = command.replace("deno task sweep ", "").split(" ");
    const run = await captured((output) => sweepCommand(words, { ...output, worker: WORKER }));
    assert.equal(run.code, 0, run.stderr);
    assert.equal((await manifestOf(`${out},steps=300`)).runs[0]!.config.steps, 300);
  }));

Deno.test("newcomer A6: a dry run of a changed sweep shows what would run, and the change, and refuses nothing", () =>
  withSweep("grid: { n_skills: [2, 4] }", async (sweep, out, file) => {
    await sweep();
    const { code, stdout, stderr } = await sweep("n_skills=4,8", "--dry-run");
    assert.equal(code, 0);
    assert.match(stdout, /^2 cells, 2 runs in \S+,n_skills=4\+8: 0 done, 0 failed, 2 to do$/m);
    assert.match(
      stderr,
      /^\S+ holds another sweep\. Since it ran there, this has changed:\n {2}n_skills: 2, 4 → 4, 8\n/,
    );
    assert.ok(
      stderr.includes(`  deno task sweep ${file} n_skills=4,8 --out ${out},n_skills=4+8\n`),
    );
    assert.ok(!existsSync(`${out},n_skills=4+8`));
    const extended = await sweep("n_skills=4,8", "--dry-run", "--extend");
    assert.match(extended.stdout, /^3 cells, 3 runs in \S+: 2 done, 0 failed, 1 to do/m);
    assert.equal(extended.stderr, "");
  }));

Deno.test("newcomer A6: seeds and cells are added without a word of permission", () =>
  withSweep("grid: { n_skills: [2, 4] }", async (sweep) => {
    await sweep();
    const seeds = await sweep("seed=0..2");
    assert.equal(seeds.code, 0, seeds.stderr);
    assert.match(seeds.stderr, /^6 runs: 6 done in /m);
    const cells = await sweep("seed=0..2", "n_skills=2,4,8");
    assert.match(cells.stderr, /^9 runs: 9 done in /m);
    const axis = await sweep("seed=0..2", "n_skills=2,4,8", "n_splits=1,4", "--dry-run");
    assert.match(axis.stdout, /: 9 done, 0 failed, 9 to do/);
  }));

Deno.test("newcomer A6: fewer seeds are in nobody's way: what is done stays, and only what is asked for runs", () =>
  withSweep("seeds: 0..3", async (sweep, out) => {
    assert.equal((await sweep("seed=2")).code, 0);
    const fewer = await sweep("seed=0,1");
    assert.equal(fewer.code, 0, fewer.stderr);
    assert.match(
      fewer.stderr,
      /^Note: seed 2 is not asked for: what is done with it stays in the table\.$/m,
    );
    assert.match(fewer.stderr, /^3 runs: 3 done in /m);
    assert.deepEqual((await manifestOf(out)).runs.map(({ config }) => config.seed), [2, 0, 1]);
    const all = await sweep();
    assert.match(all.stderr, /^4 runs: 4 done in /m);
  }));

Deno.test("a run that was planned and never done leaves the plan when its seed is not asked for", () =>
  withSweep("zip: { data_file: [fine, fail], r: [1, 2] }", async (sweep, out) => {
    assert.equal((await sweep("seed=0..1")).code, 1);
    const fewer = await sweep("seed=0", "--dry-run");
    assert.match(fewer.stdout, /^2 cells, 3 runs in \S+: 2 done, 1 failed, 1 to do/m);
    await sweep("seed=0");
    assert.equal((await manifestOf(out)).runs.length, 3);
  }));

Deno.test("newcomer A6: --only failed writes nothing where nothing has failed", () =>
  withSweep("grid: { n_skills: [2, 4] }", async (sweep, out) => {
    const never = await sweep("--only", "failed");
    assert.deepEqual([never.code, existsSync(out)], [2, false]);
    assert.match(never.stderr, /^Cannot select failed runs as no sweep has run in /);
    await sweep();
    const manifest = join(out, "manifest.json");
    const before = [await Deno.stat(manifest), await Deno.readTextFile(manifest)] as const;
    const { code, stdout, stderr } = await sweep("--only", "failed", "n_skills=2,4,8");
    assert.deepEqual([code, stdout], [0, ""]);
    assert.equal(stderr, `No run in ${out} has failed: there is nothing to do.\n`);
    assert.equal(await Deno.readTextFile(manifest), before[1]);
    assert.deepEqual((await Deno.stat(manifest)).mtime, before[0].mtime);
  }));

Deno.test("describeChange() writes commands that the person's shell and folder understand", () => {
  const settings = [{ key: "steps", before: [1], now: [2] }] as const;
  const change = { settings, added: [], left: [], leftByCell: 1 };
  const commands = (...args: Parameters<typeof describeChange>) =>
    describeChange(...args).split("\n").filter((line) => line.startsWith("  deno"));
  for (const out of [["--out", "my out"], ["-o", "my out"], ["--out=my out"], ["-omy out"]]) {
    assert.deepEqual(commands("my out", change, [...out, "--dry-run", "steps=2"]), [
      "  deno task sweep steps=2 --out 'my out,steps=2'",
      `  deno task sweep ${
        out.map((word) => word.includes(" ") ? `'${word}'` : word).join(" ")
      } steps=2 --extend`,
    ]);
  }
  withEnvironment({ INIT_CWD: join(Deno.cwd(), "notebooks") }, () => {
    assert.deepEqual(commands("results/quick/", change, []), [
      "  deno task sweep --out ../results/quick,steps=2",
      "  deno task sweep --extend",
    ]);
  });
});
