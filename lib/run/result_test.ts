import assert from "node:assert/strict";
import fc from "fast-check";
import { parseRunConfig } from "./config.ts";
import { runId } from "./id.ts";
import { isFinal, parseResult, resultToJson, type RunResult } from "./result.ts";

const config = parseRunConfig({ n_skills: 3, seed: 7 });
const done: RunResult = {
  id: runId(config, ["n_skills", "seed"]),
  config,
  status: "done",
  metrics: { seen_loss: 0.1 + 0.2, recovery: null },
  tasks: [{ task: "reverse", phase: "heldout", split: 2, metrics: { loss: 1e-300 } }],
  provenance: { deno: "2.9.6", tags: ["a"] },
};
const text = resultToJson(done);

Deno.test("isFinal() is true of a run that is not done again", () => {
  const final = (["done", "diverged", "stalled", "failed", "planned"] as const).filter((status) =>
    isFinal({ status })
  );
  assert.deepEqual(final, ["done", "diverged", "stalled"]);
});

Deno.test("parseResult() gives back what resultToJson() wrote", () => {
  assert.deepEqual(parseResult(text, "result.json"), done);
  assert.equal(resultToJson(parseResult(text, "result.json")), text);
  const failed: RunResult = { ...done, status: "failed", metrics: {}, error: "no disk" };
  assert.deepEqual(parseResult(resultToJson(failed), "result.json"), failed);
});

Deno.test("resultToJson() refuses NaN and infinity by name, and writes null when the run diverged", () => {
  const wild: RunResult = {
    ...done,
    tasks: [{ task: "sort", phase: "seen", split: 0, metrics: { loss: -Infinity } }],
  };
  assert.throws(() => resultToJson(wild), {
    name: "RangeError",
    message: `Cannot write the result of "${done.id}" as metrics must be finite: ` +
      'loss of seen task "sort" is -Infinity; end such a run as diverged',
  });
  assert.throws(() => resultToJson({ ...done, metrics: { entropy: NaN } }), /: entropy is NaN;/);
  const diverged = parseResult(resultToJson({ ...wild, status: "diverged" }), "result.json");
  assert.deepEqual(diverged.tasks[0]!.metrics, { loss: null });
  assert.deepEqual(diverged.metrics, done.metrics);
});

Deno.test("parseResult() refuses a damaged file, naming it and the fault", () => {
  const edit = (change: (value: Record<string, unknown>) => void) => {
    const value = JSON.parse(text) as Record<string, unknown>;
    change(value);
    return JSON.stringify(value);
  };
  const faults: [string, RegExp][] = [
    [edit((value) => delete value.tasks), /tasks: /],
    [edit((value) => value.extra = 1), /extra/],
    [edit((value) => value.schema = 2), /schema: /],
    [edit((value) => value.status = "finished"), /status: /],
    [edit((value) => (value.metrics as Record<string, unknown>).seen_loss = "0.3"), /seen_loss/],
    [edit((value) => (value.config as Record<string, unknown>).n_skils = 3), /n_skils/],
    [edit((value) => (value.config as Record<string, unknown>).n_skills = 4), /settings have hash/],
    [edit((value) => delete (value.config as Record<string, unknown>).n_skills), /settings have/],
    [text.replace('"seen_loss": 0.30000000000000004', '"seen_loss": 1e999'), /seen_loss/],
    [text.replace('"recovery"', '"seen_loss"'), /key "seen_loss" is there twice/],
    ["", /JSON/],
    ["[]", /object/],
  ];
  for (const [damaged, message] of faults) {
    assert.notEqual(damaged, text);
    assert.throws(() => parseResult(damaged, "runs/x/result.json"), (error: Error) => {
      assert.ok(error instanceof SyntaxError);
      assert.match(error.message, /^Cannot read runs\/x\/result.json as it is damaged: /);
      assert.match(error.message, message);
      return true;
    });
  }
});

Deno.test("parseResult() refuses every file cut short", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: text.trimEnd().length - 1 }), (length) => {
    assert.throws(() => parseResult(text.slice(0, length), "result.json"), SyntaxError);
  }));
});
