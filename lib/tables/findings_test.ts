import assert from "node:assert/strict";
import { sampleResults } from "../testing/samples/sample_results.ts";
import { writeSampleSweep } from "../testing/samples/sample_sweep.ts";
import { withFolder } from "../testing/with_folder.ts";
import { findings } from "./findings.ts";
import { leaderboard } from "./leaderboard.ts";
import { pairedDifferences } from "./paired.ts";
import { Study } from "./study.ts";
import { rowsOf } from "./table.ts";

Deno.test("findings() marks the best and every row that the paired test does not tell apart from it", () =>
  withFolder(async (dir) => {
    // Skills matter in the sample, splits hardly do.
    const results = sampleResults({ n_skills: [1, 8, 16], n_splits: [1, 4] }, { whole: true });
    await writeSampleSweep(dir, {}, results);
    const study = await Study.read(dir);
    const { settings, rows } = findings(study);
    assert.deepEqual(settings, ["n_skills", "n_splits"]);
    const [best] = rowsOf(leaderboard(study));
    const baseline = { n_skills: Number(best!.n_skills), n_splits: Number(best!.n_splits) };
    const { tasks } = study;
    const held = tasks.filter("d => d.phase === 'heldout'");
    const p = new Map(
      rowsOf(pairedDifferences(held, { metric: "exact_match", baseline }))
        .map((row) => [`${row.n_skills} ${row.n_splits}`, row.p_holm]),
    );
    assert.deepEqual(
      rows.map(({ mark }) => mark),
      rows.map(({ settings }, i) =>
        i === 0 ? "best" : Number(p.get(settings.join(" "))) < 0.05 ? null : "tie"
      ),
    );
    const marks = new Set(rows.map(({ mark }) => mark));
    assert.deepEqual(marks, new Set(["best", "tie", null]), "the sample has all three");
  }));

Deno.test("findings() counts what else became of runs, and neither ranks nor ties few seeds", () =>
  withFolder(async (dir) => {
    const results = sampleResults({ n_skills: [2, 4], n_splits: [1], seed: [0, 1] }, {
      whole: true,
    });
    const [first] = results;
    await writeSampleSweep(dir, {}, [
      { ...first!, status: "failed", error: "RangeError: no", metrics: {}, tasks: [] },
      ...results.slice(1, 3),
      { ...results[3]!, status: "planned", metrics: {}, tasks: [] },
    ]);
    const { rows } = findings(await Study.read(dir));
    assert.deepEqual(rows.map(({ others, mark, interval, n }) => [others, mark, interval, n]), [
      ["1 failed", null, null, 1],
      ["1 left", null, null, 1],
    ]);
    for (const { mean } of rows) assert.match(mean, /^0\.\d\d?$/, "two digits of one seed");
  }));
