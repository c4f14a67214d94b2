import assert from "node:assert/strict";
import { RUN_CONFIG, RUN_CONFIG_KEYS, type RunConfig } from "../../run/config.ts";
import { configHash, hashOf } from "../../run/id.ts";
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
  refused("exclude: [{ r: 1 }]\ngrid: { r: [1] }", /leaves no cell/);
  refused("set: {}", /argument "n_skills" as a setting must be written key=value/, ["n_skills"]);
  refused("set: {}", /argument "nskills=2": unknown setting, did you mean "n_skills"/, [
    "nskills=2",
  ]);
  refused("set: {}", /argument "r=4\.\.1": .*write 1\.\.4/, ["r=4..1"]);
  refused("set: {}", /^Cannot read argument "r=x" as r is "x": /, ["r=x"]);
});

Deno.test("readSweep() gives every run a name of its own that ends in its hash", () => {
  const { runs, varying } = readSweep(
    "grid: { n_skills: [2, 4], data_dir: [a/b, c] }\nseeds: 0..2",
    "x.yaml",
  );
  assert.deepEqual(varying, ["data_dir", "n_skills", "seed"]);
  assert.equal(new Set(runs.map(({ id }) => id)).size, 12);
  for (const { id, config } of runs) assert.equal(hashOf(id), configHash(config));
  assert.match(runs[0]!.id, /^data_dir=a_b,n_skills=2,seed=0--[0-9a-f]{16}$/);
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
  const earlier = "251d8a81"; // names ended in eight digits then
  assert.ok(configHash(before as RunConfig).startsWith(earlier));
  assert.ok(configHash({ ...before, task_seed: null }).startsWith(earlier));
  assert.ok(!configHash({ ...before, task_seed: 0 }).startsWith(earlier));
});

/** What a sweep's reading says, a sentence at a time. */
const notesOf = (text: string, overrides: string[] = []) => {
  const notes: string[] = [];
  readSweep(text, "experiments/x.yaml", overrides, { note: (sentence) => notes.push(sentence) });
  return notes;
};

const refuses = (text: string, message: RegExp, overrides: string[] = []) =>
  assert.throws(() => readSweep(text, "experiments/x.yaml", overrides), {
    name: "SweepError",
    message,
  });

Deno.test("S1 an axis of the command line crosses the cells of include too", async () => {
  const planned = async (path: string, keys: string[], override: string) =>
    cellsOf(await Deno.readTextFile(path), keys, [override, "seed=0"]).map((cell) =>
      cell.join(" ")
    );
  assert.deepEqual(
    await planned("experiments/superni.yaml", ["method", "n_splits", "n_tasks"], "n_tasks=20,40"),
    ["shared 1 20", "shared 1 40", "poly 1 20", "poly 1 40", "poly 4 20", "poly 4 40"],
  );
  const baselines = await planned("experiments/baselines.yaml", ["n_tasks"], "n_tasks=8,32");
  assert.deepEqual([baselines.length, new Set(baselines)], [14, new Set(["8", "32"])]);
  const text = "grid: { r: [1, 2] }\ninclude: [{ r: 8, n_splits: 4 }]";
  const cells = ["r", "n_splits", "n_tasks", "n_skills"];
  assert.deepEqual(cellsOf(text, cells, ["n_tasks=3,5", "n_skills=2"]).slice(-2), [
    [8, 4, 3, 2],
    [8, 4, 5, 2],
  ]);
});

Deno.test("S1 the command line wins in cells of include that name its setting, and says so", () => {
  const text = "grid: { method: [shared, poly] }\ninclude: [{ method: poly, n_splits: 4 }]";
  for (const [override, splits] of [["n_splits=1,2", [1, 2]], ["n_splits=8", [8]]] as const) {
    const cells = cellsOf(text, ["method", "n_splits"], [override]);
    assert.deepEqual(
      cells.map((cell) => cell.join(" ")).sort(),
      ["poly", "shared"].flatMap((method) => splits.map((split) => `${method} ${split}`)),
    );
    const [first, second] = notesOf(text, [override]);
    assert.match(
      first!,
      new RegExp(`^argument "${override}" takes the place of .*:2:27 include\\.0`),
    );
    assert.match(second!, /include\.0 adds no cell/);
  }
});

Deno.test("S1 a cell of include that takes a default where others vary is said", () => {
  const [note] = notesOf("grid: { n_skills: [2, 8] }\ninclude: [{ method: shared }]");
  assert.match(note!, /x\.yaml:2:11 include\.0 does not name n_skills, .* default, n_skills 4$/);
  assert.deepEqual(notesOf("grid: { n_skills: [2, 8] }\ninclude: [{ n_skills: 1 }]"), []);
  assert.match(notesOf("include: [{ r: 2 }]")[0]!, /the cell of set alone runs beside those/);
});

Deno.test("S2 seed is refused where other settings are written, and seeds are named", () => {
  for (
    const text of [
      "set: { seed: 1 }",
      "grid: { seed: [1, 2] }",
      "zip: { seed: [1, 2], r: [1, 2] }",
      "include: [{ seed: 1 }]",
      "grid: { r: [1] }\nexclude: [{ seed: 1 }]",
      "baseline: { seed: 1 }",
    ]
  ) refuses(text, /x\.yaml:\d+:\d+ .*seed as .*: write seeds: \[1(,2)?\]/);
  refuses("seed: 1", /x\.yaml:1:1 seed: unknown key, did you mean "seeds"\?/);
  refuses("set: { seeds: [1] }", /set\.seeds as seeds is no setting: write it at the top/);
  refuses("n_skills: 2", /n_skills: unknown key; it is a setting: write it under set/);
});

Deno.test("S2 two sections that give one setting to the same cells are refused, both by place", () => {
  const [set, grid, zip] = ["set: { r: 1 }", "grid: { r: [2] }", "zip: { r: [4] }"];
  for (const [a, b] of [[set, grid], [set, zip], [grid, zip]]) {
    refuses(
      `${a}\n${b}`,
      /x\.yaml:2:\d+ \w+\.r as .*x\.yaml:1:\d+ \w+\.r gives r to the same cells/,
    );
  }
  refuses("set: {}", /argument "r=2" as argument "r=1" already gives r/, ["r=1", "r=2"]);
  refuses("set: {}", /argument "seed=2" as argument "seed=1" already/, ["seed=1", "seed=2"]);
  const twice = ["metric=seen_loss", "metric=heldout_loss"];
  refuses("set: {}", /"metric=heldout_loss" as argument "metric=seen_loss" already/, twice);
});

Deno.test("S2 defaults take part in exclude", () => {
  assert.deepEqual(
    cellsOf("grid: { n_skills: [2, 4] }\nexclude: [{ n_splits: 1, n_skills: 2 }]", ["n_skills"]),
    [[4]],
  );
  assert.deepEqual(
    cellsOf("grid: { target_modules: [[q, v], q] }\nexclude: [{ target_modules: [q, v] }]", [
      "target_modules",
    ]),
    [["q"]],
  );
  refuses("grid: { r: [1, 2] }\nexclude: [{ n_splits: 1 }]", /leaves no cell .*:2:11 exclude\.0/);
});

Deno.test("S2 entries without effect are said or refused", () => {
  const said = (text: string, note: RegExp, overrides: string[] = []) =>
    assert.match(notesOf(text, overrides).join("\n"), note, text);
  said("grid: { r: [1, 2] }\nexclude: [{ r: 3 }]", /x\.yaml:2:11 exclude\.0 excludes nothing/);
  said("grid: { r: [1] }\nexclude: [{ n_skills: 2 }]", /exclude\.0 excludes/, ["n_skills=4"]);
  said("grid: { r: [1, 1, 2] }", /x\.yaml:1:9 grid\.r gives r the value 1 more than once/);
  said("seeds: [0, 0]", /x\.yaml:1:1 seeds gives seed the value 0 more than once/);
  said("", /argument "n_skills=2,2" gives n_skills the value 2 more than once/, ["n_skills=2,2"]);
  said("", /argument "seed=0\.\.2,1" gives seed the value 1/, ["seed=0..2,1"]);
  said("zip: { r: [1, 1], n_splits: [2, 2] }", /zip has 2 rows, of which 1 are different/);
  said("grid: { r: [1, 2] }\ninclude: [{ r: 2 }]", /include\.0 adds no cell/);
  said("baseline: { r: 3 }\ngrid: { r: [1, 2] }", /x\.yaml:1:1 baseline matches no cell/);
  said("baseline: { n_splits: 1 }\ngrid: { r: [1, 2] }", /baseline matches every cell/);
  said(
    "grid: { r: [1, 2] }\nexclude: [{ r: 2 }]\ninclude: [{ r: 2 }]",
    /include\.0 is run although .*exclude\.0 matches it/,
  );
  said(
    "grid: { r: [1, 2] }\nexclude: [{ r: 2 }, { r: 2 }]",
    /exclude\.1 excludes nothing: .* before it/,
  );
  said("set: { suite: skills }", /argument "data_file=a" has no effect: .* uses data_file/, [
    "data_file=a",
  ]);
  said("set: { method: shared }", /argument "n_skills=2" has no effect/, ["n_skills=2"]);
  assert.deepEqual(notesOf("set: { suite: jsonl }", ["data_file=a", "n_skills=2"]), []);
  assert.deepEqual(cellsOf("grid: { r: [2, 2, 1] }\nseeds: [1, 1]", ["r", "seed"]), [[2, 1], [
    1,
    1,
  ]]);
  refuses("grid: { r: [1] }\nexclude: [{}]", /exclude\.0 as it must name a setting/);
  refuses("baseline: {}", /baseline as it must name a setting/);
  refuses("baseline: { r: two }", /x\.yaml:1:13 baseline\.r as r is "two"/);
  refuses("exclude: [{ r: two }]", /exclude\.0\.r as r is "two"/);
  refuses("seeds: []", /seeds as there must be a seed/);
  assert.equal(readSweep("baseline:", "x.yaml").baseline, null);
});

Deno.test("1.2.8 a sweep declares its primary comparisons and the smallest difference of interest", () => {
  const text =
    "baseline: { r: 1 }\nprimary: [{ r: 4, n_splits: 1 }]\nmargin: 0.05\ngrid: { r: [1, 2, 4] }";
  const { primary, margin } = readSweep(text, "x.yaml");
  assert.deepEqual([primary, margin], [[{ r: 4, n_splits: 1 }], 0.05]);
  const none = readSweep("baseline: { r: 1 }\ngrid: { r: [1, 2] }", "x.yaml");
  assert.deepEqual([none.primary, none.margin], [undefined, undefined]);
  assert.match(
    notesOf("baseline: { r: 1 }\nprimary: [{ r: 3 }]\ngrid: { r: [1, 2] }").join(),
    /x\.yaml:2:11 primary\.0 matches no cell beside the baseline/,
  );
  refuses("primary: [{ r: 2 }]", /x\.yaml:1:1 primary as .*: write baseline beside it/);
  refuses("baseline: { r: 1 }\nprimary: { r: 2 }", /primary as it must be a list of settings/);
  refuses("baseline: { r: 1 }\nprimary: [{}]", /primary\.0 as it must name a setting/);
  refuses("margin: 0", /x\.yaml:1:1 margin as .* above 0: got 0/);
  refuses("margin: big", /margin as .* above 0: got "big"/);
});

Deno.test("S2 the experiments of this project have nothing to be said about them", async () => {
  for await (const { name } of Deno.readDir("experiments")) {
    if (!name.endsWith(".yaml") || name === "claims.yaml") continue; // that is no sweep
    assert.deepEqual(notesOf(await Deno.readTextFile(`experiments/${name}`)), [], name);
  }
});

Deno.test("named held-out tasks are counted where nobody says their number", () => {
  const countsOf = (text: string, words: string[] = []) =>
    cellsOf(text, ["n_heldout_tasks"], words).flat();
  assert.deepEqual(countsOf("set: { suite: jsonl, heldout_tasks: [a, b, c] }"), [3]);
  assert.deepEqual(countsOf("set: { suite: jsonl, n_heldout_tasks: 1 }", ["heldout_tasks=[a,b]"]), [
    1,
  ]);
  assert.deepEqual(countsOf("grid: { heldout_tasks: [[], [a]] }"), [4, 1]);
  const ids = (words: string[]) => readSweep("", "x.yaml", words).runs.map(({ id }) => id);
  assert.deepEqual(ids(["heldout_tasks=[]"]), ids([]), "runs keep their names without them");
});

Deno.test("S3 runs whose hashes begin alike are all planned", () => {
  const text = "grid: { n_tasks: [8], n_skills: [2, 8], n_splits: [1, 4] }\n" +
    "set: { suite: skills, task_seed: 0, router_noise: none, steps: 150, n_heldout_tasks: 4, " +
    "adaptation_steps: 40 }";
  const { runs } = readSweep(text, "x.yaml", ["seed=10317,12585"]);
  assert.equal(runs.length, 8);
  const short = runs.map(({ id }) => hashOf(id)!.slice(0, 8));
  assert.equal(short.filter((hash) => hash === "6f057262").length, 2);
  assert.equal(new Set(runs.map(({ id }) => id)).size, 8);
});

Deno.test("R14 more runs than a sweep may have are refused, before they are made", () => {
  const started = performance.now();
  refuses("seeds: 0..1000000", /x\.yaml:1:1 seeds: .* 1,000,001 values .* at most 200,000 runs/);
  refuses("", /argument "seed=0\.\.99999999999": .*100,000,000,000 values/, [
    "seed=0..99999999999",
  ]);
  const axes = "n_skills n_tasks n_train n_validation n_test r steps batch_size".split(" ");
  refuses(
    `grid: { ${axes.map((key) => `${key}: 1..99`).join(", ")} }`,
    /x\.yaml:1:9 grid\.n_skills$/,
  );
  refuses(
    "grid: { r: 1..1000 }",
    /1,000,000 runs, 1,000 of r × 1,000 of seed, .* at most 200,000/,
    [
      "seed=1..1000",
    ],
  );
  assert.ok(performance.now() - started < 5000, "nothing of it is made"); // it took minutes
  assert.equal(readSweep("seeds: 1..1000\ngrid: { r: 1..8 }", "x.yaml").runs.length, 8000);
});

Deno.test("R14 no YAML ends in a stack trace", () => {
  refuses(
    "grid: { target_modules: &a [*a] }",
    /x\.yaml:1:29: \*a stands inside of what it stands for/,
  );
  refuses("set: { n_skills: *nobody }", /x\.yaml:1:18: there is no anchor &nobody/);
  refuses(`grid: ${"[".repeat(1000)}`, /x\.yaml:1:\d+: .* more than 32 levels deep/);
  refuses('"\\e[2J": 1', /x\.yaml:1:1 \\u001b\[2J: unknown key/);
  const letters = [..."abcdefghi"];
  const bomb = letters.map((letter, i) =>
    `${letter}: &${letter} [${Array(10).fill(i === 0 ? "1" : `*${letters[i - 1]}`).join(", ")}]`
  );
  refuses(bomb.join("\n"), /x\.yaml:\d+:\d+: the text gives more than 1,000,000 values/);
});

Deno.test("B2 a wrong value of the command line is told as an argument", () => {
  const text = "set: { n_skills: 2 }\ngrid: { r: [1, 2] }";
  for (
    const [argument, why] of [
      ["n_skills=four", /n_skills is "four": .*expected number/],
      ["n_skills=2,four", /n_skills is "four"/],
      ["method=polly", /method is "polly": .*"shared"\|.*"poly"/],
      ["seed=0.5", /seed is 0\.5/],
      ["r=0", /r is 0: /],
      ["learning_rate=[1e-3,1e-4]", /; several values .*: learning_rate=0\.001,0\.0001/],
      ["learning_rate=1e-3..1e-1", /; a range has integers at both ends/],
      ["heldout_categories=a,b", /; a list is written in brackets: \[a\]/],
      ["N_SKILLS=4", /unknown setting, did you mean "n_skills"\?/],
      ["lr=0.1", /unknown setting, did you mean "learning_rate"\?/],
      ["baseline=x", /baseline is no setting: write it in the sweep's file/],
      ["data_dir=''", /a path must not be empty/],
    ] as const
  ) {
    assert.throws(() => readSweep(text, "x.yaml", [argument]), (error: Error) => {
      assert.ok(error.message.startsWith(`Cannot read argument "${argument}"`), error.message);
      assert.match(error.message, why);
      return true;
    });
  }
});

Deno.test("A4 a metric that no run will have is refused with what may have been meant", () => {
  refuses("", /argument "metric=foo" as the runs will have no column "foo"; there are heldout_/, [
    "metric=foo",
  ]);
  refuses(
    "metric: heldout_los",
    /x\.yaml:1:1 metric .*"heldout_los": did you mean "heldout_loss"\?/,
  );
  refuses("metric: heldout_exact_match\nset: { suite: planted }", /there are heldout_loss/);
  refuses("metric: heldout_loss\nset: { n_heldout_tasks: 0 }", /no column "heldout_loss"/);
  const metricOf = (text: string) => readSweep(text, "x.yaml").metric;
  assert.equal(metricOf(""), "heldout_exact_match");
  assert.equal(metricOf("set: { suite: planted }"), "heldout_loss");
  assert.equal(metricOf("set: { adaptation: none }"), "seen_exact_match");
});
