import assert from "node:assert/strict";
import fc from "fast-check";
import { anyCharacter, anyText } from "../testing/any_text.ts";
import { lacking } from "../testing/lacking.ts";
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
  assert.equal(pythonJson('"\\/\n\x01\x7fé'), `"\\"\\\\/\\n\\u0001\\u007f\\u00e9"`);
});

Deno.test("pythonJson() refuses what JSON cannot say", () => {
  assert.throws(() => pythonJson({ a: NaN }), { name: "RangeError", message: /"a".*NaN/ });
  assert.throws(() => pythonJson([Infinity]), RangeError);
  assert.throws(() => pythonJson({ f() {} }), { name: "TypeError", message: /"f".*function/ });
});

Deno.test("pythonJson() can be read back", () => {
  fc.assert(fc.property(fc.jsonValue({ stringUnit: anyCharacter }), (value) => {
    assert.deepEqual(JSON.parse(pythonJson(value)), JSON.parse(JSON.stringify(value)));
  }));
});

Deno.test({
  name: `pythonJson() writes every float, text and nesting as Python does${
    lacking("Python with PEFT", HAS_PYTHON)
  }`,
  ignore: !HAS_PYTHON,
  async fn() {
    const numbers = { noNaN: true, noDefaultInfinity: true };
    const floats = fc.sample(fc.oneof(fc.double(numbers), fc.float(numbers)), 1000);
    const texts = fc.sample(fc.dictionary(anyText, fc.jsonValue()), 100);
    // Floats travel as bits, and whole numbers stay what they are on both sides.
    const script = `import json, struct, sys
floats = struct.unpack("<1000d", bytes.fromhex(sys.argv[1]))
print(json.dumps({"f": floats}, indent=2, sort_keys=True), end="")`;
    const bits = new Uint8Array(new Float64Array(floats).buffer).toHex();
    assert.equal(pythonJson({ f: floats }, new Set(["f"])), await runPython(script, [bits]));
    const again = `import json, sys
print(json.dumps(json.loads(sys.argv[1]), indent=2, sort_keys=True), end="")`;
    // Python reads 1e21 as a float, where JavaScript wrote a whole number.
    const whole = JSON.parse(
      JSON.stringify(texts),
      (_, value) =>
        typeof value === "number" && Math.abs(value) >= 1e15 ? 0 : value === 0 ? 0 : value,
    );
    assert.equal(pythonJson(whole), await runPython(again, [JSON.stringify(whole)]));
  },
});
