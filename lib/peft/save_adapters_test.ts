import assert from "node:assert/strict";
import { parseSafetensors } from "../files/safetensors.ts";
import { onEachBackend } from "../testing/on_each_backend.ts";
import { fillWithWaves, smallT5, valuesOf } from "../testing/models/small_models.ts";
import { useBackend } from "../backend/backend.ts";
import { type Adapter, disposeAdapter } from "../poly/adapter.ts";
import { PolyConfig, type PolyConfigOptions } from "../poly/config.ts";
import { makeAdapter } from "../poly/make_adapter.ts";
import { saveAdapters } from "./save_adapters.ts";
import type { PolySettings } from "../poly/settings.ts";

await useBackend("cpu");
const base = smallT5();

function adapterOf(options: PolyConfigOptions = {}, name = "default"): Adapter {
  const config = new PolyConfig({
    task_type: "SEQ_2_SEQ_LM",
    target_modules: ["q", "v"],
    r: 4,
    n_tasks: 5,
    n_skills: 3,
    n_splits: 2,
    ...options,
  });
  const { adapter } = makeAdapter(base, name, config, 7);
  fillWithWaves(adapter);
  return adapter;
}

const model = (...adapters: Adapter[]) => ({
  base,
  adapters: new Map(adapters.map((adapter) => [adapter.name, adapter])),
});

/** The names of all files below a folder. */
async function tree(dir: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(dir)) {
    if (isDirectory) names.push(...(await tree(`${dir}/${name}`)).map((sub) => `${name}/${sub}`));
    else names.push(name);
  }
  return names.sort();
}

/** Runs a test with a folder and disposes the adapters it made. */
function inFolder(
  claim: string,
  test: (dir: string, make: typeof adapterOf) => Promise<void>,
): void {
  onEachBackend(claim, async () => {
    const dir = await Deno.makeTempDir({ prefix: "save_adapters_" });
    const made: Adapter[] = [];
    try {
      await test(dir, (...args) => {
        made.push(adapterOf(...args));
        return made.at(-1)!;
      });
    } finally {
      made.forEach(disposeAdapter);
      await Deno.remove(dir, { recursive: true });
    }
  }, { only: ["cpu"] });
}

onEachBackend(
  "saveAdapters() writes each tensor under PEFT's name with its values",
  async ({ name }) => {
    await useBackend(name);
    const base = smallT5();
    const config = new PolyConfig({
      target_modules: ".*decoder.*EncDecAttention.q",
      modules_to_save: ["lm_head"],
      r: 4,
      n_tasks: 5,
      n_skills: 3,
      n_splits: 2,
    });
    const { adapter } = makeAdapter(base, "default", config, 7);
    fillWithWaves(adapter);
    const dir = await Deno.makeTempDir();
    await saveAdapters({ base, adapters: new Map([["default", adapter]]) }, dir);
    const bytes = await Deno.readFile(`${dir}/adapter_model.safetensors`);
    const file = parseSafetensors(bytes);
    const layer = "decoder.block.0.layer.1.EncDecAttention.q";
    // [H, S, I/H, R], [H, S, R, O/H], [T, H·S] of d_model 12 and 3 heads of 6.
    assert.deepEqual(
      file.names.map((key) => [key, file.info(key).dtype, ...file.info(key).shape]),
      [
        ["base_model.model.lm_head.weight", "F32", 23, 12],
        [`base_model.model.${layer}.poly_lora_A`, "F32", 2, 3, 6, 4],
        [`base_model.model.${layer}.poly_lora_B`, "F32", 2, 3, 4, 9],
        [`base_model.model.${layer}.poly_router.module_logits`, "F32", 5, 6],
      ].sort(),
    );
    for (const [key, values] of await valuesOf(adapter)) {
      assert.deepEqual(file.read(`base_model.model.${key}`).data, values, key);
    }
    // The header: metadata first, as PEFT writes it, padded to 8 bytes.
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    assert.equal(length % 8, 0);
    const header = new TextDecoder().decode(bytes.subarray(8, 8 + length));
    assert.ok(header.startsWith('{"__metadata__":{"format":"pt"},'));
    disposeAdapter(adapter);
    base.dispose();
    await Deno.remove(dir, { recursive: true });
  },
);

inFolder(
  "saveAdapters() puts default at the root, others below, and nothing else",
  async (dir, make) => {
    const adapters = model(make(), make({}, "other"), make({}, "efaul"));
    await saveAdapters(adapters, dir, { selectedAdapters: ["other", "default"] });
    assert.deepEqual(await tree(dir), [
      "README.md",
      "adapter_config.json",
      "adapter_model.safetensors",
      "other/adapter_config.json",
      "other/adapter_model.safetensors",
    ]);
    await saveAdapters(adapters, dir);
    assert.ok((await tree(dir)).includes("efaul/adapter_config.json"));
  },
);

inFolder(
  "saveAdapters() keeps a README's words and updates its front matter",
  async (dir, make) => {
    await Deno.writeTextFile(`${dir}/README.md`, "---\nmeta: hello\n---\nSome text\n");
    await saveAdapters(model(make()), dir);
    const card = await Deno.readTextFile(`${dir}/README.md`);
    assert.match(card, /meta: hello\n/);
    assert.match(card, /library_name: peft\n/);
    assert.match(card, /\nSome text\n/);
  },
);

inFolder(
  "saveAdapters() writes settings only where PEFT's do not hold, and removes old ones",
  async (dir, make) => {
    const path = `${dir}/poly_settings.json`;
    await saveAdapters(model(make({ settings: { router_noise: "none" } })), dir);
    assert.equal(JSON.parse(await Deno.readTextFile(path)).router_noise, "none");
    assert.equal(
      Object.keys(JSON.parse(await Deno.readTextFile(`${dir}/adapter_config.json`))).length,
      16,
    );
    await saveAdapters(model(make()), dir);
    assert.ok(!(await tree(dir)).includes("poly_settings.json"));
  },
);

inFolder(
  "saveAdapters() writes a fixed allocation as logits, a shared router once per layer",
  async (dir, make) => {
    const settings: Partial<PolySettings> = { router_allocation: [[1, 0], [1, 1]] };
    await saveAdapters(model(make({ n_tasks: 2, n_skills: 2, settings })), dir);
    let file = parseSafetensors(await Deno.readFile(`${dir}/adapter_model.safetensors`));
    const routing = () => file.names.filter((key) => key.endsWith("module_logits"));
    for (const key of routing()) {
      assert.deepEqual([...file.read(key).data], [0, -200, 0, -200, 0, 0, 0, 0]);
    }
    await saveAdapters(model(make({ settings: { router_granularity: "model" } })), dir);
    file = parseSafetensors(await Deno.readFile(`${dir}/adapter_model.safetensors`));
    assert.equal(routing().length, 8);
    for (const key of routing()) assert.deepEqual(file.read(key), file.read(routing()[0]!));
  },
);

inFolder("saveAdapters() refuses before anything is written", async (dir, make) => {
  const file = `${dir}/file`;
  await Deno.writeTextFile(file, "");
  const two = model(make(), make({}, "other"));
  const refusals: [() => Promise<void>, object][] = [
    [() => saveAdapters(two, file), {
      name: "NotADirectory",
      message: `Cannot save: Provided path (${file}) should be a directory, not a file`,
    }],
    [() => saveAdapters(two, `${dir}/new`, { selectedAdapters: ["other", "nope"] }), {
      name: "RangeError",
      message: "Cannot save adapters ['nope'] as there are none of that name: current supported " +
        "adapter names are ['default', 'other'] - got ['other', 'nope']",
    }],
    [() =>
      saveAdapters(
        model(make(), make({ settings: { router_straight_through: true } }, "other")),
        `${dir}/new`,
      ), { name: "RangeError", message: /adapter "other".*router_straight_through.*LoRA/s }],
    ...["../up", "a/b", "..", "", "a\\b", "C:"].map((name): [() => Promise<void>, object] => [
      () => saveAdapters(model(make(), { ...make(), name }), `${dir}/new`),
      { name: "RangeError", message: /must be that of a folder/ },
    ]),
  ];
  for (const [save, refusal] of refusals) await assert.rejects(save, refusal);
  assert.deepEqual(await tree(dir), ["file"]);
  await Deno.mkdir(`${dir}/new`);
  await Deno.writeTextFile(`${dir}/new/other`, "");
  await assert.rejects(() => saveAdapters(two, `${dir}/new`), { name: "NotADirectory" });
  await Deno.writeTextFile(`${dir}/new/README.md`, "---\n[\n---\n");
  await assert.rejects(() => saveAdapters(model(make()), `${dir}/new`), { name: "SyntaxError" });
  assert.deepEqual(await tree(dir), ["file", "new/README.md", "new/other"]);
});
