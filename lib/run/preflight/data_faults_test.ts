import assert from "node:assert/strict";
import { join } from "node:path";
import { withFolder } from "../../testing/with_folder.ts";
import { parseRunConfig, type RunConfigInput } from "../config.ts";
import { dataFaults } from "./data_faults.ts";

const cell = (settings: RunConfigInput, seeds = [0]) =>
  seeds.map((seed) => parseRunConfig({ ...settings, seed }));
const fault = async (settings: RunConfigInput, seeds?: number[]) =>
  (await dataFaults([cell(settings, seeds)]))[0]!;

/** Lines of `count` tasks with `size` examples each. */
const lines = (count: number, size: number) =>
  Array.from(
    { length: count * size },
    (_, i) => JSON.stringify({ task: `t${i % count}`, input: `in ${i}`, target: "out" }),
  ).join("\n") + "\n";

const OWN = { suite: "jsonl", n_tasks: 4, n_heldout_tasks: 2, n_validation: 2, n_test: 4 } as const;

Deno.test("newcomer A5: dataFaults() finds data that is not named, not there, malformed or too little", async () => {
  await withFolder(async (dir) => {
    const [data_file, torn] = [join(dir, "a.jsonl"), join(dir, "torn.jsonl")];
    await Deno.writeTextFile(data_file, lines(6, 10));
    await Deno.writeTextFile(torn, lines(6, 10).slice(0, -9));
    await Deno.mkdir(join(dir, "empty"));
    for (
      const [settings, why] of [
        [{ suite: "bbh" }, /suite "bbh" without data_dir: set it to a path/],
        [{ suite: "superni", data_dir: "/nope" }, /there is no data_dir "\/nope"/],
        [{ suite: "jsonl" }, /without data_file/],
        [{ suite: "jsonl", data_file: "/nope.jsonl" }, /there is no data_file/],
        [{ suite: "bbh", data_dir: join(dir, "empty") }, /empty/],
        [{ ...OWN, data_file: torn }, /torn\.jsonl:60/],
        [{ ...OWN, data_file, n_tasks: 5 }, /5 tasks to train on were asked for and there are 4/],
        [{ ...OWN, data_file, n_test: 8 }, /leave none to train on after 8 for test/],
        [{ n_tasks: 1e6 }, /Cannot/],
        [
          { ...OWN, data_file, further_scores: ["matthews", "rank_accuracy"] },
          /rank_accuracy .* give its lines "choices"/,
        ],
        [{ unlikelihood: 1 }, /Cannot train with unlikelihood as .* none of suite "skills" has/],
        [{ suite: "planted", label_smoothing: 0.1 }, /Cannot smooth labels/],
      ] satisfies [RunConfigInput, RegExp][]
    ) assert.match(await fault(settings) ?? "none", why, JSON.stringify(settings));
    assert.equal(await fault({ ...OWN, data_file }), null);
    assert.equal(await fault({}), null);
    assert.equal(await fault({ suite: "planted" }), null);
  });
});

Deno.test("dataFaults() tells cells apart that ask for more than there is, and reads a file once", async () => {
  await withFolder(async (dir) => {
    const data_file = join(dir, "a.jsonl");
    await Deno.writeTextFile(data_file, lines(6, 10));
    const sizes = [1, 2, 3, 4, 5].map((n_tasks) => cell({ ...OWN, data_file, n_tasks }));
    const faults = await dataFaults(sizes);
    assert.deepEqual(faults.map((fault) => fault === null), [true, true, true, true, false]);

    let opened = 0;
    const { open } = Deno;
    Deno.open = (...args: Parameters<typeof open>) => {
      if (String(args[0]) === data_file) opened++;
      return open.apply(Deno, args);
    };
    try {
      const { suite: _, ...rest } = OWN;
      const settings = { ...rest, suite: "jsonl", data_file } as const;
      assert.deepEqual(
        await dataFaults([2, 4].map((n_skills) => cell({ ...settings, n_skills }, [0, 1, 2]))),
        [null, null],
      );
    } finally {
      Deno.open = open;
    }
    assert.equal(
      opened,
      2 + OWN.n_tasks + OWN.n_heldout_tasks,
      "for its first letter, for its lines, and for each task",
    );
  });
});

Deno.test("dataFaults() says nothing of tasks that some seed can draw", async () => {
  await withFolder(async (dir) => {
    const data_file = join(dir, "a.jsonl");
    const small = JSON.stringify({ task: "small", input: "a", target: "b" });
    await Deno.writeTextFile(data_file, lines(6, 10) + small + "\n");
    const settings = { ...OWN, data_file, n_tasks: 1, n_heldout_tasks: 0 };
    const faults = await Promise.all(
      [0, 1, 2, 3, 4, 5, 6, 7].map((seed) => fault(settings, [seed])),
    );
    const bad = faults.findIndex((fault) => fault !== null);
    const good = faults.findIndex((fault) => fault === null);
    assert.match(faults[bad]!, /Cannot split task "small"/);
    assert.equal(await fault(settings, [bad, good]), null);
  });
});
