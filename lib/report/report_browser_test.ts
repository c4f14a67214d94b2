import assert from "node:assert/strict";
import { CHROMIUM, fileUrl, Page } from "../testing/fakes/chromium.ts";
import { lacking } from "../testing/lacking.ts";
import { writeSampleSweep } from "../testing/samples/sample_sweep.ts";
import { Study } from "../tables/study.ts";
import { writeReport } from "./report.ts";

const reportOn = async (dir: string) => await writeReport(await Study.read(dir));

/** Tests in a real browser; ignored where there is no Chromium. */
function inBrowser(name: string, width: number, test: (page: Page) => Promise<void>): void {
  Deno.test({
    name: name + lacking("Chromium", CHROMIUM !== null),
    ignore: CHROMIUM === null,
    async fn() {
      const dir = await Deno.makeTempDir();
      try {
        await writeSampleSweep(dir);
        await reportOn(dir);
        await using page = await Page.open(fileUrl(dir, "report.html"), width, 900);
        await test(page);
      } finally {
        await Deno.remove(dir, { recursive: true });
      }
    },
  });
}

/** The texts of a column of the shown rows of table `table`. */
const column = (page: Page, table: number, name: string) =>
  page.evaluate<string[]>(`(() => {
    const table = document.querySelectorAll("[data-table] table")[${table}];
    const at = [...table.tHead.rows[0].cells].findIndex((cell) => cell.textContent === "${name}");
    return [...table.tBodies[0].rows].filter((row) => row.offsetHeight > 0)
      .map((row) => row.cells[at].textContent);
  })()`);

inBrowser(
  "the report shows its tables and every figure, and asks the network for nothing",
  1200,
  async (page) => {
    assert.equal(
      await page.evaluate("document.querySelector('h1').textContent"),
      "Do more skills and splits help?",
    );
    assert.equal((await column(page, 0, "mean")).length, 10);
    assert.equal((await column(page, 2, "status")).length, 40);
    const images = await page.evaluate<{ width: number; height: number; alt: string }[]>(
      `Promise.all([...document.images].map((image) => image.decode().then(() =>
      ({ width: image.naturalWidth, height: image.naturalHeight, alt: image.alt }))))`,
    );
    assert.equal(images.length, 9);
    for (const { width, height, alt } of images) {
      assert.ok(width >= 600 && height >= 100 && alt.length > 40, `${width} × ${height}: ${alt}`);
    }
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
  "headings of the report sort by mouse and by keyboard, missing values last",
  1200,
  async (page) => {
    const best = (await column(page, 0, "mean")).map(Number);
    // Of one cell two seeds alone are done, which is not ranked.
    assert.deepEqual(best, [...best.slice(0, -1).toSorted((a, b) => b - a), 0.53]);
    const heading = (name: string, table = 0) =>
      `[...document.querySelectorAll("[data-table] table")[${table}].querySelectorAll("th button")]` +
      `.find((button) => button.textContent === "${name}")`;
    await page.evaluate(`${heading("n_skills")}.click()`);
    assert.deepEqual(
      (await column(page, 0, "n_skills")).map(Number),
      [1, 1, 2, 2, 4, 4, 8, 8, 16, 16],
    );
    await page.evaluate(`${heading("n_skills")}.focus()`);
    await page.press("Enter");
    assert.deepEqual(
      (await column(page, 0, "n_skills")).map(Number),
      [16, 16, 8, 8, 4, 4, 2, 2, 1, 1],
    );
    assert.equal(
      await page.evaluate(`${heading("n_skills")}.closest("th").getAttribute("aria-sort")`),
      "descending",
    );
    await page.press("Tab");
    assert.equal(await page.evaluate("document.activeElement.textContent"), "n_splits");

    for (const direction of ["ascending", "descending"]) {
      await page.evaluate(`${heading("heldout_exact_match", 2)}.click()`);
      const values = await column(page, 2, "heldout_exact_match");
      assert.deepEqual(values.slice(-5), ["—", "—", "—", "—", "—"], direction);
      const numbers = values.slice(0, -5).map(Number);
      const sign = direction === "ascending" ? 1 : -1;
      assert.deepEqual(numbers, numbers.toSorted((a, b) => sign * (a - b)));
    }
  },
);

inBrowser(
  "the filter of the report takes words and settings, counts, and Escape empties it",
  1200,
  async (page) => {
    const output = () =>
      page.evaluate<string>("document.querySelectorAll('output')[2].textContent");
    const clear = async () => {
      await page.press("Escape");
      assert.equal(await output(), "40 of 40 shown");
    };
    await page.evaluate("document.querySelectorAll('.filter input')[2].focus()");
    await page.type("diverged");
    assert.equal(await output(), "3 of 40 shown");
    assert.deepEqual(new Set(await column(page, 2, "status")), new Set(["diverged"]));
    await clear();
    await page.type("n_skills=1 DONE");
    assert.equal(await output(), "7 of 40 shown");
    assert.deepEqual(new Set(await column(page, 2, "n_skills")), new Set(["1"]));
    await clear();
    await page.type("cannot use n_splits");
    assert.deepEqual(await column(page, 2, "status"), ["failed", "failed"]);
    await clear();
    await page.type("no such thing");
    assert.equal(await output(), "0 of 40 shown");
  },
);

inBrowser(
  "the report fits a narrow screen: only tables and figures are moved sideways",
  400,
  async (page) => {
    const { scroll, client } = await page.evaluate<{ scroll: number; client: number }>(
      "({ scroll: document.documentElement.scrollWidth, client: document.documentElement.clientWidth })",
    );
    assert.ok(client <= 400 && scroll <= client, `${scroll} pixels in ${client}`);
    const regions = await page.evaluate<{ focusable: boolean; wide: boolean }[]>(
      `[...document.querySelectorAll("[role=region]")].map((region) =>
      ({ focusable: region.tabIndex === 0, wide: region.scrollWidth > region.clientWidth }))`,
    );
    assert.ok(regions.every(({ focusable }) => focusable));
    assert.ok(regions.some(({ wide }) => wide));
  },
);
