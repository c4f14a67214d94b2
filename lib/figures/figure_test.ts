import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { textsOf } from "../testing/read_svg.ts";
import { sampleResults } from "../testing/samples/sample_results.ts";
import { runsTable } from "../tables/study.ts";
import type { Figure } from "./figure.ts";
import { renderSvg } from "./render_svg.ts";
import { renderPng } from "./figure_png.ts";
import { SERIES_STYLES } from "./series_style.ts";
import { metricFigure } from "./study_figures.ts";

type OneMark = (
  plot: Parameters<Figure["draw"]>[0],
) => NonNullable<ReturnType<Figure["draw"]>["marks"]>[number];

const FIGURE: Figure = {
  name: "dots",
  title: "Dots",
  subtitle: "Two of them",
  notes: [],
  alt: "Two dots",
  draw: (Plot) => ({ marks: [Plot.dot([[1, 2], [2, 3]])] }),
};

const sample = () =>
  metricFigure(runsTable(sampleResults({})), { metric: "heldout_loss", x: "n_skills" });

Deno.test("renderSvg() makes a file of its own: name space, white ground, title and description", async () => {
  const svg = await renderSvg(FIGURE);
  assert.ok(svg.startsWith('<svg xmlns="http://www.w3.org/2000/svg" width="720" height="'));
  assert.ok(svg.includes('<rect width="100%" height="100%" fill="#fff"/>'));
  assert.ok(svg.includes("<title>Dots</title><desc>Two dots</desc>"));
  assert.ok(!svg.includes("<style") && !svg.includes("currentcolor"));
});

Deno.test("renderSvg() draws the symbol of every series, and leaves out a line of a single point", async () => {
  const svgOf = (one: OneMark) =>
    renderSvg({ ...FIGURE, draw: (Plot) => ({ marks: [one(Plot)] }) });
  for (const { symbol } of SERIES_STYLES) {
    const svg = await svgOf((Plot) => Plot.dot([[1, 2], [2, 3]], { symbol }));
    const [, dots] = svg.match(/aria-label="dot"[^>]*>(.*?)<\/g>/)!;
    assert.equal(dots!.match(/<(path|circle)\b/g)?.length, 2, symbol);
  }
  for (const [points, isSeen] of [[[[1, 2], [2, 3]], true], [[[1, 2]], false]] as const) {
    const svg = await svgOf((Plot) => Plot.line(points));
    assert.equal(/aria-label="line"[^>]*>(<g[^>]*>)?<path/.test(svg), isSeen);
  }
});

Deno.test("R3 renderSvg() shows control characters in labels as U+FFFD, and a PNG comes of it", async () => {
  const hostile = "sort\u0007\x1b[2J\u0000\uD800\x9b\u202E";
  const svg = await renderSvg({
    ...FIGURE,
    title: hostile,
    notes: [hostile],
    alt: hostile,
    draw: (Plot) => ({
      x: { label: hostile, domain: [hostile] },
      marks: [Plot.text([hostile], { x: [hostile], y: [1], text: (d) => d, title: (d) => d })],
    }),
  });
  // deno-lint-ignore no-control-regex -- these are looked for
  assert.doesNotMatch(svg, /[\0-\x08\x0B-\x1F\x7F-\x9F\u202E]/);
  assert.equal(svg.split("sort\uFFFD\uFFFD[2J\uFFFD\uFFFD\uFFFD\uFFFD").length - 1, 8);
  assert.deepEqual([...(await renderPng(svg)).slice(1, 4)], [...new TextEncoder().encode("PNG")]);
});

Deno.test("renderSvg() escapes every text, also those that Plot writes", async () => {
  const hostile = `<script>alert("1")</script> & ]]>`;
  const svg = await renderSvg({
    ...FIGURE,
    title: hostile,
    subtitle: hostile,
    notes: [hostile],
    alt: hostile,
    draw: (Plot) => ({ x: { label: hostile }, marks: [Plot.text([hostile], { x: [1], y: [1] })] }),
  });
  assert.ok(!svg.includes("<script"), svg);
  assert.ok(textsOf(svg).filter((text) => text.includes(`alert("1")`)).length >= 4);
});

Deno.test("renderSvg() breaks a long title into lines inside the figure and loses no word", async () => {
  const words = Array.from({ length: 60 }, (_, i) => `word${i}`);
  const svg = await renderSvg({ ...FIGURE, title: words.join(" ") });
  const lines = textsOf(svg).filter((text) => text.startsWith("word"));
  assert.ok(lines.length > 4);
  assert.deepEqual(lines.join(" ").split(" "), words);
  // A bold letter of the bundled font is at most 0.8 of its size wide on average.
  for (const line of lines) assert.ok(line.length * 16 * 0.7 <= 720 - 16, line);
});

Deno.test("renderSvg() gives the same text again, whatever was drawn before", async () => {
  const first = await renderSvg(sample());
  await renderSvg(FIGURE);
  assert.equal(await renderSvg(sample()), first);
  assert.match(first, /url\(#clip-1\)/);
});

Deno.test("renderSvg() refuses a plot that is more than one SVG, by name", async () => {
  const withLegend: Figure = {
    ...FIGURE,
    draw: (Plot) => ({
      color: { legend: true },
      marks: [Plot.dot(["a"], { fill: (d) => d, x: 1, y: 1 })],
    }),
  };
  await assert.rejects(renderSvg(withLegend), /Cannot draw figure "dots" as its plot is more than/);
});

Deno.test("renderPng() gives the same pixels again, and draws letters", async () => {
  const svg = await renderSvg(FIGURE);
  const [first, second] = [await renderPng(svg), await renderPng(svg)];
  const hash = (png: Uint8Array) => createHash("sha256").update(png).digest("hex");
  assert.equal(hash(first), hash(second));
  const other = await renderPng(svg.replaceAll(">Dots<", ">Dotz<"));
  assert.notEqual(hash(first), hash(other), "a letter leaves no trace: the font is not found");
});

Deno.test("renderPng() sets text in the bundled font alone", async () => {
  const png = (family: string) =>
    renderPng(
      `<svg xmlns="http://www.w3.org/2000/svg" width="99" height="30">` +
        `<text x="5" y="20" font-family="${family}">Skills</text></svg>`,
    );
  assert.deepEqual(await png("DejaVu Sans"), await png("Some Other Font, sans-serif"));
});
