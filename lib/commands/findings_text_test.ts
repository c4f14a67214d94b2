import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import { sampleResults } from "../testing/samples/sample_results.ts";
import { writeSampleSweep } from "../testing/samples/sample_sweep.ts";
import { withFolder } from "../testing/with_folder.ts";
import { leaderboard } from "../tables/leaderboard.ts";
import { openStudy, Study } from "../tables/study.ts";
import { rowsOf } from "../tables/table.ts";
import { findingsText } from "./findings_text.ts";

Deno.test("newcomer B1: the table on a terminal fits 80 columns and 44, and no number is cut", async () => {
  for (const [name, decimals] of [["quick", 4], ["baselines", 3]] as const) {
    const study = await openStudy(name);
    const rows = rowsOf(leaderboard(study));
    for (const width of [80, 44]) {
      const text = findingsText(study, { width, hasColour: false });
      for (const line of text.split("\n")) assert.ok([...line].length <= width, line);
      assert.ok(!text.includes("…") && !text.includes("|"), text);
      for (const { mean, low, high } of rows) {
        if (low === null) continue;
        const [m, l, h] = [mean, low, high].map((value) => Number(value).toFixed(decimals));
        assert.ok(text.includes(`${m} [${l}, ${h}]`), `${m} in ${text}`);
      }
    }
  }
});

Deno.test("newcomer B1: what is the same in all rows is said once, and the best row is marked", async () => {
  const study = await openStudy("baselines");
  const text = findingsText(study, { width: 80, hasColour: false });
  assert.match(text, /with its 95 % interval, best first, of 10\s+seeds each\.$/m);
  assert.doesNotMatch(text, /n_failed|n_diverged|n_planned/);
  assert.match(text, /^\* {2}expert +1 {2}0\.\d{3} \[0\.\d{3}, 0\.\d{3}\]/m);
  assert.equal(text.match(/^\* {2}/gm)!.length, 1);
  assert.match(text, /^method +n_splits +tier +difference +p +n$/m);
});

Deno.test("newcomer B1: the best row is bold where the terminal has colour, and only the looks differ", async () => {
  const study = await openStudy("baselines");
  const [plain, coloured] = [false, true].map((hasColour) =>
    findingsText(study, { width: 80, hasColour })
  );
  assert.equal(stripVTControlCharacters(coloured!), plain);
  // deno-lint-ignore no-control-regex -- what a terminal obeys
  assert.deepEqual(coloured!.match(/^.*\x1b\[1m.*$/gm)!.map((line) => line.includes("expert")), [
    true,
  ]);
});

Deno.test("newcomer C: a sweep of its baseline alone has no empty table, and a failed one has none", () =>
  withFolder(async (dir) => {
    const results = sampleResults({ n_skills: [1], n_splits: [1] }, { whole: true });
    await writeSampleSweep(`${dir}/a`, {}, results);
    const alone = findingsText(await Study.read(`${dir}/a`), { width: 80, hasColour: false });
    assert.match(alone, /^There is nothing to compare with the baseline: it alone has run\.$/m);
    const failed = results.map((result) => ({
      ...result,
      status: "failed" as const,
      error: "Error: \x1b[2Jno",
      metrics: {},
      tasks: [],
    }));
    await writeSampleSweep(`${dir}/b`, { question: "Is it \x1b[2J safe?" }, failed);
    assert.equal(
      findingsText(await Study.read(`${dir}/b`), { width: 80, hasColour: true }),
      "Is it \ufffd[2J safe?\n\nNo run is done: 4 failed.\n",
    );
  }));
