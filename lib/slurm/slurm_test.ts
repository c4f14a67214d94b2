/** Sweeps through a real Slurm of one node. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { lacking } from "../testing/lacking.ts";
import { HAS_SLURM, LocalSlurm } from "../testing/local_slurm.ts";
import { scratchFolder } from "../util/scratch_folder.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const TABLES = ["leaderboard.md", "results.csv", "tasks.csv", "task_summary.csv", "results.arrow"];

/** Eight runs of two steps in two ways of adapting, and one run that takes some seconds. */
const SWEEP = `set: {
  backend: wasm, suite: planted, n_tasks: 3, n_heldout_tasks: 1, n_train: 12, n_validation: 2,
  n_test: 2, n_skills: 5, r: 2, steps: 2, evaluate_every: 0, shots: 4, adaptation_steps: 2,
  adaptation_batch_size: 4
}
grid: { adaptation: [full, routing] }
include: [{ adaptation: full, steps: 1500, n_validation: 3 }]
seeds: 0..1
slurm: { time: 5, runs_per_element: 1 }
`;

const NAME =
  `a sweep by a real Slurm, of which an element is killed, is resumed by the same command and ` +
  `gives the same bytes as here${lacking("Slurm, or no rights of root,", HAS_SLURM)}`;

Deno.test({ name: NAME, ignore: !HAS_SLURM }, async () => {
  const dir = await scratchFolder("slurm-");
  await using slurm = await LocalSlurm.start();
  try {
    const file = join(dir, "x.yaml");
    await Deno.writeTextFile(file, SWEEP);
    const sweep = async (...args: string[]) => {
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["task", "--quiet", "sweep", file, ...args],
        cwd: ROOT,
        env: { ...slurm.environment, POLY_MATMUL: "wasm", INIT_CWD: ROOT, NO_COLOR: "1" },
        stdin: "null",
      }).output();
      const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
      return { code, stdout: text(stdout), stderr: text(stderr) };
    };
    const out = join(dir, "out");
    const bySlurm = ["--out", out, "--launcher", "slurm"];

    const first = await sweep(...bySlurm);
    assert.equal(first.code, 0, first.stderr);
    assert.match(
      first.stderr,
      /^Submitted 6 runs as 6 elements, 2 of which wait for others .*; jobs \d+, \d+\.$/m,
    );
    assert.match(first.stderr, /^6 runs in .* [0-9] running, [0-9] pending, 0 not submitted$/m);

    // The element of a long run is killed with everything in it, as by a node that dies.
    const { arrays: [array] } = JSON.parse(
      await Deno.readTextFile(join(out, "slurm", "jobs.json")),
    );
    const index = array.elements.findIndex(([id]: string[]) => id!.includes("steps=1500"));
    const long = array.elements[index][0] as string;
    const element = `${array.job}_${index}`;
    await until(() => existsSync(join(out, "runs", long, "metrics.jsonl")));
    await slurm.run("scancel", ["--full", "--signal=KILL", element]);
    const status = async () => (await sweep("--out", out, "--status")).stdout;
    const isIdle = async () => (await slurm.run("squeue", ["--noheader"])).trim() === "";
    await until(isIdle);
    const told = await status();
    assert.match(told, /^6 runs in .*: 5 done, 0 failed, 0 running, 0 pending, 1 not submitted$/m);
    assert.match(
      told,
      new RegExp(`^Died: element ${index} of job ${array.job}, with .*steps=1500`, "m"),
    );
    assert.ok(told.includes(join(out, "slurm", "logs", `${element}.log`)));
    // The job that collects has written the tables of what there is.
    await until(() => existsSync(join(out, "report.html")));

    const again = await sweep(...bySlurm, "--wait");
    assert.equal(again.code, 0, again.stderr);
    assert.match(again.stderr, /^Submitted 1 run as 1 element /m);
    assert.match(again.stderr, /^\[6\/6\] .*steps=1500,.* heldout_loss=/m);
    assert.match(again.stderr, /^6 runs: 6 done in /m);

    const here = join(dir, "here");
    assert.equal((await sweep("--out", here)).code, 0);
    const bytes = (folder: string) =>
      Promise.all(TABLES.map((name) => Deno.readFile(join(folder, name))));
    assert.deepEqual(await bytes(out), await bytes(here));

    // Nothing is left to do: the tables are written again, and nothing is submitted.
    const idle = await sweep(...bySlurm);
    assert.deepEqual([idle.code, idle.stdout.includes("n_done")], [0, true]);
    assert.doesNotMatch(idle.stderr, /Submitted/);

    // What waits and what is at work can be cancelled.
    const other = join(dir, "other");
    assert.equal((await sweep("--out", other, "--launcher", "slurm")).code, 0);
    const cancelled = await sweep("--out", other, "--cancel");
    assert.match(cancelled.stderr, /^Cancelled [2-3] jobs; \d of 6 runs are done$/m);
    const now = async () => (await sweep("--out", other, "--status")).stdout;
    await until(isIdle);
    assert.match(await now(), / 0 running, 0 pending, /);

    // What Slurm refuses is told in its words.
    const refused = await sweep(...bySlurm, "seed=9", "--extend", "slurm.partition=nowhere");
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /^Cannot go on with Slurm as sbatch .* [Ii]nvalid partition/m);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 90_000; !await isSo();) {
    assert.ok(Date.now() < end, "waited too long");
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
