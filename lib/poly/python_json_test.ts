import assert from "node:assert/strict";
import { byCodePoint, pythonJson } from "./python_json.ts";

// Expected texts: CPython 3.11, json.dumps(value, indent=2, sort_keys=True).

Deno.test("pythonJson() writes nested values as Python does", () => {
  assert.equal(
    pythonJson({ b: { y: [], x: {} }, a: [1, [true, null]], B: "" }),
    '{\n  "B": "",\n  "a": [\n    1,\n    [\n      true,\n      null\n    ]\n  ],\n' +
      '  "b": {\n    "x": {},\n    "y": []\n  }\n}',
  );
});

Deno.test("pythonJson() escapes as Python does", () => {
  assert.equal(
    pythonJson('\u0000\b\t\n\f\r\u001f"\\/\u007fé\u2028😀\ud800'),
    String.raw`"\u0000\b\t\n\f\r\u001f\"\\/\u007f\u00e9\u2028\ud83d\ude00\ud800"`,
  );
});

Deno.test("pythonJson() keeps a key called __proto__", () => {
  assert.equal(pythonJson(JSON.parse('{"__proto__": 1}')), '{\n  "__proto__": 1\n}');
});

Deno.test("byCodePoint() orders as Python orders strings", () => {
  assert.deepEqual(["\u{10000}", "b", "\ue000", "a", "ab", ""].sort(byCodePoint), [
    "",
    "a",
    "ab",
    "b",
    "\ue000",
    "\u{10000}",
  ]);
});

Deno.test("pythonJson() refuses numbers that Python would write otherwise", () => {
  for (const number of [0.5, NaN, Infinity, 2 ** 60]) {
    assert.throws(() => pythonJson({ r: number }), RangeError);
  }
});
