import assert from "node:assert/strict";
import fc from "fast-check";
import { RUN_CONFIG, RUN_CONFIG_KEYS, type RunConfig } from "../run/config.ts";
import { configHash, hashOf } from "../run/id.ts";
import { settingValues } from "./setting_value.ts";
import { readSweep } from "./sweep.ts";

const cellsOf = (text: string, keys: string[], overrides: string[] = []) =>
  readSweep(text, "experiments/x.yaml", overrides).runs.map(({ config }) =>
    keys.map((key) => config[key as "seed"])
  );

Deno.test("readSweep() crosses the grid, moves zipped axes together, and repeats by seed", () => {
  const text = `
question: What?
set: { n_tasks: 5 }
grid: { n_skills: [2, 4] }
zip: { r: [8, 1], n_splits: [1, 8] }
seeds: [0, 3]
`;
  assert.deepEqual(cellsOf(text, ["n_tasks", "n_skills", "r", "n_splits", "seed"]), [
    [5, 2, 8, 1, 0],
    [5, 2, 8, 1, 3],
    [5, 2, 1, 8, 0],
    [5, 2, 1, 8, 3],
    [5, 4, 8, 1, 0],
    [5, 4, 8, 1, 3],
    [5, 4, 1, 8, 0],
    [5, 4, 1, 8, 3],
  ]);
});

Deno.test("readSweep() leaves out what exclude matches and adds what include names, each run once", () => {
  const text = `
grid: { n_skills: [2, 4], n_splits: [1, 4] }
exclude: [{ n_skills: 2, n_splits: 4 }]
include: [{ n_skills: 1, method: shared }, { n_skills: 4, n_splits: 4 }]
`;
  assert.deepEqual(cellsOf(text, ["method", "n_skills", "n_splits"]), [
    ["poly", 2, 1],
    ["poly", 4, 1],
    ["poly", 4, 4],
    ["shared", 1, 1],
  ]);
});

Deno.test("readSweep() lets the command line win, one value as a setting and several as an axis", () => {
  const text = "grid: { n_skills: [2, 4] }\nset: { r: 2 }\nseeds: 0..1\n";
  assert.deepEqual(
    cellsOf(text, ["n_skills", "r", "target_modules", "seed"], [
      "n_skills=8",
      "r=1,3",
      "target_modules=[q,v]",
      "seed=7",
    ]),
    [[8, 1, ["q", "v"], 7], [8, 3, ["q", "v"], 7]],
  );
});

Deno.test("readSweep() names file, line, column and key of what it cannot read", () => {
  const refused = (text: string, message: RegExp, overrides: string[] = []) =>
    assert.throws(() => readSweep(text, "experiments/x.yaml", overrides), {
      name: "SweepError",
      message,
    });
  refused(
    "set: { n_skils: 2 }",
    /experiments\/x\.yaml:1:8 set\.n_skils: .*did you mean "n_skills"\?/,
  );
  refused("question: x\ngrit: {}\n", /x\.yaml:2:1 grit: unknown key, did you mean "grid"\?/);
  refused("grid:\n  n_skills: [2, four]\n", /x\.yaml:2:17 grid\.n_skills\.1 as n_skills is "four"/);
  refused("set: { n_tasks: 0 }\n", /x\.yaml:1:8 set\.n_tasks as n_tasks is 0/);
  refused("seeds: [0.5]", /seeds as seed is 0.5/);
  refused("grid: { r: 4 }", /grid\.r as an axis must be a list/);
  refused("grid: { r: [] }", /grid\.r as an axis must be a list/);
  refused("zip: { r: [1, 2], n_splits: [1] }", /zip as its axes.*r has 2, n_splits has 1/);
  refused("- 1\n", /^Cannot read experiments\/x\.yaml:1:1 as a sweep must be a mapping/);
  refused("a: [1\n", /x\.yaml:\d+:\d+: /);
  refused("set: { r: 1 }\nexclude: [{ r: 1 }]\ngrid: { r: [1] }", /leaves no cell/);
  refused("set: {}", /argument "n_skills" as a setting must be written key=value/, ["n_skills"]);
  refused("set: {}", /argument "nskills=2": unknown setting, did you mean "n_skills"/, [
    "nskills=2",
  ]);
  refused("set: {}", /argument "r=4\.\.1": .*write 1\.\.4/, ["r=4..1"]);
  refused("set: {}", /argument "r=x"|set\.r as r is "x"/, ["r=x"]);
});

Deno.test("readSweep() gives every run a name of its own that ends in its hash", () => {
  const { runs, varying } = readSweep(
    "grid: { n_skills: [2, 4], data_dir: [a/b, c] }\nseeds: 0..2",
    "x.yaml",
  );
  assert.deepEqual(varying, ["data_dir", "n_skills", "seed"]);
  assert.equal(new Set(runs.map(({ id }) => id)).size, 12);
  for (const { id, config } of runs) assert.equal(hashOf(id), configHash(config));
  assert.match(runs[0]!.id, /^data_dir=a_b,n_skills=2,seed=0--[0-9a-f]{8}$/);
});

Deno.test("configHash() tells apart any two settings, and sees no seed where none is to be seen", () => {
  const base = RUN_CONFIG.parse({});
  const hashes = new Set([configHash(base)]);
  for (const key of RUN_CONFIG_KEYS) hashes.add(configHash({ ...base, [key]: "other" }));
  assert.equal(hashes.size, RUN_CONFIG_KEYS.length + 1);
  assert.equal(configHash(base, ["seed"]), configHash({ ...base, seed: 9 }, ["seed"]));
});

Deno.test("configHash() keeps the names of results from before a setting was there", () => {
  // The hash of the defaults when there was no task_seed.
  const { task_seed, ...before } = RUN_CONFIG.parse({});
  assert.equal(task_seed, null);
  assert.equal(configHash(before as RunConfig), "251d8a81");
  assert.equal(configHash({ ...before, task_seed: null }), "251d8a81");
  assert.notEqual(configHash({ ...before, task_seed: 0 }), "251d8a81");
});

Deno.test("settingValues() reads back what was written", () => {
  fc.assert(fc.property(fc.array(fc.integer(), { minLength: 1 }), (values) => {
    assert.deepEqual(settingValues(values.join(",")), values);
  }));
  assert.deepEqual(settingValues("1e-3,true,null,-2..1"), [1e-3, true, null, -2, -1, 0, 1]);
  assert.throws(() => settingValues("1,,2"), SyntaxError);
});
