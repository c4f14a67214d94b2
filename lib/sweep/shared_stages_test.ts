import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { stagesCommand } from "../commands/stages.ts";
import { sweepCommand } from "../commands/sweep/command.ts";
import type { RunResult } from "../run/result.ts";
import type { StagesTold } from "../run/stages/keeper.ts";
import { captured } from "../testing/captured.ts";
import { withFolder } from "../testing/with_folder.ts";
import { SweepStore } from "./store.ts";

/** Sweeps of real workers on planted tasks. */
const FILE = `set: {
  backend: cpu, suite: planted, n_tasks: 3, n_heldout_tasks: 2, n_train: 12, n_validation: 2, n_test: 2,
  n_skills: 3, r: 2, steps: 3, evaluate_every: 0, shots: 4, adaptation_steps: 2, adaptation_batch_size: 4
}
`;
const PROGRAM = new URL("../../experiments/sweep.ts", import.meta.url).pathname;

/** A folder called results, with a sweep's file beside it. */
async function withResults(test: (results: string, file: string) => Promise<void>): Promise<void> {
  await withFolder(async (dir) => {
    const file = join(dir, "x.yaml");
    await Deno.writeTextFile(file, FILE);
    await test(join(dir, "results"), file);
  });
}

const sweep = async (...args: string[]) => {
  const { code, stderr } = await captured((output) => sweepCommand([...args, "-q"], output));
  assert.equal(code, 0, stderr);
};

const resultsOf = async (dir: string) => await (await SweepStore.read(dir)).results();

const stagesOf = ({ provenance }: RunResult) => provenance.stages as StagesTold;

/** How often stages of each kind were made by the runs of a sweep. */
async function madeIn(dir: string): Promise<Record<string, number>> {
  const made: Record<string, number> = {};
  for (const run of await resultsOf(dir)) {
    for (const [kind, count] of Object.entries(stagesOf(run).made)) {
      made[kind] = (made[kind] ?? 0) + count;
    }
  }
  return made;
}

Deno.test("runs of one sweep and of its neighbours train a multi-task phase once", async () => {
  await withResults(async (results, file) => {
    const [a, b] = [join(results, "a"), join(results, "b")];
    await sweep(file, "adaptation=full,routing,average", "seed=0,1", "--out", a, "-j", "2");
    assert.deepEqual(await madeIn(a), {
      multitask: 2,
      seen: 2,
      routing: 2,
      base: 2,
      adaptation: 12,
    });
    await sweep(file, "adaptation=full,random", "seed=1,2", "--out", b, "-j", "1");
    assert.deepEqual(await madeIn(b), {
      multitask: 1,
      seen: 1,
      routing: 1,
      base: 1,
      adaptation: 6,
    });
    const same = (runs: RunResult[]) =>
      runs.find(({ config }) => config.adaptation === "full" && config.seed === 1)!;
    const [inA, inB] = [same(await resultsOf(a)), same(await resultsOf(b))];
    assert.deepEqual(
      [inB.metrics, inB.tasks, inB.files],
      [inA.metrics, inA.tasks, inA.files],
    );
    assert.deepEqual(stagesOf(inB).made, {});

    // A sweep elsewhere keeps its own.
    const elsewhere = join(results, "..", "elsewhere");
    await sweep(file, "--out", elsewhere);
    assert.equal((await madeIn(elsewhere)).multitask, 1);
    assert.ok(existsSync(join(elsewhere, ".stages")));
  });
});

Deno.test("--fresh does everything anew, and leaves the stages of others", async () => {
  await withResults(async (results, file) => {
    const [a, b] = [join(results, "a"), join(results, "b")];
    await sweep(file, "--out", a);
    await sweep(file, "seed=5", "--out", b);
    const [before] = await resultsOf(a);
    await sweep(file, "--out", a, "--fresh");
    const [after] = await resultsOf(a);
    assert.notEqual(after!.provenance.started, before!.provenance.started);
    assert.deepEqual(stagesOf(after!).made, stagesOf(before!).made);
    assert.deepEqual([after!.metrics, after!.files], [before!.metrics, before!.files]);
    // Only a new seed is made in b, as its first is kept.
    await sweep(file, "seed=5,6", "--out", b, "--extend");
    await Deno.remove(join(b, "runs"), { recursive: true });
    await sweep(file, "seed=5,6", "--out", b);
    assert.deepEqual(await madeIn(b), {});
  });
});

Deno.test("deno task stages lists what is kept, and removes what is no longer needed", async () => {
  await withResults(async (results, file) => {
    const a = join(results, "a");
    await sweep(file, "seed=0,1", "--out", a, "-j", "1");
    const stages = async (...args: string[]) =>
      await captured((output) => stagesCommand([results, ...args], output));
    const listed = await stages();
    assert.equal(listed.code, 0);
    const row = (name: string, { stdout }: { stdout: string }) =>
      stdout.split("\n").find((line) => line.startsWith(name))?.trim().split(/ {2,}/).toSpliced(
        2,
        1,
      );
    assert.deepEqual(row("multi-task phases", listed), ["multi-task phases", "2", "2", "0"]);
    assert.deepEqual(row("in all", listed), ["in all", "12", "12", "0"]);
    for (const line of listed.stdout.split("\n")) assert.ok(line.length <= 80, line);

    // A run that is to be done needs its stages; those of a seed that is gone are used by nobody.
    const [first, second] = await resultsOf(a);
    await Deno.remove(join(a, "runs", first!.id, "result.json"));
    assert.deepEqual(row("in all", await stages()), ["in all", "12", "12", "6"]);
    const manifest = join(a, "manifest.json");
    const plan = JSON.parse(await Deno.readTextFile(manifest));
    plan.runs = plan.runs.filter(({ id }: { id: string }) => id !== second!.id);
    await Deno.writeTextFile(manifest, JSON.stringify(plan));
    assert.match((await stages("--remove", "unused")).stderr, /^Removed 6 files, /);
    assert.deepEqual(row("in all", await stages()), ["in all", "6", "6", "6"]);
    assert.match((await stages("--remove", "unneeded")).stderr, /^Removed 0 files/);
    assert.match((await stages("--remove", "all")).stderr, /^Removed 6 files/);
    assert.match((await stages()).stdout, /^No stage is kept/);
    assert.match((await stages("--remove", "al")).stderr, /did you mean "all"\?/);
  });
});

Deno.test("Ctrl-C saves where a run is, and the same command goes on from there", async () => {
  await withResults(async (results, file) => {
    const [a, b] = [join(results, "a"), join(results, "..", "b")];
    const args = [file, "steps=60", "-j", "1"];
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", PROGRAM, ...args, "--out", a],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
      detached: true,
    }).spawn();
    const steps = async () => {
      const [run] = await Array.fromAsync(Deno.readDir(join(a, "runs"))).catch(() => []);
      if (run === undefined) return 0;
      const log = await Deno.readTextFile(join(a, "runs", run.name, "metrics.jsonl")).catch(() =>
        ""
      );
      return log.split("\n").length - 1;
    };
    while (await steps() < 8) await new Promise((resolve) => setTimeout(resolve, 10));
    Deno.kill(-child.pid, "SIGINT"); // to the whole group, as a terminal does
    const { code, stderr } = await child.output();
    assert.equal(code, 130, new TextDecoder().decode(stderr));
    const resumed = await captured((output) => sweepCommand([...args, "--out", a], output));
    assert.match(resumed.stderr, /^\[1\/1\] .* resumed at step \d+$/m);
    const [run] = await resultsOf(a);
    const { resumed_at_step } = stagesOf(run!);
    assert.ok(resumed_at_step !== null && resumed_at_step >= 8, `${resumed_at_step}`);
    await sweep(...args, "--out", b);
    const [whole] = await resultsOf(b);
    assert.equal(stagesOf(whole!).resumed_at_step, null);
    assert.deepEqual([run!.metrics, run!.tasks, run!.files], [
      whole!.metrics,
      whole!.tasks,
      whole!.files,
    ]);
  });
});
