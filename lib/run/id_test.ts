import assert from "node:assert/strict";
import { parseRunConfig } from "./config.ts";
import {
  cellTexts,
  configHash,
  hashOf,
  isNamedAfter,
  runId,
  runLabel,
  settingsText,
} from "./id.ts";

Deno.test("S3 names of runs end in 16 digits, and those of earlier results in 8 are known", async () => {
  const config = parseRunConfig({ n_skills: 8 });
  const id = runId(config, ["n_skills", "seed"]);
  assert.match(id, /^n_skills=8,seed=0--[0-9a-f]{16}$/);
  const earlier = id.slice(0, -8);
  for (const name of [id, earlier]) {
    assert.equal(runLabel(name), "n_skills=8,seed=0");
    assert.ok(configHash(config).startsWith(hashOf(name)!));
    assert.ok(isNamedAfter(name, config));
    assert.ok(!isNamedAfter(name, { ...config, seed: 1 }));
  }
  assert.ok(!isNamedAfter("n_skills=8", config));
  const text = await Deno.readTextFile("results/reference/quick/manifest.json");
  const { runs } = JSON.parse(text) as { runs: { id: string; config: typeof config }[] };
  assert.ok(runs.length > 0 && runs.every(({ id, config }) => isNamedAfter(id, config)));
});

Deno.test("S3 settings whose hashes begin alike are different settings", () => {
  const quick = parseRunConfig({
    task_seed: 0,
    router_noise: "none",
    steps: 150,
    n_tasks: 8,
    adaptation_steps: 40,
  });
  const first = { ...quick, n_skills: 2, n_splits: 1, seed: 12585 };
  const second = { ...quick, n_skills: 8, n_splits: 4, seed: 10317 };
  assert.equal(configHash(first).slice(0, 8), configHash(second).slice(0, 8));
  assert.notEqual(configHash(first), configHash(second));
  assert.notEqual(settingsText(first), settingsText(second));
});

Deno.test("cellTexts() is the text of each run without its seed", () => {
  const configs = [{ seed: 0 }, { seed: 1 }, { r: 2 }, { r: 2, seed: 1 }, { target_modules: ["q"] }]
    .map((settings) => parseRunConfig(settings));
  assert.deepEqual(
    cellTexts(configs.map((config) => ({ config }))),
    configs.map((config) => settingsText(config, ["seed"])),
  );
});
