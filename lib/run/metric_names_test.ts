import assert from "node:assert/strict";
import { join } from "node:path";
import { metricNames } from "./metric_names.ts";
import { parseResult } from "./result.ts";

Deno.test("A4 every metric that results have was known before their runs", async () => {
  const reference = "results/reference";
  let runs = 0;
  for await (const { name: sweep } of Deno.readDir(reference)) {
    for await (const { name: run } of Deno.readDir(join(reference, sweep, "runs"))) {
      const path = join(reference, sweep, "runs", run, "result.json");
      const { config, metrics, status } = parseResult(await Deno.readTextFile(path), path);
      const known = metricNames(config);
      const measured = Object.keys(metrics);
      assert.deepEqual(measured.filter((name) => !known.includes(name)), [], path);
      const ended = known.filter((name) => name !== "diverged_at_step");
      if (status === "done") assert.deepEqual(ended.toSorted(), measured.toSorted(), path);
      runs++;
    }
  }
  assert.ok(runs > 100);
});
