import assert from "node:assert/strict";
import { readSlurmSettings, SLURM_SETTINGS } from "./settings.ts";

const ofFile = (section: string) => readSlurmSettings(`slurm: ${section}`, "x.yaml", []);
const ofWords = (...words: string[]) => readSlurmSettings("", "x.yaml", words);

Deno.test("readSlurmSettings() takes the words of sbatch from the file, and the command line wins", () => {
  const text =
    "slurm:\n  partition: gpu\n  time: 2-12:00:00\n  mem: 4000\n  setup: module load x\n";
  const settings = readSlurmSettings(text, "x.yaml", ["slurm.mem=8G", "slurm.array_parallelism=4"]);
  assert.deepEqual(settings, {
    ...SLURM_SETTINGS.parse({}),
    partition: "gpu",
    time: "2-12:00:00",
    mem: "8G",
    setup: ["module load x"],
    array_parallelism: 4,
  });
  assert.equal(ofWords("slurm.gres=gpu:1,shard:2").gres, "gpu:1,shard:2");
  assert.equal(ofWords("slurm.account=007").account, "007");
  assert.deepEqual(ofWords("slurm.extra=--exclusive").extra, ["--exclusive"]);
  assert.deepEqual(ofWords("slurm.extra=[--exclusive,--nodes=1]").extra, [
    "--exclusive",
    "--nodes=1",
  ]);
  assert.equal(ofFile("{ partition: null }").partition, null);
});

Deno.test("readSlurmSettings() names file, line, column and key of what it cannot read", () => {
  for (
    const [section, why] of [
      [
        "{ partitoin: a }",
        /^Cannot read x\.yaml:1:10 slurm\.partitoin: .* did you mean "partition"\?$/,
      ],
      ["{ timeout_min: 5 }", /unknown setting of Slurm, did you mean "time"\?$/],
      ["{ mem_gb: 4 }", /did you mean "mem"\?$/],
      [
        "{ time: soon }",
        /^Cannot read x\.yaml:1:10 slurm\.time as time is "soon": must be minutes, /,
      ],
      ["{ time: 0 }", /as time is 0: must be minutes/],
      ["{ mem: 4GB }", /as mem is "4GB": must be an integer with K, M, G or T, such as 4G$/],
      ["{ cpus_per_task: 0 }", /as cpus_per_task is 0: must be an integer of at least 1$/],
      ["{ partition: a b }", /as partition is "a b": must be one word$/],
      ["{ partition: --wrap }", /must be one word$/],
      ["{ extra: exclusive }", /as extra is "exclusive": must be options of sbatch, such as/],
      ["{ extra: [--array=0-9] }", /must not be an option that the launcher gives itself$/],
      ['{ setup: ["a\\nb"] }', /must be one line of text$/],
      ["[a]", /^Cannot read x\.yaml:1:1 slurm as it must map settings of Slurm to values$/],
    ] as const
  ) {
    assert.throws(() => ofFile(section), { name: "SweepError", message: why }, section);
  }
  for (
    const [words, why] of [
      [
        ["slurm.partitoin=a"],
        /^Cannot read argument "slurm\.partitoin=a": unknown setting of Slurm, did/,
      ],
      [["slurm.time=1", "slurm.time=2"], /as argument "slurm\.time=1" already gives slurm\.time: /],
      [["slurm.time="], /as a value is missing$/],
      [["slurm.cpus_per_task=two"], /as cpus_per_task is "two": must be an integer of at least 1$/],
    ] as const
  ) {
    assert.throws(() => ofWords(...words), { name: "SweepError", message: why }, words[0]);
  }
});
