import assert from "node:assert/strict";
import { sweepFigures } from "../figures/sweep_figures.ts";
import type { RunConfigInput } from "../run/config.ts";
import type { RunResult } from "../run/result.ts";
import { runResult } from "../testing/samples/run_result.ts";
import { writeSampleSweep } from "../testing/samples/sample_sweep.ts";
import { withFolder } from "../testing/with_folder.ts";
import { baselineDifferences } from "./baseline.ts";
import { sweepReport } from "./files.ts";
import { identityOf } from "./identity.ts";
import { leaderboard } from "./leaderboard.ts";
import { pairedDifferences } from "./paired.ts";
import { openStudy, Study } from "./study.ts";
import { rowsOf } from "./table.ts";
import { taskSummary } from "./task_summary.ts";

const A = "a".repeat(64);
const B = "b".repeat(64);

/** A run whose score is the number of its skills, or tenfold with code B. */
function run(settings: RunConfigInput, provenance: Record<string, unknown>): RunResult {
  const value = (settings.n_skills ?? 1) * (provenance.code_sha256 === B ? 10 : 1) +
    (settings.seed ?? 0) / 8;
  return runResult(settings, {
    metrics: { heldout_exact_match: value },
    tasks: [{ task: "sort", phase: "heldout", split: 0, metrics: { exact_match: value } }],
    provenance,
  });
}

const columnsOf = (results: readonly RunResult[]) => {
  const { rows, notes } = identityOf(results);
  return { rows, names: [...new Set(rows.flatMap(Object.keys))], notes };
};

const studyOf = (results: readonly RunResult[]) =>
  new Study("no folder", {
    schema: 1,
    name: "x",
    question: "",
    metric: "heldout_exact_match",
    baseline: { n_skills: 1 },
    varying: ["n_skills", "seed"],
    runs: results,
  }, results);

Deno.test("runs of different code are told apart by every table, and no difference mixes them", () => {
  const codeOf = (n_skills: number, seed: number) => n_skills === 2 && seed > 1 ? B : A;
  const results = [1, 2].flatMap((n_skills) =>
    [0, 1, 2, 3].map((seed) =>
      run({ n_skills, seed, task_seed: 1 }, { code_sha256: codeOf(n_skills, seed) })
    )
  );
  const study = studyOf(results);
  const means = rowsOf(leaderboard(study)).map((
    row,
  ) => [row.n_skills, row.code_hash, row.mean, row.n_done]);
  // Those of two runs are not ranked, and have two digits.
  assert.deepEqual(means, [
    [1, "aaaaaaaa", 1.1875, 4],
    [2, "aaaaaaaa", 2.1, 2],
    [2, "bbbbbbbb", 20, 2],
  ]);
  assert.equal(rowsOf(leaderboard(study, { groupBy: ["n_skills"] })).length, 3, "also when asked");
  const summary = rowsOf(taskSummary(study)).map((row) => [row.code_hash, row.n, row.exact_match]);
  assert.deepEqual(summary.sort(), [
    ["aaaaaaaa", 2, 2.0625],
    ["aaaaaaaa", 4, 1.1875],
    ["bbbbbbbb", 2, 20.3125],
  ]);
  for (
    const table of [
      baselineDifferences(study)!,
      pairedDifferences(study, { baseline: { n_skills: 1 }, groupBy: ["n_skills"] }),
    ]
  ) {
    const [same, other] = rowsOf(table);
    assert.deepEqual([same!.code_hash, same!.difference], ["aaaaaaaa", 1]);
    // There is no baseline of code B.
    assert.deepEqual([other!.code_hash, other!.difference, other!.n], ["bbbbbbbb", null, 0]);
  }
  const sentence =
    "Runs differ in their code: 6 runs have aaaaaaaa, 2 runs have bbbbbbbb. The column " +
    "code_hash tells them apart, and no mean and no difference mixes them.";
  assert.deepEqual(study.identityNotes, [sentence]);
  assert.ok(sweepReport(study).includes(`\n\n${sentence}\n\n`));
  for (const figure of sweepFigures(study)) {
    assert.match(JSON.stringify(figure), /bbbbbbbb/, figure.name);
  }
});

Deno.test("the page of a sweep says in what its runs differ", async () => {
  await withFolder(async (dir) => {
    const results = [0, 1].map((seed) => run({ n_skills: 1, seed }, { threads: seed + 1 }));
    await writeSampleSweep(dir, { varying: ["seed"] }, results);
    const { reportPage } = await import("../report/page/page.ts");
    const { pageData } = await import("../report/page_data.ts");
    const page = await reportPage(await pageData(await Study.read(dir)));
    assert.match(page, /<strong>Runs differ in their threads: 1 run has 1, 1 run has 2\./);
  });
});

Deno.test("what a setting decides is no difference: other data of another data_file", () => {
  const of = (data_file: string, data_sha256: string, more: RunConfigInput = {}) =>
    run({ suite: "jsonl", data_file, ...more }, { data_sha256 });
  assert.deepEqual(columnsOf([of("x", A), of("y", B)]), { rows: [{}, {}], names: [], notes: [] });
  const { names, notes } = columnsOf([of("x", A), of("y", A), of("x", B, { seed: 1 })]);
  assert.deepEqual(names, ["data_hash"]);
  assert.match(notes[0]!, /^Runs differ in their data: 2 runs have aaaaaaaa, 1 run has bbbbbbbb\./);
  const revision = (base_model_revision: string | null, base_model_sha256: string) =>
    run({ base_model: "org/name", base_model_revision }, { base_model_sha256 });
  assert.deepEqual(columnsOf([revision("v1", A), revision("v2", B)]).names, []);
  assert.deepEqual(columnsOf([revision(null, A), revision(null, B)]).names, ["base_model_hash"]);
});

Deno.test("backends and their kernels are told apart, and a device without a BLAS lacks none", () => {
  const on = (backend: string, more: Record<string, unknown> = {}) =>
    run({ backend: "auto" }, { backend, ...more });
  const openBlas = { blas: "OpenBLAS", matmul: "blas", openblas_coretype: null };
  assert.deepEqual(columnsOf([on("wasm", openBlas), on("webgpu")]).names, ["backend_used"]);
  assert.deepEqual(columnsOf([on("wasm", openBlas), on("webgpu")]).notes.length, 1);
  const mkl = { ...openBlas, blas: null };
  const { rows } = columnsOf([on("wasm", openBlas), on("wasm", mkl)]);
  assert.deepEqual(rows, [{ blas: "OpenBLAS" }, { blas: "none" }]);
  const asked = (["wasm", "cpu"] as const).map((backend) => run({ backend }, { backend }));
  assert.deepEqual(columnsOf(asked).names, [], "the setting says it");
});

Deno.test("results that do not say it count as the others, with a sentence, until the others differ", () => {
  const old = run({ seed: 0 }, { backend: "wasm" });
  const named = (seed: number, code_sha256: string) =>
    run({ seed }, { backend: "wasm", code_sha256, threads: 1 });
  assert.deepEqual(columnsOf([old, old]).notes, []);
  const { names, notes } = columnsOf([old, named(1, A), named(2, A)]);
  assert.deepEqual(names, []);
  assert.deepEqual(notes, [
    "1 of 3 runs does not say code, threads, as earlier versions did not: they count as if they had " +
    "the same as the others.",
  ]);
  const mixed = columnsOf([old, named(1, A), named(2, B)]);
  assert.deepEqual(mixed.rows.map(({ code_hash }) => code_hash), [
    "unknown",
    "aaaaaaaa",
    "bbbbbbbb",
  ]);
});

Deno.test("a run without a result goes with its cell, where that is of one kind", () => {
  const failed = runResult({ n_skills: 1, seed: 9 }, { status: "failed", error: "no" });
  const planned = runResult({ n_skills: 2, seed: 9 }, { status: "planned" });
  const rows = identityOf([
    run({ n_skills: 1 }, { code_sha256: A }),
    run({ n_skills: 2 }, { code_sha256: A }),
    run({ n_skills: 2, seed: 1 }, { code_sha256: B }),
    failed,
    planned,
  ]).rows.map(({ code_hash }) => code_hash);
  assert.deepEqual(rows.slice(3), ["aaaaaaaa", null]);
});

Deno.test("the results that are kept with the code read as before: nothing of theirs differs", async () => {
  for await (const { name } of Deno.readDir("results/reference")) {
    const study = await openStudy(`results/reference/${name}`);
    assert.deepEqual(study.identityNotes, [], name);
    const text = await Deno.readTextFile(`${study.dir}/leaderboard.md`);
    assert.equal(sweepReport(study), text, name);
  }
});
