import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { writeRouting } from "../routing/file.ts";
import { RUN_CONFIG_KEYS } from "../run/config.ts";
import type { RunResult } from "../run/result.ts";
import { runResult } from "../testing/samples/run_result.ts";
import { sampleResults } from "../testing/samples/sample_results.ts";
import { writeSampleSweep } from "../testing/samples/sample_sweep.ts";
import { withFolder } from "../testing/with_folder.ts";
import { environmentVariable } from "../util/environment.ts";
import { openStudy, runsTable, Study, studyPlaces, taskTable, typicalRun } from "./study.ts";
import { type Row, rowsOf } from "./table.ts";

Deno.test("openStudy() takes a name of this project, or a path, and names the places it looked in", () =>
  withFolder(async (dir) => {
    await writeSampleSweep(join(dir, "mine"), { question: "Why?", metric: "heldout_loss" });
    const { name, question, metric, baseline, varying, runs } = await openStudy(join(dir, "mine"));
    assert.deepEqual([name, question, metric], ["sample", "Why?", "heldout_loss"]);
    assert.deepEqual(baseline, { n_skills: 1, n_splits: 1 });
    assert.deepEqual(varying, ["n_skills", "n_splits", "seed"]);
    assert.equal(runs.numRows(), 40);
    // Whoever has run the sweep has results of that name of their own, which come first.
    const placesOf = (name: string) =>
      studyPlaces(name, environmentVariable("POLY_REFERENCE_ONLY") !== undefined);
    const [place] = placesOf("quick").filter((dir) => existsSync(join(dir, "manifest.json")));
    assert.equal((await openStudy("quick")).dir, place);
    const kept = (await openStudy("results/reference/quick")).dir;
    assert.equal(kept, placesOf("quick").at(-1));
    await assert.rejects(openStudy("no_such"), ({ name, message }: Error) => {
      assert.equal(name, "StoreError");
      const found = `there is no manifest.json in ${placesOf("no_such").join(" or in ")}: run`;
      assert.ok(message.startsWith(`Cannot open study "no_such" as ${found}`), message);
      return true;
    });
  }));

Deno.test("openStudy() is overridden by SWEEP, and finds results from every working directory", () =>
  withFolder(async (dir) => {
    await writeSampleSweep(join(dir, "mine"), { question: "Mine?" });
    const study = new URL("./study.ts", import.meta.url);
    const config = new URL("../../deno.json", import.meta.url).pathname;
    const opened = async (env: Record<string, string>) => {
      const code = `import { openStudy } from "${study}"; ` +
        `const { name, question } = await openStudy("quick"); console.log(name, question);`;
      const { stdout } = await new Deno.Command(Deno.execPath(), {
        args: [
          "run",
          "-A",
          "--config",
          config,
          "data:application/typescript," + encodeURIComponent(code),
        ],
        cwd: dir,
        env,
      }).output();
      return new TextDecoder().decode(stdout).trim();
    };
    assert.match(await opened({}), /^quick Does finer routing/);
    assert.equal(
      await opened({ SWEEP: "n_tasks" }),
      "n_tasks Does training on more tasks help tasks that are held out?",
    );
    assert.equal(await opened({ SWEEP: "./mine" }), "sample Mine?");
  }));

Deno.test("a study is searched among a person's own results first, but where only kept ones are asked for", () => {
  const below = (...parts: string[]) => join("results", ...parts);
  const ends = (name: string, keptOnly: boolean) =>
    studyPlaces(name, keptOnly).map((place) => relative(".", place));
  assert.deepEqual(ends("quick", false), [below("quick"), below("reference", "quick")]);
  assert.deepEqual(ends("quick", true), [below("reference", "quick")]);
  assert.deepEqual(new Set(ends("./mine", true)), new Set(["mine"]), "a path is that place");
});

Deno.test("Study.log() has the rows of a phase with the settings of their run, and a row for runs without", () =>
  withFolder(async (dir) => {
    const results = [1, 2].map((n_skills) => runResult({ n_skills }));
    await writeSampleSweep(dir, { varying: ["n_skills"] }, results);
    const log = [
      { phase: "multitask", step: 1, loss: 3 },
      { phase: "validation", step: 1, loss: 4, split: 2 },
    ];
    const [first, second] = results.map(({ id }) => join(dir, "runs", id, "metrics.jsonl"));
    await Deno.writeTextFile(first!, log.map((row) => JSON.stringify(row) + "\n").join(""));
    await Deno.remove(second!);
    const study = await Study.read(dir);
    const about = results.map(({ id, config: { n_skills } }) => ({ id, status: "done", n_skills }));
    assert.deepEqual(rowsOf(study.log("validation")), [
      { ...about[0], shot_split: 2, step: 1, loss: 4 },
      { ...about[1], shot_split: null, step: null, loss: null },
    ]);
    assert.deepEqual(study.log("multitask").array("loss"), [3, null]);
    assert.deepEqual(rowsOf(study.log("adaptation")), about);
  }));

Deno.test("Study.routing() is that of the typical run; null where there is none", () =>
  withFolder(async (dir) => {
    const results = sampleResults({ n_skills: [1, 2], n_splits: [1] }, { whole: true });
    await writeSampleSweep(dir, {}, results);
    const study = await Study.read(dir);
    const id = typicalRun(study.runs, study.metric)!;
    assert.equal(results.find((result) => result.id === id)!.config.n_skills, 2);
    // Over a single skill there is nothing to route.
    assert.equal(typicalRun(study.runs.filter("d => d.n_skills === 1"), study.metric), null);
    assert.equal(await study.routing(), null);
    const router = { name: "q", nSkills: 2, nSplits: 1, moduleLogits: [[0.5, -1], [2, 0]] };
    const routing = { tasks: ["sort", "swap"], routers: [router], truth: null };
    await writeRouting(join(dir, "runs", id), routing);
    assert.deepEqual(await study.routing(), { id, routing });
  }));

Deno.test("Study.seedsHaveOwnTasks tells generated tasks of each seed from shared ones", () => {
  const about = { schema: 1, name: "x", question: "", metric: "x", baseline: null } as const;
  const study = (results: RunResult[]) =>
    new Study("", { ...about, varying: [], runs: [] }, results);
  const seeds = [0, 1];
  assert.equal(study(seeds.map((seed) => runResult({ seed }))).seedsHaveOwnTasks, true);
  assert.equal(study([runResult({ seed: 0 })]).seedsHaveOwnTasks, false);
  assert.equal(
    study(seeds.map((seed) => runResult({ seed, task_seed: 3 }))).seedsHaveOwnTasks,
    false,
  );
});

Deno.test("Study.provenance has a row for each run, and writes what is not a plain value as JSON", () => {
  const about = { schema: 1, name: "x", question: "", metric: "x", baseline: null } as const;
  const study = new Study("", { ...about, varying: [], runs: [] }, [
    runResult({ seed: 0 }, { id: "a", provenance: { seconds: 2, threads: [1, 2] } }),
    runResult({ seed: 1 }, { id: "b", status: "planned" }),
  ]);
  assert.deepEqual(rowsOf(study.provenance), [
    { id: "a", seconds: 2, threads: "[1,2]" },
    { id: "b", seconds: null, threads: null },
  ]);
});

const results = sampleResults(
  { n_skills: [2, 4], n_splits: [1], method: ["shared", "poly"], seed: [0, 1, 2] },
  { whole: true },
);
const withScores = (scores: readonly number[]): RunResult[] =>
  results.map((result, i) => ({
    ...result,
    metrics: { seen_rouge_l: scores[i]!, seen_loss: scores[i]! },
  }));

Deno.test("typicalRun() takes the typical run of the best settings that learn routing", () => {
  // shared 2, shared 4, poly 2, poly 4
  const scored = withScores([9, 9, 9, 9, 9, 9, 1, 2, 3, 5, 1, 4]);
  assert.equal(typicalRun(runsTable(scored), "seen_rouge_l"), scored[11]!.id);
  assert.equal(typicalRun(runsTable(scored), "seen_loss"), scored[7]!.id);
});

Deno.test("typicalRun() passes over what is not done, and finds nothing among nothing", () => {
  const scored = withScores([9, 9, 9, 9, 9, 9, 1, 2, 3, 5, 1, 4]);
  const broken = scored.map((result, i) =>
    i < 9 ? result : { ...result, status: "diverged" as const }
  );
  assert.equal(typicalRun(runsTable(broken), "seen_rouge_l"), broken[7]!.id);
  assert.equal(typicalRun(runsTable(scored.slice(0, 6)), "seen_rouge_l"), null);
  assert.equal(typicalRun(runsTable([]), "seen_rouge_l"), null);
});

Deno.test("runsTable() has a column for every setting and for metrics that only later runs have", () => {
  const table = runsTable([
    runResult({ seed: 0, target_modules: ["q", "v"] }, { status: "planned" }),
    runResult({ seed: 1 }, { metrics: { seen_loss: 0.5 } }),
    runResult({ seed: 2 }, { metrics: { recovery: null, seen_loss: 0.25 } }),
    runResult({ seed: 3 }, { status: "failed", error: "no disk" }),
  ]);
  assert.deepEqual(table.columnNames(), [
    "id",
    "status",
    ...RUN_CONFIG_KEYS,
    "seen_loss",
    "recovery",
    "error",
  ]);
  const rows = rowsOf(table);
  assert.deepEqual(rows.map(({ seed, status }) => [seed, status]), [
    [0, "planned"],
    [1, "done"],
    [2, "done"],
    [3, "failed"],
  ]);
  assert.deepEqual(rows.map(({ seen_loss }) => seen_loss), [null, 0.5, 0.25, null]);
  assert.deepEqual(rows.map(({ recovery }) => recovery), [null, null, null, null]);
  assert.deepEqual(rows.map(({ error }) => error), [null, null, null, "no disk"]);
  assert.deepEqual([rows[0]!.target_modules, rows[1]!.target_modules], ['["q","v"]', "all-linear"]);
});

Deno.test("runsTable() refuses NaN by name, and shows a missing value where the run diverged", () => {
  const wild = { metrics: { seen_loss: NaN } };
  assert.throws(() => runsTable([runResult({}, { id: "a", ...wild })]), {
    name: "RangeError",
    message: 'Cannot make a table as metrics must be finite: seen_loss of run "a" is NaN',
  });
  const [row] = rowsOf(runsTable([runResult({}, { status: "diverged", ...wild })]));
  assert.deepEqual([row!.status, row!.seen_loss], ["diverged", null]);
  assert.deepEqual(rowsOf(runsTable([])), []);
});

Deno.test("runsTable() and taskTable() refuse a metric with the name of another column", () => {
  const score = { task: "sort", phase: "seen", split: 0 } as const;
  const of = (name: string) => runResult({}, { id: "a", metrics: { [name]: 1 } });
  for (const name of ["n_skills", "id", "error"]) {
    assert.throws(() => runsTable([of(name)]), {
      name: "RangeError",
      message: `Cannot make a table as metric "${name}" of run "a" has the name of another column`,
    });
  }
  assert.throws(
    () => taskTable([runResult({}, { id: "a", tasks: [{ ...score, metrics: { phase: 1 } }] })]),
    /metric "phase" of seen task "sort" of run "a"/,
  );
});

Deno.test("taskTable() has a row for each run, task and draw, with settings and parameters", () => {
  const results = [
    runResult({ seed: 0 }, { status: "planned" }),
    runResult({ seed: 1 }, {
      metrics: { parameters_multitask: 100, seen_loss: 3 },
      tasks: [
        { task: "sort", phase: "seen", split: 0, metrics: { loss: 1 } },
        { task: "swap", phase: "heldout", split: 0, metrics: { loss: 2, rouge_l: 0.5 } },
        { task: "swap", phase: "heldout", split: 1, metrics: { loss: 4 } },
      ],
    }),
  ];
  const pick = (rows: Row[]) =>
    rows.map((row) => [row.seed, row.parameters_multitask, row.task, row.shot_split, row.rouge_l]);
  const table = taskTable(results);
  assert.deepEqual(pick(rowsOf(table)), [
    [1, 100, "sort", 0, null],
    [1, 100, "swap", 0, 0.5],
    [1, 100, "swap", 1, null],
  ]);
  // The setting of this name stays what it is, and metrics of the run do not stand beside a task's.
  assert.equal(rowsOf(table)[0]!.split, "seeded");
  assert.equal(table.columnNames().includes("seen_loss"), false);
  assert.deepEqual(table.array("phase"), ["seen", "heldout", "heldout"]);
});
