import assert from "node:assert/strict";
import { readSlurmSettings } from "../../slurm/settings.ts";
import { readExtended } from "./extended.ts";
import { readSweep } from "./sweep.ts";

const BASE = `question: What?
metric: heldout_loss
baseline: { method: shared }
set: { r: 2, steps: 30 }
grid: { n_skills: [2, 4], method: [shared, poly] }
zip: { n_splits: [1, 2], n_tasks: [4, 8] }
exclude: [{ n_skills: 4, method: shared }]
seeds: 0..1
slurm: { partition: cpu, mem: 4G }
`;

/** Reads the first of some files with those that it extends. */
async function extended(files: Record<string, string>) {
  const [path] = Object.keys(files);
  return await readExtended(
    { path: path!, text: files[path!]! },
    (path) =>
      path in files ? Promise.resolve(files[path]!) : Promise.reject(new Error(`no file ${path}`)),
  );
}

async function sweepOf(own: string, base = BASE) {
  const { yaml } = await extended({ "x/mine.yaml": own, "x/base.yaml": base });
  return { ...readSweep(yaml, "x/mine.yaml"), slurm: readSlurmSettings(yaml, "x/mine.yaml", []) };
}

/** What the same text is in one file. */
const written = (text: string) => {
  const { runs, question, metric, baseline, varying } = readSweep(text, "x/mine.yaml");
  return { runs, question, metric, baseline, varying };
};

Deno.test("extends: a file is what it says on top of what the other says, as if it were one", async () => {
  const pairs: [string, string][] = [
    ["", BASE],
    ["question: Other?\\nseeds: 5", BASE.replace("What?", "Other?").replace("0..1", "5")],
    ["set: { steps: 9 }", BASE.replace("30", "9")],
    ["grid: { r: [1, 8] }", BASE.replace("r: 2, ", "").replace("poly] }", "poly], r: [1, 8] }")],
    [
      "set: { n_skills: 4 }\\nexclude: []",
      BASE.replace("n_skills: [2, 4], ", "")
        .replace("r: 2,", "r: 2, n_skills: 4,").replace(/exclude.*\n/, ""),
    ],
    ["baseline:", BASE.replace(/baseline.*\n/, "")],
    ["grid:\\nset: {}", BASE],
  ];
  for (const [own, whole] of pairs) {
    const { runs, question, metric, baseline, varying, name } = await sweepOf(
      `extends: base.yaml\n${own.replaceAll("\\n", "\n")}`,
    );
    assert.deepEqual({ runs, question, metric, baseline, varying }, written(whole), own);
    assert.equal(name, "mine");
  }
  const { slurm } = await sweepOf("extends: base.yaml\nslurm: { mem: 8G }");
  assert.deepEqual([slurm.partition, slurm.mem], ["cpu", "8G"]);
});

Deno.test("extends: a chain of files, from the folder of each, and the texts of all", async () => {
  const { yaml, files } = await extended({
    "x/mine.yaml": "extends: ../y/middle.yaml\nset: { r: 1 }",
    "y/middle.yaml": "extends: base.yaml\nset: { r: 2, steps: 5 }",
    "y/base.yaml": BASE,
  });
  const { r, steps } = readSweep(yaml, "x/mine.yaml").runs[0]!.config;
  assert.deepEqual([r, steps], [1, 5]);
  assert.deepEqual(files.map(({ path }) => path), ["x/mine.yaml", "y/middle.yaml", "y/base.yaml"]);
});

Deno.test("extends: faults are told in the file that they are in", async () => {
  const refused = async (own: string, base: string, message: RegExp) =>
    await assert.rejects(sweepOf(own, base), { name: "SweepError", message });
  const own = "extends: base.yaml\n";
  await refused(own, "set: { n_skill: 2 }", /x\/base\.yaml:1:8 set\.n_skill: unknown setting/);
  await refused(`${own}set: { r: two }`, BASE, /x\/mine\.yaml:2:8 set\.r as r is "two"/);
  await refused(`${own}grid: { r: 7 }`, BASE, /x\/mine\.yaml:2:9 grid\.r as an axis/);
  await refused(own, BASE.replace("[1, 2]", "[1, 2, 3]"), /x\/base\.yaml:6:1 zip .*n_splits has 3/);
  await refused(`${own}metric: none`, BASE, /x\/mine\.yaml:2:1 metric as the runs/);
  await refused(own, "- a", /x\/base\.yaml:1:1 as a sweep must be a mapping/);
  await refused(own, "a: [", /x\/base\.yaml:1:\d/);
  await refused("extends: 7", BASE, /x\/mine\.yaml:1:1 extends as it must be the path/);
  await refused("extends: none.yaml", BASE, /x\/mine\.yaml:1:1 extends: no file x\/none\.yaml/);
  await refused(
    "extends: ./mine.yaml",
    BASE,
    /x\/mine\.yaml:1:1 extends as no file can extend itself/,
  );
  await refused(
    own,
    "extends: ../x/mine.yaml",
    /x\/base\.yaml:1:1 .*mine\.yaml extends x\/base\.yaml extends x\/mine\.yaml/,
  );
  assert.throws(() => readSweep(own, "x.yaml"), /x\.yaml:1:1 extends as a text that is of no file/);
});
