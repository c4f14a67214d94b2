/** How large the pages of a sweep of many runs are, in a browser that tells what they cost it. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { PageData } from "../../report/page/data.ts";
import { reportPage } from "../../report/page/page.ts";
import { resultToJson } from "../../run/result.ts";
import { SweepStore } from "../../sweep/store.ts";
import { CHROMIUM, fileUrl, Page } from "../../testing/fakes/chromium.ts";
import { lacking } from "../../testing/lacking.ts";
import { sampleMetrics, sampleResults } from "../../testing/samples/sample_results.ts";
import { withFolder } from "../../testing/with_folder.ts";
import { serveSweep } from "./serve.ts";

/** 500 runs: ten seeds of 50 cells, with a log of 20 steps each. */
const RESULTS = sampleResults({
  n_tasks: [8, 16],
  n_skills: [1, 2, 4, 8, 16],
  n_splits: [1, 2, 4, 8, 16],
  seed: Array.from({ length: 10 }, (_, seed) => seed),
});

/** What each page may cost at most; the library that draws, 0.5 MB, is in the bytes of both. */
const MOST = {
  live: { bytes: 1.3e6, elements: 30_000, marks: 15_000, heap: 12e6 },
  report: { bytes: 3e6, elements: 30_000, marks: 15_000, heap: 6e6 },
};

/** Writes the folder that such a sweep leaves, without what guards a run at work. */
async function writeSweep(dir: string): Promise<void> {
  const store = await SweepStore.open(dir, {
    name: "many",
    question: "Do more skills and splits help?",
    metric: "heldout_exact_match",
    baseline: { n_tasks: 8, n_skills: 1, n_splits: 1 },
    varying: ["n_tasks", "n_skills", "n_splits", "seed"],
    runs: RESULTS.map(({ id, config }) => ({ id, config })),
  });
  for (const result of RESULTS.filter(({ status }) => status !== "failed")) {
    const folder = join(store.dir, "runs", result.id);
    Deno.mkdirSync(folder, { recursive: true });
    const log = sampleMetrics(result, 20).map((row) => `${JSON.stringify(row)}\n`).join("");
    Deno.writeTextFileSync(join(folder, "metrics.jsonl"), log);
    Deno.writeTextFileSync(join(folder, "result.json"), resultToJson(result));
  }
}

/** What a page costs: in bytes as it is sent, in elements and bytes of the heap once all is drawn. */
interface Cost {
  readonly bytes: number;
  readonly elements: number;
  readonly marks: number;
  readonly heap: number;
  /** Milliseconds until the first words are seen, of which only that they come is asserted. */
  readonly firstPaint: number;
}

async function costOf(page: Page, bytes: number): Promise<Cost> {
  await page.drawn();
  await page.send("HeapProfiler.collectGarbage");
  const { usedSize } = await page.send("Runtime.getHeapUsage");
  const found = await page.evaluate<Omit<Cost, "bytes" | "heap">>(`({
    elements: document.querySelectorAll("*").length,
    marks: document.querySelectorAll("svg *").length,
    firstPaint: performance.getEntriesByName("first-contentful-paint")[0].startTime,
  })`);
  return { ...found, bytes, heap: usedSize as number };
}

Deno.test({
  name: "the live page and the report of 500 runs stay small, and what is in sight is drawn first" +
    lacking("Chromium", CHROMIUM !== null),
  ignore: CHROMIUM === null,
  fn: () =>
    withFolder(async (dir) => {
      await writeSweep(dir);
      await using served = await serveSweep(dir);
      const bytes = (await (await fetch(served.address)).text()).length;
      await using page = await Page.open(served.address, 1280, 900);
      const live = await costOf(page, bytes);
      // Another metric is in sight at once, while what the reader does not see waits.
      const after = await page.evaluate<{ near: string; waiting: string[] }>(`(() => {
        const list = document.querySelector("#controls select[name=metric]");
        list.value = "seen_exact_match";
        list.dispatchEvent(new Event("change", { bubbles: true }));
        return {
          near: document.querySelector("#cells figure h3").textContent,
          waiting: [...document.querySelectorAll("[aria-busy=true]")].map(({ id }) => id),
        };
      })()`);
      assert.match(after.near, /seen_exact_match/);
      assert.deepEqual(after.waiting, ["differences", "cost", "pairs", "runs"]);
      assert.match(
        await page.evaluate("document.getElementById('summary').innerText"),
        /^500 runs/,
      );

      const html = await reportPage(await page.evaluate<PageData>("polytropos.data"));
      await Deno.writeTextFile(join(dir, "report.html"), html);
      await page.go(fileUrl(dir, "report.html"));
      const report = await costOf(page, html.length);
      for (const [name, { firstPaint, ...cost }] of Object.entries({ live, report })) {
        // deno-lint-ignore no-console -- the numbers are what one wants to read after a run
        console.log(`${name}: first paint after ${firstPaint} ms, ${JSON.stringify(cost)}`);
        assert.ok(firstPaint > 0, "it was painted");
        for (const [key, most] of Object.entries(MOST[name as keyof typeof MOST])) {
          const value = cost[key as keyof typeof cost];
          assert.ok(value > most / 4 && value < most, `${key} of ${name}: ${value}`);
        }
      }
    }),
});
