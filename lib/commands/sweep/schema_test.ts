import assert from "node:assert/strict";
import { parse } from "yaml";
import { z } from "zod";
import { captured } from "../../testing/captured.ts";
import { sweepCommand } from "./command.ts";
import { SCHEMA_FILE, sweepSchema } from "./schema.ts";

Deno.test("the schema beside the sweeps is that of the code, as deno task sweep --schema prints it", async () => {
  const { code, stdout } = await captured((output) => sweepCommand(["--schema"], output));
  assert.equal(code, 0);
  assert.equal(
    await Deno.readTextFile(SCHEMA_FILE),
    stdout,
    `run: deno task sweep --schema > ${SCHEMA_FILE}`,
  );
  assert.deepEqual(JSON.parse(stdout), sweepSchema());
});

Deno.test("every shipped sweep names the schema and fits it, and what does not fit is seen", async () => {
  const schema = z.fromJSONSchema(sweepSchema() as Parameters<typeof z.fromJSONSchema>[0]);
  const fits = (yaml: string) => schema.safeParse(parse(yaml)).success;
  for await (const { name } of Deno.readDir("experiments")) {
    if (!name.endsWith(".yaml") || name === "claims.yaml") continue; // that is no sweep
    const yaml = await Deno.readTextFile(`experiments/${name}`);
    assert.equal(
      yaml.split("\n", 1)[0],
      "# yaml-language-server: $schema=sweep.schema.json",
      `${name} begins with its schema`,
    );
    assert.ok(fits(yaml), name);
  }
  assert.ok(fits("extends: quick.yaml\nset: { n_skills: 2 }\nsample: { n: 3 }\ngrid:"));
  assert.ok(
    fits("grid: { learning_rate: 1e-4..1e-1:log4, target_modules: [[q, v], q] }\nseeds: 0..4"),
  );
  assert.ok(fits("early_stopping: halving\nset: { batch_size: auto }"));
  assert.ok(fits("early_stopping: { rule: median, metric: training_loss, rungs: [0.1, 0.3] }"));
  for (
    const wrong of [
      "n_skills: 2",
      "set: { n_skill: 2 }",
      "set: { n_skills: two }",
      "set: { method: polly }",
      "set: { seed: 1 }",
      "grid: { r: 4 }",
      "grid: { r: [0] }",
      "include: [{ n_skill: 2 }]",
      "seeds: [a]",
      "margin: 0",
      "sample: { seed: 1 }",
      "sample: 4",
      "grid: { batch_size: [auto] }",
      "set: { accumulation: auto }",
      "early_stopping: halve",
      "early_stopping: { keep: 0.5 }",
      "early_stopping: { rule: halving, rungs: [1] }",
      "slurm: { partitoin: cpu }",
    ]
  ) assert.ok(!fits(wrong), wrong);
});
