import assert from "node:assert/strict";
import { CHROMIUM, fileUrl, Page } from "../testing/fakes/chromium.ts";
import { lacking } from "../testing/lacking.ts";
import { sampleResults } from "../testing/samples/sample_results.ts";
import { writeSampleSweep } from "../testing/samples/sample_sweep.ts";
import { withFolder } from "../testing/with_folder.ts";
import { leaderboard } from "../tables/leaderboard.ts";
import { rowsOf } from "../tables/table.ts";
import { Study } from "../tables/study.ts";
import { writeReport } from "./report.ts";

const RESULTS = sampleResults({ n_splits: [1, 4], n_skills: [1, 2, 4, 8, 16] });

/** A test in a real browser; ignored where there is no Chromium. */
function inBrowser(
  name: string,
  width: number,
  test: (page: Page, study: Study) => Promise<void>,
): void {
  Deno.test({
    name: name + lacking("Chromium", CHROMIUM !== null),
    ignore: CHROMIUM === null,
    fn: () =>
      withFolder(async (dir) => {
        await writeSampleSweep(dir, {}, RESULTS);
        const study = await Study.read(dir);
        await writeReport(study);
        await using page = await Page.open(fileUrl(dir, "report.html"), width, 900);
        await test(page, study);
      }),
  });
}

/** The texts of a column of the shown rows of a table. */
const column = (page: Page, table: string, name: string) =>
  page.evaluate<string[]>(`(() => {
    const table = document.querySelector("[data-table=${table}] table");
    const at = [...table.tHead.rows[0].cells].findIndex((cell) => cell.dataset.name === "${name}");
    return [...table.tBodies[0].rows].filter((row) => row.offsetHeight > 0)
      .map((row) => row.cells[at].textContent);
  })()`);

/** Chooses a value in one of the page's lists. */
const choose = (page: Page, name: string, value: string) =>
  page.evaluate(`(() => {
    const list = document.querySelector("#controls select[name=${name}]");
    list.value = "${value}";
    list.dispatchEvent(new Event("change", { bubbles: true }));
  })()`);

const copied = (page: Page, table: string, format: string) =>
  page.evaluate<string>(`(async () => {
    let text = "";
    navigator.clipboard.writeText = async (written) => { text = written; };
    document.querySelector("[data-table=${table}] .copy [value=${format}]").click();
    await new Promise((resolve) => setTimeout(resolve));
    return text;
  })()`);

inBrowser(
  "the page shows another metric, tells the run of a point, shows it, and copies what it shows",
  1280,
  async (page, study) => {
    assert.equal(
      await page.evaluate("document.querySelector('h1').textContent"),
      "Do more skills and splits help?",
    );
    await page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true");
    const tooWide = await page.evaluate<string[]>(
      `[...document.querySelectorAll(".scroll")].filter((box) => box.scrollWidth > box.clientWidth)
        .map((box) => box.ariaLabel + ": " + box.scrollWidth + " in " + box.clientWidth)`,
    );
    assert.deepEqual(tooWide, [], "no table moves sideways");
    const shown = async () => (await column(page, "settings", "mean")).map(Number);
    const means = (metric: string) =>
      rowsOf(leaderboard(study, { metric })).map(({ mean }) => Number(Number(mean).toFixed(3)));
    assert.deepEqual(await shown(), means("heldout_exact_match"));
    await choose(page, "metric", "seen_exact_match");
    assert.deepEqual(await shown(), means("seen_exact_match"));
    assert.equal(
      await page.evaluate("document.querySelector('#cells h2').textContent"),
      "Which settings have the best seen_exact_match?",
    );
    // Another axis: a row for each cell, named in full.
    await choose(page, "axis", "");
    const names = await page.evaluate<string[]>(
      "[...document.querySelectorAll('#cells svg text')].map(({ textContent }) => textContent)",
    );
    assert.ok(names.includes("n_skills 16, n_splits 4"), names.join());
    // Fewer settings tell cells apart.
    await page.evaluate("document.querySelector('#controls input[value=n_splits]').click()");
    assert.deepEqual(await column(page, "settings", "n_skills"), [
      ...rowsOf(leaderboard(study, { metric: "seen_exact_match", groupBy: ["n_skills"] }))
        .map(({ n_skills }) => String(n_skills)),
    ]);
    await page.evaluate("document.querySelector('#controls input[value=n_splits]').click()");

    const run = rowsOf(study.runs).find(({ status }) => status === "done")!;
    const link = `[...document.querySelectorAll("#cells .plot a")].find((link) =>
      decodeURIComponent(link.href.baseVal ?? link.href) === "#run=${run.id}")`;
    await page.evaluate(
      `${link}.dispatchEvent(new PointerEvent("pointerover", { bubbles: true }))`,
    );
    const tip = await page.evaluate<string>("document.getElementById('tip').innerText");
    assert.match(tip, /n_skills 1, n_splits 1, seed 0\n+seen_exact_match 0\.\d{3} · done/);
    const [, value] = /seen_exact_match (\S+)/.exec(tip)!;
    assert.equal(Number(value), Number(Number(run.seen_exact_match).toFixed(3)));
    await page.evaluate("document.querySelector('#tip a').click()");
    const panel = await page.evaluate<string>("document.getElementById('run-panel').innerText");
    assert.match(panel, /n_skills 1, n_splits 1, seed 0/);
    assert.ok(await page.evaluate("document.querySelectorAll('#run-panel svg').length") === 3);

    await page.evaluate("document.querySelector('[data-table=settings] input').focus()");
    await page.type("n_skills=4");
    const rows = rowsOf(leaderboard(study, { metric: "seen_exact_match" }))
      .filter(({ n_skills }) => n_skills === 4);
    const csv = (await copied(page, "settings", "csv")).trim().split("\n");
    assert.deepEqual(
      csv.slice(1).map((line) => Number(line.split(",")[2])),
      rows.map((row) => row.mean),
    );
    const latex = await copied(page, "settings", "latex");
    assert.ok(latex.includes("n\\_skills & n\\_splits & mean & n\\_done"), latex);
    assert.ok(latex.includes(`[${Number(rows[0]!.low).toFixed(3)}, `), latex);
    assert.match(await copied(page, "settings", "markdown"), /^\| n_skills \| n_splits \| /);
    assert.deepEqual(
      await page.evaluate(
        "performance.getEntriesByType('resource').map(({ name }) => name)" +
          ".filter((name) => !name.startsWith('data:'))",
      ),
      [],
    );
  },
);

inBrowser(
  "headings sort by mouse and keyboard, the filter counts, and new data keep what was chosen",
  1280,
  async (page) => {
    const heading = (name: string, table = "settings") =>
      `document.querySelector("[data-table=${table}] th[data-name=${name}] button")`;
    await page.evaluate(`${heading("n_skills")}.focus()`);
    await page.press("Enter");
    const ascending = [1, 1, 2, 2, 4, 4, 8, 8, 16, 16].map(String);
    assert.deepEqual(await column(page, "settings", "n_skills"), ascending);
    await page.press("Enter");
    assert.deepEqual(await column(page, "settings", "n_skills"), ascending.toReversed());
    for (const sign of [1, -1]) {
      await page.evaluate(`${heading("heldout_exact_match", "runs")}.click()`);
      const values = await column(page, "runs", "heldout_exact_match");
      assert.deepEqual(values.slice(-5), ["—", "—", "—", "—", "—"]);
      const numbers = values.slice(0, -5).map(Number);
      assert.deepEqual(numbers, numbers.toSorted((a, b) => sign * (a - b)));
    }
    const output = () =>
      page.evaluate<string>("document.querySelector('[data-table=runs] output').textContent");
    await page.evaluate("document.querySelector('[data-table=runs] input').focus()");
    await page.type("n_skills=1 DONE");
    assert.equal(await output(), "7 of 40 shown");
    // A run of the first cell fails: the table is another, its order and its filter are as they were.
    await page.evaluate(`(() => {
      const data = structuredClone(polytropos.data);
      const at = data.runs.columns.indexOf("status");
      data.runs.rows.find((row) => row[at] === "done")[at] = "failed";
      document.dispatchEvent(new CustomEvent("study", { detail: data }));
    })()`);
    await page.drawn();
    assert.equal(await output(), "6 of 40 shown");
    assert.deepEqual(await column(page, "settings", "n_skills"), ascending.toReversed());
    assert.match(await page.evaluate("document.getElementById('summary').textContent"), /3 failed/);
    await page.evaluate("document.querySelector('[data-table=runs] input').focus()");
    await page.press("Escape");
    assert.equal(await output(), "40 of 40 shown");
  },
);

inBrowser(
  "the page on a narrow and dark screen names every cell and hides nothing",
  390,
  async (page) => {
    const media = (scheme: string) =>
      page.send("Emulation.setEmulatedMedia", {
        features: [{ name: "prefers-color-scheme", value: scheme }],
      });
    /** Darkest and lightest of ground, text and the marks of the first figure, as luminance from 0 to 255. */
    const colors = () =>
      page.evaluate<{ ground: number; ink: number; mark: number }>(`(() => {
      const light = (color) => {
        const canvas = document.createElement("canvas").getContext("2d");
        canvas.fillStyle = color;
        canvas.fillRect(0, 0, 1, 1);
        const [r, g, b] = canvas.getImageData(0, 0, 1, 1).data;
        return (2 * r + 5 * g + b) / 8;
      };
      const of = (element, name) => light(getComputedStyle(element)[name]);
      return {
        ground: of(document.documentElement, "backgroundColor"),
        ink: of(document.querySelector("#cells svg text"), "fill"),
        mark: of(document.querySelector('#cells svg [aria-description="mean"]'), "fill"),
      };
    })()`);
    await media("light");
    const light = await colors();
    assert.ok(light.ground > 240 && light.ink < 60 && light.mark < 60, JSON.stringify(light));
    await media("dark");
    const dark = await colors();
    assert.ok(dark.ground < 40 && dark.ink > 200 && dark.mark > 200, JSON.stringify(dark));

    const { scroll, client } = await page.evaluate<{ scroll: number; client: number }>(
      "({ scroll: document.documentElement.scrollWidth, client: document.documentElement.clientWidth })",
    );
    assert.ok(client <= 390 && scroll <= client, `${scroll} pixels in ${client}`);
    await page.drawn();
    const plots = await page.evaluate<{ width: number; drawn: number }[]>(
      `[...document.querySelectorAll(".plot svg")].map((svg) =>
      ({ width: svg.getBoundingClientRect().right, drawn: svg.viewBox.baseVal.width }))`,
    );
    // They are drawn for the width, not shrunk: letters stay as large as they are.
    assert.ok(plots.length >= 7 && plots.every(({ width, drawn }) => width <= 390 && drawn <= 390));
    await choose(page, "axis", "");
    const names = await page.evaluate<string[]>(
      `[...document.querySelectorAll("#cells svg text")].filter((text) => {
      const { left, right } = text.getBoundingClientRect();
      return text.textContent.startsWith("n_skills") && left >= 0 && right <= 390;
    }).map(({ textContent }) => textContent.split(" · ")[0])`,
    );
    assert.equal(new Set(names).size, 10, names.join());
  },
);
