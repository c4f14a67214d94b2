import assert from "node:assert/strict";
import { lacking } from "./lacking.ts";
import { HAS_PYTHON, runPython } from "./python.ts";

Deno.test({
  name: `runPython() hands over arguments, returns what is printed, and throws what went wrong${
    lacking("Python with PEFT", HAS_PYTHON)
  }`,
  ignore: !HAS_PYTHON,
  async fn() {
    assert.equal(
      await runPython("import sys; print(sys.argv[1:])", ["a b", "é"]),
      "['a b', 'é']\n",
    );
    await assert.rejects(runPython("raise ValueError('no such thing')", []), /no such thing/);
  },
});
