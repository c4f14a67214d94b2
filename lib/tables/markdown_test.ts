import assert from "node:assert/strict";
import { markdownCode, markdownText, toMarkdown } from "./markdown.ts";
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

Deno.test("R19 toMarkdown() gives no cell a meaning in Markdown, HTML or a terminal", () => {
  const table = tableOf([{ "t<b>": "<img src=x onerror=alert(1)>", heads: "\\<b>", loss: -0.5 }, {
    "t<b>": "![x](https://example.com)|",
    heads: '["a","b"]',
    loss: -1,
  }, { "t<b>": "\x1b[31mred\x9b0m", heads: "\u202Egnp", loss: 2 }]);
  const text = toMarkdown(table);
  assert.deepEqual(text.split("\n").map((line) => line.split(" | ").map((cell) => cell.trim())), [
    ["| t\\<b>", "heads", "loss |"],
    ["| -----------------------------", "---------", "---: |"],
    ["| \\<img src=x onerror=alert(1)>", "\\\\\\<b>", "-0.5 |"],
    ["| ![x\\](https://example.com)\\|", '["a","b"]', "-1 |"],
    ["| \uFFFD[31mred\uFFFD0m", "\uFFFDgnp", "2 |"],
    [""],
  ]);
});

Deno.test("R19 markdownText() begins no block, and keeps sentences as they are", () => {
  for (
    const [given, expected] of [
      ["Do 2 * 3 skills, or `n_skills` [more], help? - Yes.", null],
      ["```\nall is code", "\\```\nall is code"],
      ["- a\n  * b\n12. c", "\\- a\n\\* b\n12\\. c"],
      ["a\n===\n    code", "a\n\\===\ncode"],
      ["[a]: //x\n[a][b] <!-- -->", "[a\\]: //x\n[a\\][b] \\<!-- -->"],
      ["\\<b>", "\\\\\\<b>"],
      ["a\x1bb", "a\uFFFDb"],
    ] as const
  ) assert.equal(markdownText(given), expected ?? given);
  assert.equal(markdownCode("a`<b>\n"), "`a'<b> `");
});
