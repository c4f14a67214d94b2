import assert from "node:assert/strict";
import { displayOf } from "./show.ts";
import { tableOf } from "../tables/table.ts";

Deno.test("displayOf() makes of a table three texts with the same cells, and no markup of its own", async () => {
  const table = tableOf([
    { task: "<script>alert(1)</script>", loss: 1 / 3, n: 12345678 },
    { task: "a | b", loss: null, n: 2 },
  ]);
  const { data, metadata } = await displayOf(table);
  assert.deepEqual(metadata, {});
  assert.deepEqual(Object.keys(data), ["text/html", "text/markdown", "text/plain"]);
  assert.equal(data["text/markdown"], data["text/plain"]);
  assert.match(data["text/plain"]!, /0\.3333.*12345678/);
  const html = data["text/html"]!;
  assert.ok(html.includes("&lt;script&gt;") && !html.includes("<script>"));
  const cells = [...html.matchAll(/<t[dh] style="text-align: (\w+)">([^<]*)</g)];
  assert.deepEqual(cells.map(([, side, text]) => `${side} ${text}`), [
    ...["left task", "right loss", "right n"],
    ...["left &lt;script&gt;alert(1)&lt;/script&gt;", "right 0.3333", "right 12345678"],
    ...["left a | b", "right —", "right 2"],
  ]);
});

Deno.test("displayOf() shows a table as it is filtered and ordered, and one without rows", async () => {
  const table = tableOf([{ a: 1 }, { a: 3 }, { a: 2 }]).filter("d => d.a > 1").orderby("a");
  const rowsIn = async (shown: typeof table) =>
    [...(await displayOf(shown)).data["text/html"]!.matchAll(/<td[^>]*>([^<]*)</g)].map(([, c]) =>
      c
    );
  assert.deepEqual(await rowsIn(table), ["2", "3"]);
  assert.deepEqual(await rowsIn(tableOf([], ["a", "b"])), []);
});

Deno.test("displayOf() makes of a figure a PNG, in the size it is drawn for, with its words", async () => {
  const { data, metadata } = await displayOf({
    name: "two",
    title: "Two points",
    subtitle: "of one seed",
    notes: [],
    alt: "Two points on a rising line",
    draw: (Plot) => ({ width: 300, height: 200, marks: [Plot.dot([[1, 2], [2, 3]])] }),
  });
  assert.equal(data["text/plain"], "Two points\nof one seed");
  const png = Uint8Array.fromBase64(data["image/png"]!);
  const header = new DataView(png.buffer);
  assert.equal(header.getUint32(0), 0x89504e47);
  const { width, height, alt } = metadata["image/png"] as Record<string, number | string>;
  assert.equal(width, 300);
  assert.equal(alt, "Two points on a rising line");
  // Twice the pixels, so that it is sharp on fine screens.
  assert.deepEqual([header.getUint32(16), header.getUint32(20)], [600, 2 * (height as number)]);
});
