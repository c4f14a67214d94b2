import assert from "node:assert/strict";
import type { Figure } from "../figures/figure.ts";
import { renderSvg } from "../figures/render_svg.ts";
import { displayOf } from "./show.ts";
import { tableOf } from "../tables/table.ts";

Deno.test("displayOf() makes of a table three texts with the same cells, and no markup of its own", async () => {
  const table = tableOf([
    { task: "<script>alert(1)</script>", loss: 1 / 3, n: 12345678 },
    { task: "a | b", loss: null, n: 2 },
  ]);
  const data = await displayOf(table);
  assert.deepEqual(Object.keys(data), ["text/html", "text/markdown", "text/plain"]);
  assert.equal(data["text/markdown"], data["text/plain"]);
  assert.match(data["text/plain"]!, /0\.3333.*12345678/);
  const html = data["text/html"]!;
  assert.ok(html.includes("&lt;script&gt;") && !html.includes("<script>"));
  const cells = [...html.matchAll(/<t[dh] style="text-align: (\w+);">([^<]*)</g)];
  assert.deepEqual(cells.map(([, side, text]) => `${side} ${text}`), [
    ...["left task", "right loss", "right n"],
    ...["left &lt;script&gt;alert(1)&lt;/script&gt;", "right 0.3333", "right 12345678"],
    ...["left a | b", "right —", "right 2"],
  ]);
});

Deno.test("displayOf() shows a table as it is filtered and ordered, and one without rows", async () => {
  const table = tableOf([{ a: 1 }, { a: 3 }, { a: 2 }]).filter("d => d.a > 1").orderby("a");
  const rowsIn = async (shown: typeof table) =>
    [...(await displayOf(shown))["text/html"]!.matchAll(/<td[^>]*>([^<]*)</g)].map(([, c]) => c);
  assert.deepEqual(await rowsIn(table), ["2", "3"]);
  assert.deepEqual(await rowsIn(tableOf([], ["a", "b"])), []);
});

Deno.test("displayOf() makes of a figure an image in HTML, in the size it is drawn for, with its words", async () => {
  const figure: Figure = {
    name: "two",
    title: "Two points",
    subtitle: "of one seed",
    notes: [],
    alt: 'Two points on a "rising" line',
    draw: (Plot) => ({ width: 300, height: 200, marks: [Plot.dot([[1, 2], [2, 3]])] }),
  };
  const data = await displayOf(figure);
  assert.deepEqual(Object.keys(data), ["text/html", "text/plain"]);
  assert.equal(data["text/plain"], "Two points\nof one seed");
  const [, height, alt, source] =
    /^<img width="300" height="(\d+)" alt="([^"]*)" src="data:image\/svg\+xml;base64,([^"]+)">$/
      .exec(data["text/html"]!)!;
  assert.ok(Number(height) > 200);
  assert.equal(alt, "Two points on a &quot;rising&quot; line");
  assert.equal(new TextDecoder().decode(Uint8Array.fromBase64(source!)), await renderSvg(figure));
});

Deno.test("displayOf() escapes the names of columns", async () => {
  const { "text/html": html } = await displayOf(tableOf([{ "<b>&": 1 }]));
  assert.match(html!, />&lt;b&gt;&amp;<\/th>/);
});
