import assert from "node:assert/strict";
import { useBackend } from "../backend/backend.ts";
import { PolyConfig } from "../poly/config.ts";
import { TestHub } from "../testing/fakes/test_hub.ts";
import { BATCH, fillWithWaves, smallLlama } from "../testing/models/small_models.ts";
import { withEnvironment } from "../testing/with_environment.ts";
import { PeftModel } from "./peft_model.ts";

Deno.test("pushToHub() uploads what fromPretrained() loads, every adapter of a model", async () => {
  await useBackend("cpu");
  await using hub = await TestHub.start();
  hub.files.clear();
  const options = { endpoint: hub.endpoint, token: "hf_w", retryDelays: [] };
  const base = smallLlama();
  const config = new PolyConfig({ n_tasks: 3, n_skills: 2, r: 2, target_modules: ["q_proj"] });
  const model = new PeftModel(base, { seed: 3 });
  model.addAdapter("default", config);
  model.addAdapter("second", config);
  for (const [i, adapter] of [...model.adapters.values()].entries()) fillWithWaves(adapter, i);
  const expected = model.forward(BATCH).logits;

  assert.match(await model.pushToHub("org/name", options), /\/org\/name\/commit\/c{40}$/);
  assert.deepEqual([...hub.files.keys()].sort(), [
    "README.md",
    "adapter_config.json",
    "adapter_model.safetensors",
    "second/adapter_config.json",
    "second/adapter_model.safetensors",
  ]);
  const environment = { HF_ENDPOINT: hub.endpoint, HF_HUB_CACHE: hub.cacheDir, HF_TOKEN: "hf_w" };
  await withEnvironment(environment, async () => {
    const loaded = await PeftModel.fromPretrained(base, "org/name");
    const found = loaded.forward(BATCH).logits;
    assert.deepEqual(await found.data(), await expected.data());
    found.dispose();
    loaded.dispose();
  });

  hub.files.clear();
  await model.pushToHub("org/name", { ...options, selectedAdapters: ["second"] });
  assert.deepEqual([...hub.files.keys()].filter((path) => path !== "README.md").sort(), [
    "second/adapter_config.json",
    "second/adapter_model.safetensors",
  ]);
  expected.dispose();
  model.dispose();
  base.dispose();
});
