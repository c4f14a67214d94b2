import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { referenceCommand } from "../commands/reference.ts";
import { reportCommand } from "../commands/report.ts";
import { parseMetrics } from "../run/metrics_log.ts";
import { readPredictions } from "../run/predictions/file.ts";
import { writeRouting } from "../routing/file.ts";
import { SweepStore } from "../sweep/store.ts";
import { Study, typicalRun } from "../tables/study.ts";
import { writeSamplePredictions } from "../testing/samples/sample_predictions.ts";
import { sampleResults } from "../testing/samples/sample_results.ts";
import { writeSampleSweep } from "../testing/samples/sample_sweep.ts";
import { withFolder } from "../testing/with_folder.ts";
import { writeReference } from "./reference.ts";

const TABLES = ["leaderboard.md", "results.csv", "results.arrow", "tasks.csv", "task_summary.csv"];

/** A sweep with routing in every run and logs of more steps than a curve has points. */
async function writeLongSweep(dir: string, steps: number): Promise<void> {
  const results = sampleResults({ n_skills: [2, 4], n_splits: [1, 4], seed: [0, 1, 2] });
  await writeSampleSweep(dir, { baseline: { n_skills: 2, n_splits: 1 } }, results);
  for (const [i, { id, status }] of results.entries()) {
    if (status === "failed") continue;
    const run = join(dir, "runs", id);
    const last = status === "diverged" ? 151 : steps - 3 * (i % 2);
    const rows = Array.from({ length: last }, (_, s) => [
      { phase: "multitask", step: s + 1, loss: Math.sin(s + i) + 3, gradient_norm: 1 },
      ...(s % 50 === 49 ? [{ phase: "validation", step: s + 1, loss: 3 - s / steps }] : []),
      { phase: "adaptation", split: 0, task: "sort", step: s + 1, loss: 1 },
    ]).flat();
    const text = rows.map((row) => `${JSON.stringify(row)}\n`).join("");
    await Deno.writeTextFile(join(run, "metrics.jsonl"), text);
    const routers = [{ name: "q", nSkills: 2, nSplits: 1, moduleLogits: [[i, -1], [-1, i]] }];
    await writeRouting(run, { tasks: ["sort", "swap"], routers, truth: null });
  }
  await writeSamplePredictions(dir, results);
}

async function report(dir: string): Promise<Map<string, Uint8Array>> {
  assert.equal(await reportCommand([dir], { stdout: new PassThrough() }), 0);
  const figures = [...Deno.readDirSync(join(dir, "figures"))].map(({ name }) => `figures/${name}`);
  const files = new Map<string, Uint8Array>();
  for (const name of ["report.html", ...TABLES, ...figures.sort()]) {
    files.set(name, await Deno.readFile(join(dir, name)));
  }
  return files;
}

async function logsOf(dir: string): Promise<string[]> {
  const runs = [...Deno.readDirSync(join(dir, "runs"))].map(({ name }) => name).sort();
  const paths = runs.map((run) => join(dir, "runs", run, "metrics.jsonl"));
  return await Promise.all(
    paths.filter((path) => existsSync(path)).map((path) => Deno.readTextFile(path)),
  );
}

Deno.test("writeReference() keeps what gives the same report, figures and tables, to the byte", () =>
  withFolder(async (folder) => {
    const [whole, copy, again] = ["whole", "copy", "again"].map((name) => join(folder, name));
    await writeLongSweep(whole!, 500);
    await writeReference(whole!, copy!);
    await writeReference(copy!, again!);
    assert.deepEqual(await logsOf(again!), await logsOf(copy!), "a copy of the copy is the same");
    assert.ok(!existsSync(join(copy!, "results.csv")), "tables are written by the report");
    const expected = await report(whole!);
    assert.ok(expected.has("figures/multitask_loss.svg"));
    assert.match(new TextDecoder().decode(expected.get("report.html")), /"answers":\{"whose":/);
    assert.deepEqual(await report(copy!), expected);
  }));

Deno.test("writeReference() drops the rows and the routing that nothing reads", () =>
  withFolder(async (folder) => {
    const [whole, copy] = [join(folder, "whole"), join(folder, "copy")];
    await writeLongSweep(whole, 500);
    await Deno.mkdir(copy);
    await Deno.writeTextFile(join(copy, "old.txt"), "of an earlier copy");
    await writeReference(whole, copy);
    const store = await SweepStore.read(copy);
    const results = await store.results();
    const shown = typicalRun((await Study.read(copy)).runs, store.manifest.metric)!;
    for (const { id, status } of results) {
      const files = [...Deno.readDirSync(join(copy, "runs", id))].map(({ name }) => name).sort();
      assert.deepEqual(files, [
        ...(status === "failed" ? ["error.txt"] : ["metrics.jsonl"]),
        ...(status === "done" ? ["predictions.jsonl.gz"] : []),
        ...(status === "failed" ? [] : ["result.json"]),
        ...(id === shown ? ["routing.safetensors"] : []),
      ]);
      if (status === "failed") continue;
      const answers = await Array.fromAsync(readPredictions(join(copy, "runs", id)));
      assert.deepEqual(
        [...new Set(answers.map(({ phase }) => phase))],
        status === "done" ? ["heldout"] : [],
      );
      const path = join(copy, "runs", id, "metrics.jsonl");
      const rows = parseMetrics(await Deno.readTextFile(path), path);
      assert.deepEqual([...new Set(rows.map(({ phase }) => phase))], ["multitask", "validation"]);
      assert.ok(rows.filter(({ phase }) => phase === "multitask").length <= 120);
    }
    assert.deepEqual([...Deno.readDirSync(copy)].map(({ name }) => name).sort(), [
      "leaderboard.md",
      "manifest.json",
      "runs",
    ]);
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), [
      "copy",
      "whole",
    ]);
  }));

Deno.test("referenceCommand() prints where the copy is, or says what is wrong", () =>
  withFolder(async (folder) => {
    const reference = join(folder, "reference");
    const command = async (...args: string[]) => {
      const [stdout, stderr] = [new PassThrough(), new PassThrough()];
      const code = await referenceCommand(args, { stdout, stderr, reference });
      return { code, stdout: `${stdout.read() ?? ""}`, stderr: `${stderr.read() ?? ""}` };
    };
    const dir = join(folder, "sample");
    await writeSampleSweep(dir);
    const copy = join(reference, "sample");
    assert.deepEqual(await command(dir), { code: 0, stdout: `${copy}\n`, stderr: "" });
    const itself = await command(copy);
    assert.equal(itself.code, 2);
    assert.match(itself.stderr, /as it is the copy itself; name the folder of a sweep/);
    assert.match((await command(folder)).stderr, /as no sweep has run there: .*manifest\.json/);
    assert.match((await command("--opne")).stderr, /^Unknown option --opne/);
    assert.equal((await command()).code, 2);
    await Deno.writeTextFile(join(dir, "manifest.json"), "{");
    const damaged = await command(dir);
    assert.equal(damaged.code, 2);
    assert.match(damaged.stderr, /^Cannot copy .*manifest\.json/);
    assert.ok(existsSync(join(copy, "manifest.json")), "the earlier copy stays");
  }));
