import assert from "node:assert/strict";
import { toMarkdown } from "./markdown.ts";
import { tableOf } from "./table.ts";

Deno.test("toMarkdown() lines columns up, numbers to the right, missing values as dashes", () => {
  const table = tableOf([
    { method: "poly", n: 128, mean: 0.123456, none: null },
    { method: "a|b\nc", n: null, mean: 12345.6, none: null },
    { method: null, n: 1234567, mean: 1.5e-7, none: null },
  ]);
  assert.equal(
    toMarkdown(table),
    [
      "| method |       n |   mean | none |",
      "| ------ | ------: | -----: | ---: |",
      "| poly   |     128 | 0.1235 |    — |",
      "| a\\|b c |       — |  12346 |    — |",
      "| —      | 1234567 | 1.5e-7 |    — |",
      "",
    ].join("\n"),
  );
});

Deno.test("toMarkdown() of no rows is a head, and of no columns nothing", () => {
  assert.equal(toMarkdown(tableOf([], ["a"])), "|   a |\n| --: |\n");
  assert.equal(toMarkdown(tableOf([])), "");
});
