import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { join } from "node:path";
import { parseHTML } from "linkedom";
import { sampleResults } from "../testing/samples/sample_results.ts";
import { writeSampleSweep } from "../testing/samples/sample_sweep.ts";
import { withFolder } from "../testing/with_folder.ts";
import { Study } from "../tables/study.ts";
import { writeReport } from "./report.ts";
import { reportCommand } from "../commands/report.ts";
import type { RunResult } from "../run/result.ts";
import { writeRouting } from "../routing/file.ts";
import { SweepStore } from "../sweep/store.ts";

const reportOn = async (dir: string) => await writeReport(await Study.read(dir));

/** Enough runs for every kind of figure. */
const SMALL = sampleResults({ n_skills: [2, 4], n_splits: [1, 4], seed: [0, 1] }, { whole: true });

interface Element {
  readonly textContent: string;
  readonly id: string;
  getAttribute(name: string): string | null;
  querySelector(selector: string): Element;
  querySelectorAll(selector: string): Iterable<Element>;
}

async function open(path: string): Promise<Element> {
  const { document } = parseHTML(await Deno.readTextFile(path)) as unknown as { document: Element };
  return document;
}

Deno.test("writeReport() shows every run: done, diverged, stalled, failed with its error, and planned", () =>
  withFolder(async (dir) => {
    const results = sampleResults({ n_splits: [1, 4] });
    const planned: RunResult = { ...results[0]!, status: "planned", metrics: {}, tasks: [] };
    const at = results.findIndex(({ status }, i) => i > 0 && status === "done");
    const healthy = results[at]!;
    const metrics = { ...healthy.metrics, stalled_at_step: 2 };
    results[at] = { ...healthy, status: "stalled", metrics };
    await writeSampleSweep(dir, {}, [planned, ...results.slice(1)]);
    const page = await open(await reportOn(dir));
    const [, , runs, tasks] = page.querySelectorAll("[data-table]");
    assert.equal([...tasks!.querySelectorAll("tbody tr")].length, 4 * 10);
    const rows = [...runs!.querySelectorAll("tbody tr")];
    assert.equal(rows.length, 40);
    const statuses = rows.map((row) => row.querySelector("td").textContent);
    const stored = await (await SweepStore.read(dir)).results();
    assert.deepEqual(statuses, stored.map(({ status }) => status));
    const failed = rows[statuses.indexOf("failed")]!;
    assert.equal(
      failed.querySelector("summary").textContent,
      'RangeError: Cannot use n_splits as "q" has <12> features',
    );
    assert.match(failed.querySelector("pre").textContent, /at layer.ts:12/);
    const diverged = rows[statuses.indexOf("diverged")]!;
    assert.equal(diverged.querySelector("summary").textContent, "diverged at step 30");
    const stalled = rows[statuses.indexOf("stalled")]!;
    assert.equal(stalled.querySelector("summary").textContent, "stalled from step 2 on");
    const done = rows[statuses.indexOf("done")]!;
    // What all runs share is said once, below them.
    const once = page.querySelector("#runs > .body > details:last-child dl").textContent;
    assert.match(once, /^backendwasm.*git_commit0123456789abcdef/);
    const own = done.querySelector("dl").textContent;
    assert.ok(/^folderruns\/.*seconds1\d\./.test(own) && !own.includes("backend"), own);
    assert.match(
      page.querySelector("header").textContent,
      /40 runs with 4 seeds: 33 done, 3 diverged, 1 stalled, 2 failed, 1 not run yet\./,
    );
  }));

Deno.test("writeReport() writes the figures as files, with the same points as those in the page", () =>
  withFolder(async (dir) => {
    await writeSampleSweep(dir, {}, SMALL);
    const page = await open(await reportOn(dir));
    const figures = [...page.querySelectorAll("figure")];
    assert.ok(figures.length >= 7);
    for (const figure of figures) {
      const links = [...figure.querySelectorAll("figcaption a")]
        .map((link) => link.getAttribute("href")!);
      assert.deepEqual(links.map((link) => link.slice(-4)), [".svg", ".png"]);
      const svg = await open(join(dir, links[0]!));
      const of = (element: Element) =>
        ["circle", "path[stroke-width], g[aria-label=line] path"].map((selector) =>
          [...element.querySelectorAll(selector)].length
        );
      assert.deepEqual(of(figure), of(svg), links[0]!);
      const png = await Deno.readFile(join(dir, links[1]!));
      assert.deepEqual([...png.slice(1, 4)], [...new TextEncoder().encode("PNG")]);
    }
  }));

Deno.test("R3 writeReport() writes the page of tasks and metrics with control characters in their names", () =>
  withFolder(async (dir) => {
    const bell = (name: string) => `${name}\u0007/../\x1b[2J`;
    const results = sampleResults({ n_skills: [2, 4], seed: [0, 1] }, { whole: true }).map((
      run,
    ) => ({
      ...run,
      metrics: { ...run.metrics, [bell("score")]: run.metrics.heldout_loss! },
      tasks: run.tasks.map((score) => ({ ...score, task: bell(score.task) })),
    }));
    await writeSampleSweep(dir, { metric: bell("score"), question: bell("Why?") }, results);
    const router = { name: bell("q"), nSkills: 2, nSplits: 1, moduleLogits: [[0.5, -1], [2, 0]] };
    for (const { id } of results) {
      const routing = { tasks: [bell("sort"), bell("swap")], routers: [router], truth: null };
      await writeRouting(join(dir, "runs", id), routing);
    }
    const page = await Deno.readTextFile(await reportOn(dir));
    assert.ok(page.includes("score\uFFFD/../\uFFFD[2J"));
    const files = (await Array.fromAsync(Deno.readDir(join(dir, "figures")))).map(({ name }) =>
      name
    );
    assert.ok(files.includes("score_______2J_by_n_skills.png"), files.join());
    for (const name of files.filter((name) => name.endsWith(".svg"))) {
      const svg = await Deno.readTextFile(join(dir, "figures", name));
      // deno-lint-ignore no-control-regex -- these are looked for
      assert.doesNotMatch(svg + page, /[\0-\x08\x0B-\x1F]/);
    }
  }));

Deno.test("writeReport() gives the same bytes again", () =>
  withFolder(async (dir) => {
    await writeSampleSweep(dir, {}, SMALL);
    const first = await Deno.readTextFile(await reportOn(dir));
    assert.equal(await Deno.readTextFile(await reportOn(dir)), first);
  }));

Deno.test("writeReport() shows text as text, whatever it holds", () =>
  withFolder(async (dir) => {
    const hostile = `</script><img src=x onerror="alert('1')">&amp;\0`;
    const results = sampleResults({ n_skills: [2], n_splits: [1] }, { whole: true });
    const [first, ...rest] = results.map((result) => ({
      ...result,
      provenance: { ...result.provenance, [hostile]: hostile, backend: hostile },
    }));
    await writeSampleSweep(dir, { question: hostile, baseline: null }, [
      { ...first!, status: "failed", error: `${hostile}\n${hostile}`, metrics: {}, provenance: {} },
      ...rest,
    ]);
    const path = await reportOn(dir);
    const page = await open(path);
    const html = await Deno.readTextFile(path);
    // The data, the drawing library in two parts, and the page's own script.
    assert.equal(html.match(/<script/g)?.length, 4);
    assert.equal(html.match(/<\/script>/g)?.length, 4);
    assert.ok(!html.includes("\0") && !html.includes("<img src=x"));
    assert.equal(page.querySelector("h1").textContent, hostile.replace("\0", "\uFFFD"));
  }));

Deno.test("the report names no place in the network, and forbids itself to ask for one", () =>
  withFolder(async (dir) => {
    await writeSampleSweep(dir, {}, SMALL);
    const path = await reportOn(dir);
    const html = await Deno.readTextFile(path);
    const written = html.replace(/<script>[^]*?<\/script>/g, "");
    assert.ok(!/(?:src|href)="(?!data:|#|figures\/)/.test(written));
    assert.ok(!/@import|url\((?!#)/.test(written));
    const [policy] = [...(await open(path)).querySelectorAll("meta[http-equiv]")];
    assert.match(policy!.getAttribute("content")!, /^default-src 'none'; img-src data:;/);
  }));

Deno.test("every link of the report leads somewhere, every plot and region has a name", () =>
  withFolder(async (dir) => {
    await writeSampleSweep(dir, {}, SMALL);
    const page = await open(await reportOn(dir));
    const ids = new Set([...page.querySelectorAll("[id]")].map(({ id }) => id));
    for (const link of page.querySelectorAll("nav a")) {
      assert.ok(ids.has(link.getAttribute("href")!.slice(1)));
    }
    assert.ok(ids.size > 8);
    for (const plot of page.querySelectorAll("svg")) {
      assert.ok(plot.getAttribute("aria-label")!.length > 40);
    }
    for (const region of page.querySelectorAll("[role=region]")) {
      assert.ok(region.getAttribute("aria-label"));
    }
  }));

Deno.test("writeReport() lists the settings: varied, fixed by the sweep, and at their defaults", () =>
  withFolder(async (dir) => {
    const results = sampleResults({ n_skills: [2, 4], n_splits: [8], seed: [0, 1] });
    await writeSampleSweep(dir, { baseline: null }, results);
    // The manifest of the sample says that n_splits varies; here it does not.
    const path = join(dir, "manifest.json");
    const manifest = JSON.parse(await Deno.readTextFile(path));
    await Deno.writeTextFile(path, JSON.stringify({ ...manifest, varying: ["n_skills", "seed"] }));
    const page = await open(await reportOn(dir));
    const tables = [...page.querySelectorAll("#settings .scroll table")]
      .map((table) => [...table.querySelectorAll("tbody tr")].map((row) => row.textContent));
    assert.match(tables[0]![0]!, /^n_skills2, 4Skills in the inventory/);
    assert.equal(tables[0]!.length, 2);
    assert.deepEqual(tables[1]!.map((row) => row.slice(0, 9)), ["n_splits8"]);
    assert.ok(tables[2]!.some((row) => row.startsWith("n_tasks16")));
  }));

Deno.test("writeReport() shows a sweep in which nothing is done, or only one run", () =>
  withFolder(async (dir) => {
    const [one, two] = sampleResults({ n_skills: [2], n_splits: [1] }, { whole: true });
    const planned = { ...two!, status: "planned" as const };
    await writeSampleSweep(join(dir, "none"), { baseline: null }, [planned]);
    const none = await open(await reportOn(join(dir, "none")));
    assert.match(none.querySelector("main").textContent, /No run is done yet\./);
    await writeSampleSweep(join(dir, "one"), {}, [one!, planned]);
    const page = await open(await reportOn(join(dir, "one")));
    assert.ok([...page.querySelectorAll("figure")].length >= 2);
    assert.match(page.querySelector("main").textContent, /setting/);
    assert.equal([...none.querySelectorAll("figure")].length, 0);
  }));

Deno.test("writeReport() reads a log that a kill tore, and names one that is damaged", () =>
  withFolder(async (dir) => {
    const results = sampleResults({ n_skills: [2], n_splits: [1] }, { whole: true });
    await writeSampleSweep(dir, { baseline: null }, results);
    const log = join(dir, "runs", results[0]!.id, "metrics.jsonl");
    await Deno.writeTextFile(log, '{"phase":"multi', { append: true });
    await reportOn(dir);
    await Deno.writeTextFile(log, "\n", { append: true });
    await assert.rejects(
      reportOn(dir),
      /Cannot read .*metrics\.jsonl:\d+ as it must be a JSON object/,
    );
  }));

async function command(args: string[], results?: string) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const [out, err] = [text(stdout), text(stderr)];
  const code = await reportCommand(args, { stdout, stderr, ...(results ? { results } : {}) });
  stdout.end();
  stderr.end();
  return { code, stdout: await out, stderr: await err };
}

Deno.test("reportCommand() prints the page's path, or says what is wrong and which sweeps there are", () =>
  withFolder(async (results) => {
    const dir = join(results, "sample");
    await writeSampleSweep(dir, {}, SMALL);
    const done = await command([dir], results);
    assert.deepEqual(done, { code: 0, stdout: `${join(dir, "report.html")}\n`, stderr: "" });

    const other = await command([join(results, "other")], results);
    assert.equal(other.code, 2);
    assert.match(other.stderr, /no manifest\.json\. Sweeps that have run: .*sample\n$/);
    const none = await command([], results);
    assert.equal(none.code, 2);
    assert.match(none.stderr, /deno task report results\/<sweep>.*Sweeps that have run: .*sample/s);
    assert.match((await command(["--opne", dir])).stderr, /^Unknown option --opne/);
    assert.equal((await command(["--help"])).code, 0);

    const path = join(dir, "manifest.json");
    const manifest = JSON.parse(await Deno.readTextFile(path));
    await Deno.writeTextFile(path, JSON.stringify({ ...manifest, metric: "heldout_exact_mach" }));
    const three = await command([dir, dir, dir], results);
    assert.match(three.stderr, /^Cannot compare 3 sweeps: name one folder for its page, or two/);
    const misspelt = await command([dir], results);
    assert.equal(misspelt.code, 2);
    assert.match(misspelt.stderr, /did you mean "heldout_exact_match"/);
  }));
