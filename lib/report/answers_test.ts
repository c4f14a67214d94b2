import assert from "node:assert/strict";
import { CHROMIUM, fileUrl, Page } from "../testing/fakes/chromium.ts";
import { lacking } from "../testing/lacking.ts";
import {
  samplePredictions,
  writeSamplePredictions,
} from "../testing/samples/sample_predictions.ts";
import { sampleResults } from "../testing/samples/sample_results.ts";
import { writeSampleSweep } from "../testing/samples/sample_sweep.ts";
import { withFolder } from "../testing/with_folder.ts";
import { answerPlan } from "../tables/shown_answers.ts";
import { Study } from "../tables/study.ts";
import { dataAnswers } from "./answers.ts";
import { writeReport } from "./report.ts";

const RESULTS = sampleResults({ n_skills: [2, 4], n_splits: [1, 4], seed: [0, 1] }, {
  whole: true,
});

async function studyOf(dir: string, answersOf = samplePredictions): Promise<Study> {
  await writeSampleSweep(dir, {}, RESULTS);
  await writeSamplePredictions(dir, RESULTS, answersOf);
  return await Study.read(dir);
}

Deno.test("dataAnswers() has every answer of the compared phase, by example and cell", () =>
  withFolder(async (dir) => {
    const { cells, rows } = (await dataAnswers(await studyOf(dir)))!;
    assert.equal(cells.length, 4);
    assert.equal(rows.length, 2 * 4 * 5, "two seeds, four tasks, five examples");
    for (const { config, ...run } of RESULTS) {
      const cell = cells.indexOf(`n_skills ${config.n_skills}, n_splits ${config.n_splits}`);
      for (const { phase, task, predictions } of samplePredictions({ config, ...run })) {
        if (phase !== "heldout") continue;
        const found = rows.filter((row) => row[0] === task && row[1] === config.seed);
        assert.deepEqual(found.map((row) => row[6][cell]), [
          ...predictions.map(({ answer, scores }) => [answer, scores.exact_match]),
        ]);
      }
    }
  }));

Deno.test("dataAnswers() is null where no run has kept answers", () =>
  withFolder(async (dir) => {
    const study = await studyOf(dir, () => []);
    assert.equal(await dataAnswers(study), null);
    assert.doesNotMatch(
      await Deno.readTextFile(await writeReport(study)),
      /<li><a href="#predictions">/,
    );
  }));

Deno.test("dataAnswers() shows text as text, and of a long one both ends", () =>
  withFolder(async (dir) => {
    const hostile = `</script><script>alert(1)</script><!--\0\x1b[2J\u2028&amp;`;
    const study = await studyOf(dir, (result) =>
      samplePredictions(result).map((of) => ({
        ...of,
        task: hostile,
        predictions: of.predictions.map((kept) => ({
          ...kept,
          input: `first ${"x".repeat(5000)} last`,
          references: Array<string>(9).fill(hostile),
          answer: hostile,
        })),
      })));
    const page = await Deno.readTextFile(await writeReport(study));
    assert.deepEqual([page.match(/<script/g)!.length, page.match(/<\/script/g)!.length], [4, 4]);
    assert.ok(!page.includes("<!--"));
    const [row] = (await dataAnswers(study))!.rows;
    const shown = `</script><script>alert(1)</script><!--\ufffd\ufffd[2J\ufffd&amp;`;
    assert.deepEqual([row![0], row![6][0]![0]], [shown, shown]);
    assert.deepEqual(row![5], [shown, shown, shown, "(6 more)"]);
    assert.match(row![4], /^first x+ \[…\] x+ last$/);
    assert.ok(row![4].length < 500);
  }));

Deno.test("answerPlan() shows as many cells, seeds and examples as a page carries, and says what it left", () => {
  const planOf = (settings: Parameters<typeof sampleResults>[0], about: object) => {
    const results = sampleResults(settings, { whole: true }).map((result) => ({
      ...result,
      config: { ...result.config, ...about },
    }));
    const manifest = { schema: 1 as const, name: "", question: "", metric: "heldout_exact_match" };
    const varying = ["n_skills" as const, "n_splits" as const, "seed" as const];
    return answerPlan(new Study("", { ...manifest, baseline: null, varying, runs: [] }, results));
  };
  const seeds = Array.from({ length: 10 }, (_, seed) => seed);
  const small = planOf({ seed: [0, 1] }, { n_heldout_tasks: 2, n_test: 16 });
  assert.deepEqual([small.cells.length, small.runs.length, small.leftOut], [15, 30, []]);
  const wide = planOf({ n_skills: [2], n_splits: [1, 2], seed: seeds }, {
    ...{ n_heldout_tasks: 24, n_test: 16, shot_splits: 2 },
  });
  assert.deepEqual([wide.runs.length, wide.examples, wide.leftOut], [6, 16, ["3 of 10 seeds"]]);
  const large = planOf({ n_splits: [1, 2, 4, 8, 16, 32], seed: [3, 4] }, {
    ...{ n_heldout_tasks: 40, n_test: 100 },
  });
  assert.deepEqual(large.leftOut, [
    "the best 24 of 30 cells",
    "1 of 2 seeds",
    "the first 5 of 100 examples of each task",
  ]);
  assert.deepEqual([large.runs.length, large.runs[0]!.seed, large.examples], [24, 3, 5]);
});

/** Tests in a real browser; ignored where there is no Chromium. */
function inBrowser(name: string, width: number, test: (page: Page) => Promise<void>): void {
  Deno.test({
    name: name + lacking("Chromium", CHROMIUM !== null),
    ignore: CHROMIUM === null,
    fn: () =>
      withFolder(async (dir) => {
        await writeReport(await studyOf(dir));
        await using page = await Page.open(fileUrl(dir, "report.html"), width, 900);
        await test(page);
      }),
  });
}

const choose = (page: Page, name: string, value: string) =>
  page.evaluate(`(() => {
    const list = document.querySelector('.answers select[name="${name}"]');
    list.value = "${value}";
    list.dispatchEvent(new Event("change"));
  })()`);
const said = (page: Page) =>
  page.evaluate<string>("document.querySelector('.answers output').textContent");
const shownRows = (page: Page) =>
  page.evaluate<string[][]>(
    "[...document.querySelectorAll('.answers tbody[role] tr')]" +
      ".map((row) => [...row.cells].map((cell) => cell.textContent))",
  );

inBrowser(
  "answers of the report are filtered by task and by wrong, some at a time",
  1200,
  async (page) => {
    assert.match(await said(page), /^40 of 40 examples chosen\. Of all 40, A is right in \d+\.$/);
    assert.equal((await shownRows(page)).length, 20);
    await page.evaluate("document.querySelector('.answers [name=more]').click()");
    assert.equal((await shownRows(page)).length, 40);
    assert.ok(await page.evaluate("document.querySelector('.answers [name=more]').hidden"));
    await choose(page, "task", "sort");
    assert.match(await said(page), /^10 of 10 examples/);
    await choose(page, "show", "wrong");
    const rows = await shownRows(page);
    const [, shown, all, right] = /^(\d+) of (\d+) .* A is right in (\d+)/.exec(await said(page))!;
    assert.equal(Number(shown), Number(all) - Number(right));
    assert.equal(rows.length, Number(shown));
    assert.ok(
      rows.every(([task, , , , , answer]) => task === "sort" && answer!.startsWith("✗ wrong: ")),
    );
  },
);

inBrowser("two cells of the report are compared on the same examples", 1200, async (page) => {
  await choose(page, "b", "1");
  const numbers = await page.evaluate<number[]>(
    "[...document.querySelectorAll('.counts button')].map((button) => Number(button.textContent))",
  );
  assert.equal(numbers.reduce((sum, n) => sum + n, 0), 40);
  await page.evaluate("document.querySelectorAll('.counts button')[1].click()");
  const rows = await shownRows(page);
  assert.equal(rows.length, numbers[1]);
  assert.ok(rows.every((row) => row.at(-2)!.startsWith("✓ ") && row.at(-1)!.startsWith("✗ ")));
  assert.equal(
    await page.evaluate("document.activeElement.getAttribute('aria-pressed')"),
    "true",
    "who has pressed a number stays there",
  );
  await choose(page, "show", "differ");
  assert.equal(
    Number((await said(page)).split(" ")[0]),
    numbers[1]! + numbers[2]!,
  );
  await choose(page, "b", "0");
  assert.ok((await said(page)).startsWith("0 of 40"), "a cell is as right as itself");
});

inBrowser(
  "answers of the report fit a narrow screen, without moving sideways",
  390,
  async (page) => {
    const widths = await page.evaluate<number[]>(
      "[document.documentElement, document.querySelector('.answers .scroll')]" +
        ".flatMap(({ scrollWidth, clientWidth }) => [scrollWidth, clientWidth])",
    );
    assert.ok(widths[0]! <= widths[1]! && widths[2]! <= widths[3]!, widths.join(" "));
  },
);
