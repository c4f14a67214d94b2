import assert from "node:assert/strict";
import fc from "fast-check";
import { HAS_PYTHON, runPython } from "../testing/python.ts";
import { pythonJson } from "./python_json.ts";

// Texts by Python 3.11, `json.dumps(value, indent=2, sort_keys=True)`.
Deno.test("pythonJson() lays numbers out as Python does", () => {
  const floats: [number, string][] = [
    [0.1, "0.1"],
    [1e-4, "0.0001"],
    [1e-5, "1e-05"],
    [1.25e-7, "1.25e-07"],
    [1e-100, "1e-100"],
    [1.5, "1.5"],
    [-2.5e-10, "-2.5e-10"],
    [5e-324, "5e-324"],
  ];
  for (const [value, text] of floats) assert.equal(pythonJson(value), text);
  const whole: [number, string, string][] = [
    [0, "0", "0.0"],
    [10000, "10000", "10000.0"],
    [1e15, "1000000000000000", "1000000000000000.0"],
    [1e16, "10000000000000000", "1e+16"],
    [-1e22, "-10000000000000000000000", "-1e+22"],
  ];
  for (const [value, asInteger, asFloat] of whole) {
    assert.equal(pythonJson(value), asInteger);
    assert.equal(pythonJson({ f: [value] }, new Set(["f"])), `{\n  "f": [\n    ${asFloat}\n  ]\n}`);
  }
  assert.equal(pythonJson({ f: -0 }, new Set(["f"])), `{\n  "f": -0.0\n}`);
});

Deno.test("pythonJson() sorts keys by code point, escapes what is not ASCII, and keeps empty things short", () => {
  const value = {
    "\u{1F600}": 1,
    "\uFFFD": { b: [], a: {} },
    "10": null,
    "9": true,
    gone: undefined,
  };
  assert.equal(
    pythonJson(value),
    `{\n  "10": null,\n  "9": true,\n  "\\ufffd": {\n    "a": {},\n    "b": []\n  },\n  "\\ud83d\\ude00": 1\n}`,
  );
  assert.equal(pythonJson('"\\/\n\x01\x7fé'), `"\\"\\\\/\\n\\u0001\x7f\\u00e9"`);
});

Deno.test("pythonJson() refuses what JSON cannot say", () => {
  assert.throws(() => pythonJson({ a: NaN }), { name: "RangeError", message: /"a".*NaN/ });
  assert.throws(() => pythonJson([Infinity]), RangeError);
  assert.throws(() => pythonJson({ f() {} }), { name: "TypeError", message: /"f".*function/ });
});

Deno.test("pythonJson() can be read back", () => {
  fc.assert(fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
    assert.deepEqual(JSON.parse(pythonJson(value)), JSON.parse(JSON.stringify(value)));
  }));
});

Deno.test({
  name: "pythonJson() writes every float as Python does",
  ignore: !HAS_PYTHON,
  async fn() {
    const values = fc.sample(fc.double({ noNaN: true, noDefaultInfinity: true }), 500)
      .concat(fc.sample(fc.float({ noNaN: true, noDefaultInfinity: true }), 500));
    const script = `import json, struct, sys
values = struct.unpack("<1000d", bytes.fromhex(sys.argv[1]))
print(json.dumps({"f": values}, indent=2, sort_keys=True), end="")`;
    const bytes = new Uint8Array(new Float64Array(values).buffer);
    assert.equal(
      pythonJson({ f: values }, new Set(["f"])),
      await runPython(script, [bytes.toHex()]),
    );
  },
});
