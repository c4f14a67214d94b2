import assert from "node:assert/strict";
import { lacking } from "./lacking.ts";
import { HAS_PYTHON, runPython, runTorch } from "./python.ts";

for (const run of [runPython, runTorch]) {
  Deno.test({
    name: `${run.name}() hands over arguments, returns what is printed, and throws what went wrong${
      lacking("Python with PEFT", HAS_PYTHON)
    }`,
    ignore: !HAS_PYTHON,
    async fn() {
      assert.equal(await run("import sys; print(sys.argv[1:])", ["a b", "é"]), "['a b', 'é']\n");
      await assert.rejects(run("raise ValueError('no such thing')", []), /no such thing/);
      await assert.rejects(run("import sys; sys.exit(3)", []), /exit code 3/);
    },
  });
}

Deno.test({
  name: "runTorch() gives each script a process of its own" +
    lacking("Python with PEFT", HAS_PYTHON),
  ignore: !HAS_PYTHON || Deno.build.os === "windows",
  async fn() {
    const script = `import os, sys, __main__
assert "torch" in sys.modules and "peft" in sys.modules
assert __main__.__dict__ is globals() and not hasattr(sys, "seen")
sys.seen = True
print(os.getpid())`;
    const [first, second] = await Promise.all([runTorch(script, []), runTorch(script, [])]);
    assert.notEqual(first, second);
    await assert.rejects(runTorch("import os; os.abort()", []), /ended without an exit code/);
  },
});
