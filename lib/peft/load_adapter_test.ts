import assert from "node:assert/strict";
import { useBackend } from "../backend/backend.ts";
import { readSafetensors, type TensorToStore, writeSafetensors } from "../files/safetensors.ts";
import { onEachBackend } from "../testing/on_each_backend.ts";
import { fillWithWaves, smallLlama, smallT5, valuesOf } from "../testing/models/small_models.ts";
import * as tf from "../tf.ts";
import { type Adapter, disposeAdapter, routersOf } from "../poly/adapter.ts";
import { PolyConfig, type PolyConfigOptions } from "../poly/config.ts";
import { type FindOptions, loadAdapter } from "./load_adapter.ts";
import { makeAdapter } from "../poly/make_adapter.ts";
import { saveAdapters } from "./save_adapters.ts";

await useBackend("cpu");
const base = smallT5();
const Q = "encoder.block.0.layer.0.SelfAttention.q";

/** A folder with a saved adapter, for one test. */
class Saved {
  readonly warnings: string[] = [];
  readonly adapters: Adapter[] = [];
  constructor(readonly dir: string, readonly original: Adapter) {}

  load(name = "default", options: FindOptions = {}): Promise<Adapter> {
    const onWarning = (warning: string) => this.warnings.push(warning);
    return loadAdapter(base, this.dir, name, { onWarning, ...options }).then((adapter) => {
      this.adapters.push(adapter);
      return adapter;
    });
  }

  /** Changes the tensors of the file. */
  async edit(change: (tensors: Map<string, TensorToStore>) => void): Promise<void> {
    const path = `${this.dir}/adapter_model.safetensors`;
    const tensors = new Map<string, TensorToStore>(await readSafetensors(path));
    change(tensors);
    await Deno.writeFile(path, writeSafetensors(tensors));
  }

  async editConfig(changes: Record<string, unknown>): Promise<void> {
    const path = `${this.dir}/adapter_config.json`;
    const config = JSON.parse(await Deno.readTextFile(path));
    await Deno.writeTextFile(path, JSON.stringify({ ...config, ...changes }));
  }

  /** Refuses to load, and leaves neither a tensor nor a change of the base model. */
  async refuses(error: object, options: FindOptions = {}): Promise<void> {
    const [tensors, weights] = [tf.memory().numTensors, await bits()];
    await assert.rejects(() => this.load("default", options), error);
    assert.equal(tf.memory().numTensors, tensors, "tensors left behind");
    assert.deepEqual(await bits(), weights);
  }
}

/** A checkable copy of the base model. */
async function bits(): Promise<Float32Array[]> {
  const values = base.parameters.names.map((name) => base.parameters.get(name).data());
  return (await Promise.all(values)).map((data) => Float32Array.from(data));
}

const OPTIONS: PolyConfigOptions = {
  task_type: "SEQ_2_SEQ_LM",
  target_modules: ["SelfAttention.q", "wo"],
  modules_to_save: ["lm_head"],
  r: 3,
  n_tasks: 4,
  n_skills: 3,
  n_splits: 2,
};

function withSaved(
  claim: string,
  test: (saved: Saved) => Promise<void>,
  options: PolyConfigOptions = {},
): void {
  onEachBackend(claim, async () => {
    const dir = await Deno.makeTempDir({ prefix: "load_adapter_" });
    const { adapter } = makeAdapter(base, "default", new PolyConfig({ ...OPTIONS, ...options }), 7);
    fillWithWaves(adapter);
    await saveAdapters({ base, adapters: new Map([["default", adapter]]) }, dir);
    const saved = new Saved(dir, adapter);
    try {
      await test(saved);
    } finally {
      [adapter, ...saved.adapters].forEach(disposeAdapter);
      await Deno.remove(dir, { recursive: true });
    }
  }, { only: ["cpu"] });
}

withSaved(
  "loadAdapter() gives every tensor back to the last bit, without warnings",
  async (saved) => {
    for (const name of ["default", "q", "poly_lora_A", "weight", "SelfAttention"]) {
      const loaded = await saved.load(name);
      assert.equal(loaded.name, name);
      assert.deepEqual(await valuesOf(loaded), await valuesOf(saved.original));
    }
    assert.deepEqual(saved.warnings, []);
  },
);

withSaved("loadAdapter() is in inference mode unless it is to be trained", async (saved) => {
  assert.equal((await saved.load()).config.inference_mode, true);
  assert.equal((await saved.load("b", { isTrainable: true })).config.inference_mode, false);
});

withSaved("loadAdapter() finds tensors without PEFT's prefix", async (saved) => {
  await saved.edit((tensors) => {
    for (const [key, tensor] of [...tensors]) {
      tensors.delete(key);
      tensors.set(key.slice("base_model.model.".length), tensor);
    }
  });
  assert.deepEqual(await valuesOf(await saved.load()), await valuesOf(saved.original));
  assert.deepEqual(saved.warnings, []);
});

withSaved("loadAdapter() reads half precision as single", async (saved) => {
  for (const [dtype, tolerance] of [["F16", 2 ** -11], ["BF16", 2 ** -8 + 2 ** -11]] as const) {
    await saved.edit((tensors) => {
      for (const [key, tensor] of tensors) tensors.set(key, { ...tensor, dtype });
    });
    const loaded = await valuesOf(await saved.load(dtype));
    for (const [name, values] of await valuesOf(saved.original)) {
      const read = loaded.get(name)!;
      assert.ok(
        values.every((value, i) =>
          Math.abs(read[i]! - value) <= tolerance * Math.abs(value) + 1e-7
        ),
      );
    }
  }
});

withSaved(
  "loadAdapter() keeps initial values where tensors are missing, with PEFT's warning",
  async (saved) => {
    await saved.edit((tensors) => {
      tensors.delete(`base_model.model.${Q}.poly_lora_A`);
      tensors.delete(`base_model.model.${Q}.poly_router.module_logits`);
    });
    const loaded = await saved.load("mine", { seed: 5 });
    assert.deepEqual(saved.warnings, [
      "Found missing adapter keys while loading the checkpoint: " +
      `['base_model.model.${Q}.poly_lora_A.mine', ` +
      `'base_model.model.${Q}.poly_router.mine.module_logits'].`,
    ]);
    const { adapter: fresh } = makeAdapter(base, "x", loaded.config, 5);
    const [values, initial] = [await valuesOf(loaded), await valuesOf(fresh)];
    assert.deepEqual(values.get(`${Q}.poly_lora_A`), initial.get(`${Q}.poly_lora_A`));
    disposeAdapter(fresh);
  },
);

withSaved(
  "loadAdapter() throws MissingTensorError when a promised module is not there",
  async (saved) => {
    await saved.edit((tensors) => tensors.delete("base_model.model.lm_head.weight"));
    await saved.refuses({
      name: "MissingTensorError",
      message: /modules_to_save.*'base_model\.model\.lm_head\.weight'/,
    });
  },
);

withSaved("loadAdapter() warns of tensors that nothing takes", async (saved) => {
  await saved.edit((tensors) => {
    const one = { shape: [1], data: new Float32Array(1) };
    tensors.set("base_model.model.shared.weight", one);
    tensors.set("base_model.model.encoder.block.0.layer.0.SelfAttention.v.poly_lora_A", one);
  });
  const before = await bits();
  const loaded = await saved.load();
  assert.deepEqual(await valuesOf(loaded), await valuesOf(saved.original));
  assert.deepEqual(await bits(), before);
  assert.equal(saved.warnings.length, 1);
  assert.match(
    saved.warnings[0]!,
    /^Ignored tensors.*SelfAttention\.v\.poly_lora_A.*shared\.weight/,
  );
});

withSaved("loadAdapter() throws RangeError naming every mismatched shape", async (saved) => {
  await saved.editConfig({ n_tasks: 2 });
  await saved.refuses((error: Error) => {
    assert.equal(error.name, "RangeError");
    assert.equal(error.message.match(/module_logits is \[4,6\], in the model \[2,6\]/g)!.length, 6);
    return true;
  });
});

withSaved(
  "loadAdapter() makes no adapter that is larger than its file and the base model",
  async (saved) => {
    await saved.edit((tensors) => tensors.clear());
    for (
      const change of [{ r: 1e9 }, { n_tasks: 1e9 }, { n_skills: 1e9 }, { r: 1e5, n_tasks: 1e5 }]
    ) {
      await saved.editConfig({ ...OPTIONS, ...change });
      for (const ignoreMismatchedSizes of [false, true]) {
        await saved.refuses({
          name: "RangeError",
          message: RegExp(
            "^Cannot make an adapter as its configuration asks for more values than its file and " +
              `the base model have together: \\d+, more than ${base.parameters.size}; ` +
              `r is ${change.r ?? 3}, n_tasks ${change.n_tasks ?? 4}, n_skills ${
                change.n_skills ?? 3
              }`,
          ),
        }, { ignoreMismatchedSizes });
      }
    }
  },
);

withSaved(
  "loadAdapter() with ignoreMismatchedSizes keeps skills and initial routing",
  async (saved) => {
    await saved.editConfig({ n_tasks: 2 });
    const loaded = await saved.load("few", { ignoreMismatchedSizes: true, seed: 3 });
    const { adapter: fresh } = makeAdapter(base, "x", loaded.config, 3);
    const [values, initial, old] = [loaded, fresh, saved.original].map(valuesOf);
    for (const [name, data] of await values!) {
      assert.deepEqual(data, (await (name.endsWith("module_logits") ? initial! : old!)).get(name));
    }
    assert.equal(saved.warnings.length, 1);
    assert.match(saved.warnings[0]!, /keep their initial values.*module_logits is \[4,6\]/);
    disposeAdapter(fresh);
  },
);

withSaved(
  "loadAdapter() throws RangeError when the base model lacks adapted modules",
  async (saved) => {
    const small = smallT5({ num_layers: 1, num_decoder_layers: 1 });
    const tensors = tf.memory().numTensors;
    await assert.rejects(() => loadAdapter(small, saved.dir, "default"), {
      name: "RangeError",
      message: /no encoder\.block\.1\.layer\.0\.SelfAttention\.q, encoder\.block\.1/,
    });
    const wide = smallT5({ d_model: 14 });
    await assert.rejects(() => loadAdapter(wide, saved.dir, "default"), {
      name: "RangeError",
      message: /SelfAttention\.q\.poly_lora_A is \[2,3,6,3\], in the model \[2,3,7,3\]/,
    });
    wide.dispose();
    const llama = smallLlama();
    await assert.rejects(
      () => loadAdapter(llama, saved.dir, "default"),
      /^NoMatchingPeftModuleError/,
    );
    llama.dispose();
    assert.equal(tf.memory().numTensors, tensors);
    small.dispose();
  },
);

withSaved("loadAdapter() takes an explicit configuration as it is", async (saved) => {
  await Deno.remove(`${saved.dir}/adapter_config.json`);
  const config = new PolyConfig({ ...OPTIONS, settings: { router_noise: "none" } });
  const loaded = await saved.load("default", { config });
  assert.deepEqual(await valuesOf(loaded), await valuesOf(saved.original));
  assert.equal(loaded.config.settings.router_noise, "none");
});

withSaved("loadAdapter() brings settings back", async (saved) => {
  const loaded = await saved.load();
  assert.deepEqual(loaded.config.settings, saved.original.config.settings);
  assert.deepEqual(await valuesOf(loaded), await valuesOf(saved.original));
  assert.equal(routersOf(loaded).size, 3);
  const key = (layer: string) => `base_model.model.${layer}.poly_router.module_logits`;
  await saved.edit((tensors) => {
    const { shape, data } = tensors.get(key(Q))!;
    tensors.set(key(Q), { shape, data: Float32Array.from(data, (z) => z + 1e-6) });
  });
  await saved.refuses({
    name: "RangeError",
    message: /router_granularity is "block".*encoder\.block\.0.* differ/,
  });
  await Deno.remove(`${saved.dir}/poly_settings.json`);
  assert.equal(routersOf(await saved.load()).size, 6);
}, { settings: { router_granularity: "block", router_noise: "none", router_temperature: 0.3 } });

withSaved(
  "loadAdapter() throws RangeError when the routing is not the fixed allocation",
  async (saved) => {
    assert.deepEqual((await saved.load()).config.settings.router_allocation, [[1, 2, 0], [
      0,
      0,
      3,
    ]]);
    assert.deepEqual(saved.warnings, []);
    await saved.edit((tensors) => {
      tensors.get(`base_model.model.${Q}.poly_router.module_logits`)!.data[0]! += 0.01;
    });
    await saved.refuses({ name: "RangeError", message: /router_allocation/ });
  },
  { n_tasks: 2, settings: { router_allocation: [[1, 2, 0], [0, 0, 3]] } },
);

withSaved("loadAdapter() loads from a hub, the settings file too", async (saved) => {
  const files = ["adapter_config.json", "adapter_model.safetensors", "poly_settings.json"];
  const commit = "c".repeat(40);
  const asked: string[] = [];
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith("/api/models/org/name/")) {
      return Response.json({ sha: commit, siblings: files.map((rfilename) => ({ rfilename })) });
    }
    asked.push(pathname.split("/").at(-1)!);
    return new Response(Deno.readFileSync(`${saved.dir}/${asked.at(-1)}`));
  });
  const cacheDir = await Deno.makeTempDir({ prefix: "hub_" });
  const endpoint = `http://127.0.0.1:${server.addr.port}`;
  const onWarning = (warning: string) => saved.warnings.push(warning);
  const hub = { endpoint, cacheDir, token: "" };
  const loaded = await loadAdapter(base, "org/name", "default", { hub, onWarning });
  saved.adapters.push(loaded);
  assert.deepEqual(asked.sort(), files);
  assert.deepEqual(await valuesOf(loaded), await valuesOf(saved.original));
  assert.equal(loaded.config.settings.router_noise, "none");
  assert.deepEqual(saved.warnings, []);
  await Deno.remove(cacheDir, { recursive: true });
}, { settings: { router_noise: "none" } });

withSaved("loadAdapter() refuses folders that hold no adapter", async (saved) => {
  const weights = `${saved.dir}/adapter_model.safetensors`;
  const config = `${saved.dir}/adapter_config.json`;
  const [bytes, text] = [await Deno.readFile(weights), await Deno.readTextFile(config)];

  await saved.edit((tensors) => tensors.set("n", { shape: [1], data: new Int32Array([1]) }));
  await saved.refuses({ name: "TypeError", message: /"n" is I32/ });
  await Deno.writeFile(weights, bytes.subarray(0, bytes.length - 1));
  await saved.refuses({ name: "SafetensorsError" });
  await Deno.rename(weights, `${saved.dir}/adapter_model.bin`);
  await saved.refuses({ name: "SyntaxError", message: /pickle.*safe_serialization=True/ });
  await Deno.remove(`${saved.dir}/adapter_model.bin`);
  await saved.refuses({ name: "NotFound", message: /no adapter_model\.safetensors/ });
  await Deno.writeFile(weights, bytes);

  for (const broken of ["", "{", "[]"]) {
    await Deno.writeTextFile(config, broken);
    await saved.refuses({ name: "SyntaxError", message: /adapter_config\.json/ });
  }
  await Deno.writeTextFile(config, text.replace('"POLY"', '"LORA"'));
  await saved.refuses({ name: "RangeError", message: /"LORA"/ });
  await Deno.remove(config);
  await saved.refuses({ name: "NotFound", message: /no adapter_config\.json/ });
  await Deno.writeTextFile(config, text);
  await Deno.writeTextFile(`${saved.dir}/poly_settings.json`, '{"router_noize": 1}');
  await saved.refuses({ name: "TypeError", message: /poly_settings\.json.*router_noize/ });
  await Deno.remove(`${saved.dir}/poly_settings.json`);
  assert.deepEqual(await valuesOf(await saved.load()), await valuesOf(saved.original));
});
