import assert from "node:assert/strict";
import { HAS_PYTHON, runPython } from "./python.ts";

Deno.test({
  name: "runPython() hands over arguments, returns what is printed, and throws what went wrong",
  ignore: !HAS_PYTHON,
  async fn() {
    assert.equal(
      await runPython("import sys; print(sys.argv[1:])", ["a b", "é"]),
      "['a b', 'é']\n",
    );
    await assert.rejects(runPython("raise ValueError('no such thing')", []), /no such thing/);
  },
});
