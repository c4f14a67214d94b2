import assert from "node:assert/strict";
import fc from "fast-check";
import { readSweep } from "./sweep.ts";
import { writtenValues } from "./setting_value.ts";

/** The values of a setting, without their texts. */
function settingValues(text: string): unknown[] {
  return writtenValues(text).map(({ value }) => value);
}

Deno.test("settingValues() reads back what was written", () => {
  fc.assert(fc.property(fc.array(fc.integer(), { minLength: 1 }), (values) => {
    assert.deepEqual(settingValues(values.join(",")), values);
  }));
  assert.deepEqual(settingValues("1e-3,true,null,-2..1"), [1e-3, true, null, -2, -1, 0, 1]);
  assert.throws(() => settingValues("1,,2"), SyntaxError);
});

Deno.test("S4 a comma in quotes, brackets, braces or parentheses does not separate", () => {
  for (
    const [text, values] of [
      ["'a,b.jsonl'", ["a,b.jsonl"]],
      ['"a,b.jsonl",c', ["a,b.jsonl", "c"]],
      ["dir/'a,b'.jsonl", ["dir/'a,b'.jsonl"]],
      ["'it''s, so'", ["it's, so"]],
      [".*[.][0-9]{1,2}[.]q", [".*[.][0-9]{1,2}[.]q"]],
      ["(q|v){1,2},x", ["(q|v){1,2}", "x"]],
      ["[q,v],all-linear", [["q", "v"], "all-linear"]],
      ["['a,b',c]", [["a,b", "c"]]],
      ["[a-z][0-9]", ["[a-z][0-9]"]],
      [".*[(],b", [".*[(]", "b"]],
      ["Bob's,Ann's", ["Bob's", "Ann's"]],
      ["C:\\d\\,b", ["C:\\d\\", "b"]],
    ] as const
  ) assert.deepEqual(settingValues(text), values, text);
});

Deno.test("S4 a path may hold what YAML reads otherwise", () => {
  for (
    const path of [
      "my data #1.jsonl",
      "a: b",
      "@home/x",
      "%x",
      "*x",
      "&x",
      "!x",
      "- x",
      "| x",
      "> x",
      "`x`",
      "{x}",
      "a]b",
      "a(b",
      "~/x",
      "C:\\data\\x.jsonl",
    ]
  ) assert.deepEqual(settingValues(path), [path]);
  const fileOf = (text: string) =>
    readSweep("", "x.yaml", [`data_file=${text}`]).runs.map(({ config }) => config.data_file);
  assert.deepEqual(fileOf("7,true,[a]"), ["7", "true", "[a]"]);
  assert.deepEqual(fileOf("'null'"), ["null"]);
  assert.deepEqual(fileOf("null"), [null]);
});

Deno.test("S4 what is not closed is refused where it matters", () => {
  for (const text of ["a(b,c", "[a,b", "'a,b", "'a'b", "[a,,b]", "[a,]"]) {
    assert.throws(
      () => settingValues(text),
      { name: "SyntaxError", message: /^Cannot read / },
      text,
    );
  }
});

Deno.test("R14 ranges are counted before they are made", () => {
  for (const text of ["0..99999999999", "0..150000,0..150000"]) {
    assert.throws(() => settingValues(text), /a sweep has at most 200,000 runs/);
  }
});
