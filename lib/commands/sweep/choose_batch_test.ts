import assert from "node:assert/strict";
import { join } from "node:path";
import { SweepStore } from "../../sweep/store.ts";
import { captured } from "../../testing/captured.ts";
import { withFolder } from "../../testing/with_folder.ts";
import { sweepCommand } from "./command.ts";

const WORKER = new URL("../../testing/fakes/fake_run_worker.ts", import.meta.url);

/** Eight examples at once take the least time for each. */
const secondsOfBatch = (examples: number) => Math.abs(examples - 8) + 1;

Deno.test("batch_size: auto is told, measured once, recorded as numbers and kept", async () => {
  await withFolder(async (dir) => {
    const [file, out] = [join(dir, "x.yaml"), join(dir, "out")];
    await Deno.writeTextFile(
      file,
      "set: { suite: planted, backend: wasm, batch_size: auto, accumulation: 2 }\ngrid: { n_skills: [2, 3] }\n",
    );
    const sweep = async (...args: string[]) => {
      const options = { worker: WORKER, secondsOfBatch };
      return await captured((output) =>
        sweepCommand([file, "--out", out, ...args], { ...output, ...options })
      );
    };
    const dry = await sweep("--dry-run");
    assert.match(
      dry.stderr,
      /batch_size would be measured, of 1, 2, 4, 8, 16, 32, 64; a step has 64 /,
    );
    assert.match(dry.stdout, /2 cells, 2 runs/);

    const first = await sweep("-j", "1");
    assert.equal(first.code, 0, first.stderr);
    assert.match(first.stderr, /Batch: steps of 1, 2, 4, 8, 16, 32, 64 examples are measured/);
    assert.match(
      first.stderr,
      /Batch: batch_size 8 and accumulation 8: an example takes 8000 ms of 1 at /,
    );
    const batches = async () =>
      (await SweepStore.read(out)).manifest.runs.map((
        { config },
      ) => [config.n_skills, config.batch_size, config.accumulation]);
    assert.deepEqual(await batches(), [[2, 8, 8], [3, 8, 8]]);

    const again = await sweep("n_skills=2,3,4");
    assert.match(again.stderr, /batch_size 8 and accumulation 8, as in runs planned before/);
    assert.doesNotMatch(again.stderr, /measured/);
    assert.deepEqual((await batches()).at(-1), [4, 8, 8]);
  });
});

Deno.test("batch_size: auto is refused where one batch cannot be chosen for all cells", async () => {
  await withFolder(async (dir) => {
    const file = join(dir, "x.yaml");
    const said = async (yaml: string, ...args: string[]) => {
      await Deno.writeTextFile(file, yaml);
      const words = [file, "--out", join(dir, "out"), "--dry-run", ...args];
      const { code, stderr } = await captured((output) =>
        sweepCommand(words, { ...output, secondsOfBatch })
      );
      assert.equal(code, 2, stderr);
      return stderr;
    };
    const set = "set: { suite: planted, batch_size: auto }\n";
    for (
      const [yaml, args, why] of [
        [
          set + "grid: { accumulation: [1, 2] }",
          [],
          /x\.yaml:2:1 grid names accumulation, and one batch/,
        ],
        [set + "include: [{ batch_size: 4 }]", [], /include names batch_size/],
        [set, ["accumulation=1,2"], /argument "accumulation=1,2" names several values/],
        [set, ["accumulation=0"], /accumulation is 0/],
        [set + "grid: { backend: [cpu, wasm] }", [], /cells that differ in backend/],
        ["", ["batch_size=auto", "base_model=a,b"], /cells that differ in base_model/],
        [set, ["--launcher", "slurm"], /for jobs of a cluster, whose machines are others/],
        ["grid: { batch_size: [auto, 8] }", [], /auto stands for one batch of all cells/],
        ["", ["batch_size=auto,8"], /auto stands for one batch of all cells/],
      ] as [string, string[], RegExp][]
    ) assert.match(await said(yaml, ...args), why);
  });
});
