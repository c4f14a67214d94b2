import assert from "node:assert/strict";
import { join } from "node:path";
import { SAMPLE_EXAMPLES, writeSamplePredictions } from "../testing/samples/sample_predictions.ts";
import { sampleResults } from "../testing/samples/sample_results.ts";
import { writeSampleSweep } from "../testing/samples/sample_sweep.ts";
import { withFolder } from "../testing/with_folder.ts";
import { comparedPhase, predictionsOf } from "./predictions.ts";
import { Study } from "./study.ts";
import { rowsOf } from "./table.ts";

const RESULTS = sampleResults({ n_skills: [2, 4], n_splits: [1], seed: [0, 1] }, { whole: true });

Deno.test("predictionsOf() gives a row per answer, with the varying settings of its run", () =>
  withFolder(async (dir) => {
    await writeSampleSweep(dir, {}, RESULTS);
    await writeSamplePredictions(dir, RESULTS);
    const study = await Study.read(dir);
    const all = await predictionsOf(study);
    assert.equal(all.numRows(), 4 * 4 * SAMPLE_EXAMPLES);
    assert.deepEqual(all.columnNames(), [
      ...["id", "status", "n_skills", "n_splits", "seed"],
      ...["task", "phase", "shot_split", "example", "input", "references", "answer"],
      ...["exact_match", "rouge_l"],
    ]);
    const runs = study.runs.filter("d => d.n_skills === 4 && d.seed === 1");
    const base = rowsOf(await predictionsOf(study, { phase: "base", task: "sort", runs }));
    assert.deepEqual(base.map(({ example }) => example), [0, 1, 2, 3, 4]);
    for (const row of base) {
      assert.deepEqual([row.n_skills, row.seed, row.phase, row.task], [4, 1, "base", "sort"]);
      assert.deepEqual(JSON.parse(String(row.references)).length, 2);
    }
  }));

Deno.test("predictionsOf() has no rows where no run has kept answers, and names a damaged file", () =>
  withFolder(async (dir) => {
    await writeSampleSweep(dir, {}, RESULTS);
    const study = await Study.read(dir);
    const none = await predictionsOf(study);
    assert.equal(none.numRows(), 0);
    assert.ok(none.columnNames().includes("exact_match"));
    const [failed] = sampleResults({}, { whole: true });
    const killed = { ...failed!, status: "planned" as const };
    await writeSampleSweep(join(dir, "killed"), {}, [killed]);
    await writeSamplePredictions(join(dir, "killed"), [failed!]);
    assert.equal((await predictionsOf(await Study.read(join(dir, "killed")))).numRows(), 0);
    await Deno.writeTextFile(join(dir, "runs", RESULTS[1]!.id, "predictions.jsonl.gz"), "text");
    await assert.rejects(predictionsOf(study), /^SyntaxError: Cannot read .*seed=1--.* is damaged/);
  }));

Deno.test("comparedPhase() is the model that the metric is of", () => {
  const of = (metric: string) => comparedPhase(new Study("", manifest(metric), RESULTS));
  const manifest = (metric: string) => ({
    ...{ schema: 1 as const, name: "", question: "", baseline: null, runs: [], metric },
    varying: ["seed" as const],
  });
  assert.deepEqual(
    ["seen_rouge_l", "heldout_loss", "base_heldout_loss", "start_heldout_loss", "recovery"].map(of),
    ["seen", "heldout", "base", "start", "heldout"],
  );
});
