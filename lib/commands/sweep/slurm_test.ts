import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { captured } from "../../testing/captured.ts";
import { FakeSlurm } from "../../testing/fakes/fake_slurm.ts";
import { withEnvironment } from "../../testing/with_environment.ts";
import { withFolder } from "../../testing/with_folder.ts";
import { sweepCommand } from "./command.ts";

const CORES = navigator.hardwareConcurrency;

const WORKER = new URL("../../testing/fakes/fake_run_worker.ts", import.meta.url);
const sweep = (slurm: FakeSlurm | null, ...args: string[]) =>
  captured((output) =>
    sweepCommand(args, { ...output, worker: WORKER, ...(slurm === null ? {} : { slurm }) })
  );

Deno.test("a sweep is submitted once, says where it stands, and is cancelled", async () => {
  await withFolder(async (dir) => {
    const [slurm, out] = [new FakeSlurm(), join(dir, "out")];
    const by = ["seed=0..4", "--out", out, "--launcher", "slurm", "slurm.runs_per_element=2"];
    const dry = await sweep(slurm, ...by, "--dry-run", "slurm.partition=gpu");
    assert.match(dry.stdout, /\nSlurm would get 40 runs as 20 elements \(2 runs in each, as/);
    assert.match(dry.stdout, /\n {2}sbatch --job-name=<name> .* --array=0-19 --partition=gpu\n$/);
    assert.deepEqual([existsSync(out), slurm.submitted.size], [false, 0]);

    const first = await sweep(slurm, ...by);
    assert.deepEqual([first.code, first.stdout], [0, ""]);
    assert.match(first.stderr, /^Submitted 40 runs as 20 elements \(.*\); job 100\.$/m);
    assert.match(first.stderr, /^ {0,2}Status: +deno task sweep .* --status$/m);
    const again = await sweep(slurm, ...by);
    assert.equal(again.code, 0);
    assert.doesNotMatch(again.stderr, /Submitted/);
    assert.match(again.stderr, /0 done, 0 failed, 0 running, 40 pending, 0 not submitted$/m);

    slurm.set("100", "running", 3);
    const status = await sweep(slurm, "--out", out, "--status");
    assert.match(status.stdout, /^40 runs in .* 2 running, 38 pending, 0 not submitted$/m);
    assert.match(status.stdout, /^Pending: 19 elements, as Slurm says, for Resources$/m);
    const cancelled = await sweep(slurm, "--out", out, "--cancel");
    assert.match(cancelled.stderr, /^Cancelled 2 jobs; 0 of 40 runs are done$/m);
    const log = join(out, "slurm", "logs", "100_3.log");
    await Deno.writeTextFile(log, "begun\nslurmstepd: error: *** JOB 103 CANCELLED ***\n");
    const died = await sweep(slurm, "--out", out, "--status");
    assert.match(
      died.stdout,
      /^Died: element 3 of job 100, with .*,seed=1 and .*,seed=2\n {2}\S+100_3\.log$/m,
    );
    assert.match(died.stdout, /^ {2}\| slurmstepd: error: \*{3} JOB 103 CANCELLED \*{3}$/m);
    assert.match(died.stdout, /^Never begun: 19 elements, cancelled or refused, without a log$/m);
  });
});

Deno.test("what is asked of Slurm in vain is refused in one line, and nothing is written", async () => {
  await withFolder(async (dir) => {
    const [slurm, out] = [new FakeSlurm(), join(dir, "out")];
    for (
      const [args, why] of [
        [["slurm.time=5"], /^Cannot use slurm\.time=5 as the runs are done on this machine: add /],
        [["--wait"], /^Cannot use --wait as the runs are done on this machine: add --launcher/],
        [["--launcher", "slrum"], /^Cannot read --launcher slrum, did you mean "slurm"\?/],
        [["--status", "--cancel"], /^Cannot say the status and cancel at once/],
        [
          ["--status"],
          /^Cannot say where the jobs stand of .* as nothing of it was submitted: add /,
        ],
        [["--launcher", "slurm", "slurm.tim=5"], /unknown setting of Slurm, did you mean "time"\?/],
        [
          ["--launcher", "slurm", "--jobs", "4"],
          /^Cannot run 4 runs at once as 4 × 1 thread are more than the 1 core of an element: write .*slurm\.cpus_per_task=4$/m,
        ],
        [
          ["--threads", "1000", "--jobs", "1"],
          /^Cannot run 1 run at once as 1 × 1000 threads are more than the \d+ cores of this machine: write /,
        ],
        [["--launcher", "slurm", "--fail-fast"], /^Cannot stop at a number of failures as no el/],
        [["--launcher", "slurm", "--max-failures", "3"], /^Cannot stop at a number of failures as/],
        [
          ["--launcher", "slurm", "--batch-runs", "4"],
          /^Cannot use --batch-runs 4 as elements of a/,
        ],
        [["--threads", "0"], /^Cannot read --threads 0 as it must be an integer of at least 1/],
      ] as const
    ) {
      const { code, stdout, stderr } = await sweep(slurm, "--out", out, ...args);
      assert.deepEqual([code, stdout, existsSync(out)], [2, "", false], args.join(" "));
      assert.match(stderr, why);
    }
  });
});

Deno.test("threads share the cores with runs, and without a BLAS have no effect, which is said", async () => {
  await withFolder(async (dir) => {
    const out = join(dir, "out");
    const one = await sweep(null, "seed=0", "n_skills=2", "--out", out, "--threads", `${CORES}`);
    assert.equal(one.code, 0, one.stderr);
    if (CORES === 1) return;
    await withEnvironment({ POLY_BLAS: "/no/such/blas.so" }, async () => {
      const { stderr } = await sweep(null, "seed=0", "--dry-run", "--out", out, "--threads", "2");
      assert.match(
        stderr,
        /^Note: --threads 2 has no effect: \/no\/such\/blas\.so cannot be opened: /m,
      );
    });
  });
});

Deno.test("a machine without Slurm says so, and where it would be found", async () => {
  await withFolder(async (dir) => {
    await withEnvironment({ PATH: dir }, async () => {
      const { code, stderr } = await sweep(null, "--out", join(dir, "out"), "--launcher", "slurm");
      assert.equal(code, 2);
      assert.match(
        stderr,
        /^Cannot launch by Slurm as sbatch, squeue, scancel are not found on this machine: run the/,
      );
    });
  });
});
