/**
 * What PEFT's own suite asks of files: the items S1 to S9, and F2. C1 to C8 are tested with the
 * configuration file, S10 with PEFT itself, A14 and A15 with merging.
 *
 * Of S8 the injection of layers from a state dict alone is left out: there is no adapter without its
 * configuration here.
 */
import assert from "node:assert/strict";
import { useBackend } from "../../backend/backend.ts";
import type { BaseModel, LanguageModel } from "../../models/base_model.ts";
import { readCheckpoint } from "../../models/checkpoint.ts";
import { LlamaForCausalLM } from "../../models/llama/model.ts";
import { Mlp } from "../../models/mlp/model.ts";
import { Parameters } from "../../models/parameters.ts";
import { readSafetensors } from "../../files/safetensors.ts";
import { T5ForConditionalGeneration } from "../../models/t5/model.ts";
import { seededNoise } from "../../ops/noise.ts";
import { assertClose } from "../../testing/assert_close.ts";
import { onEachBackend } from "../../testing/on_each_backend.ts";
import { GOLDEN } from "../../testing/golden.ts";
import {
  BATCH,
  fillWithWaves,
  smallLlama,
  smallT5,
  valuesOf,
} from "../../testing/models/small_models.ts";
import * as tf from "../../tf.ts";
import { type AnyBaseModel, getPeftModel, PeftModel } from "../peft_model.ts";
import { disposeAdapter } from "../../poly/adapter.ts";
import { PolyConfig, type PolyConfigOptions } from "../../poly/config.ts";
import { makeAdapter } from "../../poly/make_adapter.ts";
import { saveAdapters } from "../save_adapters.ts";

await useBackend("cpu");
const t5 = smallT5();

const OPTIONS: PolyConfigOptions = {
  task_type: "SEQ_2_SEQ_LM",
  target_modules: ["q", "wo"],
  r: 3,
  n_tasks: 3,
  n_skills: 4,
  n_splits: 2,
};

function t5Model(options: PolyConfigOptions = {}): PeftModel<T5ForConditionalGeneration> {
  const model = getPeftModel(t5, new PolyConfig({ ...OPTIONS, ...options }));
  fillWithWaves(model.adapters.get("default")!);
  return model;
}

/** A test on the CPU backend with a folder; what it makes with `own` is freed. */
function inFolder(
  claim: string,
  test: (
    dir: string,
    own: <M extends AnyBaseModel>(m: PeftModel<M>) => PeftModel<M>,
  ) => Promise<void>,
  options: { ignore?: boolean } = {},
): void {
  onEachBackend(claim, async () => {
    const dir = await Deno.makeTempDir({ prefix: "conformance_" });
    const owned: PeftModel[] = [];
    try {
      await test(dir, (model) => {
        owned.push(model as unknown as PeftModel);
        return model;
      });
    } finally {
      for (const model of owned) model.dispose();
      await Deno.remove(dir, { recursive: true });
    }
  }, { only: ["cpu"], ...options });
}

async function logitsOf(
  model: PeftModel<LanguageModel> | LanguageModel,
  taskIds: readonly number[] = BATCH.taskIds,
): Promise<{ shape: number[]; data: Float32Array }> {
  const { inputIds, attentionMask, labels } = BATCH;
  const out = "adapters" in model
    ? model.forward({ inputIds, attentionMask, labels, taskIds })
    : model.forward({ inputIds, attentionMask, labels });
  const data = Float32Array.from(await out.logits.data());
  tf.dispose({ ...out });
  return { shape: out.logits.shape, data };
}

const adapterOf = (model: PeftModel<LanguageModel>, name = "default") => model.adapters.get(name)!;

inFolder(
  "S1 the right files are there, and the reload equals, with no missing keys",
  async (dir, own) => {
    const model = own(t5Model());
    await model.savePretrained(dir);
    const names = [...Deno.readDirSync(dir)].map(({ name }) => name).sort();
    assert.deepEqual(names, ["README.md", "adapter_config.json", "adapter_model.safetensors"]);
    const again = own(await PeftModel.fromPretrained(t5, dir));
    assert.deepEqual(again.warnings, []);
    assert.deepEqual(await valuesOf(adapterOf(again)), await valuesOf(adapterOf(model)));
    assert.equal(again.trainableParameters().size, 0);
    const trainable = own(await PeftModel.fromPretrained(t5, dir, { isTrainable: true }));
    assert.deepEqual([...trainable.trainableParameters().keys()], [
      ...model.trainableParameters().keys(),
    ]);
  },
);

inFolder(
  "S2 the card names library and base, keeps what is there, and is long when new",
  async (dir, own) => {
    const identity = { ...t5.identity, nameOrPath: "google/t5-tiny" };
    const named = Object.assign(Object.create(t5), { identity });
    const model = own(getPeftModel(named as T5ForConditionalGeneration, new PolyConfig(OPTIONS)));
    await model.savePretrained(`${dir}/new`);
    const card = await Deno.readTextFile(`${dir}/new/README.md`);
    assert.match(card, /^---\nbase_model: google\/t5-tiny\nlibrary_name: peft\n/);
    assert.ok(card.length > 1000);
    await Deno.mkdir(`${dir}/old`);
    await Deno.writeTextFile(
      `${dir}/old/README.md`,
      "---\nmeta: hello\n---\nThis is a model card\n",
    );
    await model.savePretrained(`${dir}/old`);
    const updated = await Deno.readTextFile(`${dir}/old/README.md`);
    assert.match(updated, /meta: hello\n/);
    assert.match(updated, /library_name: peft\n/);
    assert.match(updated, /This is a model card/);

    const mlp = Mlp.fromConfig(
      { model_type: "mlp", in_features: 4, hidden_features: [6], out_features: 2 },
      { seed: 0 },
    );
    const custom = own(getPeftModel(mlp, new PolyConfig({ target_modules: ["0"] })));
    await custom.savePretrained(`${dir}/custom`);
    assert.doesNotMatch(await Deno.readTextFile(`${dir}/custom/README.md`), /^base_model/m);
    mlp.dispose();
  },
);

inFolder(
  "S3 further adapters are in folders of their names; selection is honoured",
  async (dir, own) => {
    const model = own(t5Model());
    model.addAdapter("new_adapter", new PolyConfig({ ...OPTIONS, r: 2, n_tasks: 5 }));
    fillWithWaves(adapterOf(model, "new_adapter"), 2);
    await model.savePretrained(`${dir}/all`);
    const second = own(await PeftModel.fromPretrained(t5, `${dir}/all/new_adapter`));
    assert.deepEqual(
      await valuesOf(adapterOf(second)),
      await valuesOf(adapterOf(model, "new_adapter")),
    );
    await model.savePretrained(`${dir}/one`, { selectedAdapters: ["default"] });
    const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name);
    assert.ok(!names(`${dir}/one`).includes("new_adapter"));
    assert.ok(names(`${dir}/one`).includes("adapter_model.safetensors"));
    await assert.rejects(() => model.savePretrained(`${dir}/x`, { selectedAdapters: ["wrong"] }), {
      message: /supported adapter names are \['default', 'new_adapter'\]/,
    });
  },
);

inFolder(
  "S4 names that contain one another do not leak into one another's files",
  async (dir, own) => {
    const model = own(t5Model());
    const count = 3 * adapterOf(model).layers.size;
    for (
      const name of ["default2", "other_default", "foodefault_bar", "efaul", "q", "poly_lora_A"]
    ) {
      model.addAdapter(name, new PolyConfig(OPTIONS));
    }
    await model.savePretrained(dir);
    for (const name of model.adapters.keys()) {
      const folder = name === "default" ? dir : `${dir}/${name}`;
      assert.equal((await readSafetensors(`${folder}/adapter_model.safetensors`)).size, count);
    }
  },
);

inFolder(
  "S5 loading again under other names misses nothing; a given config is used as it is",
  async (dir, own) => {
    const model = own(t5Model());
    await model.savePretrained(dir);
    const again = own(await PeftModel.fromPretrained(t5, dir));
    for (const name of ["other", "yet_another", "q"]) await again.loadAdapter(dir, name);
    assert.deepEqual(again.warnings, []);
    assert.deepEqual(again.activeAdapters, ["default"]);
    for (const name of again.adapters.keys()) {
      assert.deepEqual(await valuesOf(adapterOf(again, name)), await valuesOf(adapterOf(model)));
    }
    const config = new PolyConfig({ ...OPTIONS, revision: "mine" });
    const given = own(await PeftModel.fromPretrained(t5, dir, { config }));
    assert.equal(adapterOf(given).config.revision, "mine");
    await assert.rejects(() => again.loadAdapter(dir, "other"), {
      message: "Adapter with name 'other' already exists.",
    });
  },
);

onEachBackend(
  "S6 F2 a trained adapter computes and generates the same after a reload",
  async (backend) => {
    await useBackend(backend.name);
    const dir = await Deno.makeTempDir({ prefix: "conformance_" });
    const bases: [LanguageModel, PolyConfigOptions][] = [
      [smallT5(), { ...OPTIONS, modules_to_save: ["lm_head"] }],
      [smallLlama(), { r: 2, n_tasks: 3, n_splits: 4, task_type: "CAUSAL_LM" }],
    ];
    const { inputIds, attentionMask, labels, taskIds } = BATCH;
    for (const [base, options] of bases) {
      const model = getPeftModel(base, new PolyConfig(options), { seed: 3 });
      const variables = [...model.trainableParameters().values()];
      for (let step = 0; step < 2; step++) {
        const { value, grads } = tf.variableGrads(() => {
          const noise = seededNoise(step);
          return model.forward({ inputIds, attentionMask, labels, taskIds, training: true, noise })
            .loss;
        }, variables);
        for (const variable of variables) {
          tf.tidy(() => variable.assign(tf.sub(variable, tf.mul(0.5, grads[variable.name]!))));
        }
        tf.dispose({ value, ...grads });
      }
      const before = await logitsOf(model);
      const tokens = await model.generate({ inputIds, taskIds, max_new_tokens: 5 });
      await model.savePretrained(dir);
      const again = await PeftModel.fromPretrained(base, dir);
      await assertClose(await logitsOf(again), before, 1e-6, "logits");
      assert.deepEqual(await again.generate({ inputIds, taskIds, max_new_tokens: 5 }), tokens);
      assert.deepEqual(await valuesOf(adapterOf(again)), await valuesOf(adapterOf(model)));
      const disabled = await again.disableAdapter(() => logitsOf(again));
      assert.deepEqual(disabled, await logitsOf(base));
      assert.ok(disabled.data.some((value, i) => Math.abs(value - before.data[i]!) > 1e-3));
      model.dispose();
      again.dispose();
      base.dispose();
    }
    await Deno.remove(dir, { recursive: true });
  },
  { only: ["cpu", "wasm"] },
);

inFolder(
  "S7 the adapter's name is in no key; odd names of base modules do no harm",
  async (dir) => {
    const linear = { kind: "Linear", inFeatures: 4, outFeatures: 6 };
    const names = ["poly_lora_A", "weight", "bias", "q", "poly_router", "base_model.model.q"];
    const modules = names.map((name) => ({ name, ...linear }));
    const weights = names.map((name): [string, tf.Tensor] => [`${name}.weight`, tf.ones([6, 4])]);
    const base = { ...stub, modules, parameters: new Parameters(weights) };
    for (const name of ["q", "default", "weight", "poly_lora_A"]) {
      const { adapter } = makeAdapter(
        base,
        name,
        new PolyConfig({ target_modules: ["q", "weight"] }),
        0,
      );
      fillWithWaves(adapter);
      await saveAdapters({ base, adapters: new Map([[name, adapter]]) }, dir);
      const folder = name === "default" ? dir : `${dir}/${name}`;
      assert.deepEqual(
        [...(await readSafetensors(`${folder}/adapter_model.safetensors`)).keys()].sort(),
        ["base_model.model.q", "q", "weight"].flatMap((module) =>
          ["poly_lora_A", "poly_lora_B", "poly_router.module_logits"].map((parameter) =>
            `base_model.model.${module}.${parameter}`
          )
        ).sort(),
      );
      const loaded = await PeftModel.fromPretrained(base as unknown as LanguageModel, folder);
      assert.deepEqual(loaded.warnings, []);
      assert.deepEqual(await valuesOf(adapterOf(loaded)), await valuesOf(adapter));
      loaded.dispose();
      disposeAdapter(adapter);
    }
    for (const name of base.parameters.names) {
      assert.ok((await base.parameters.get(name).data()).every((value) => value === 1));
    }
    base.parameters.dispose();
  },
);

/** A base model of no known kind. */
const stub: Omit<BaseModel, "modules" | "parameters"> = {
  identity: {
    modelType: "custom",
    className: "Custom",
    pythonModule: "__main__",
    config: {},
    nameOrPath: null,
  },
  outputEmbedding: null,
  plainCall: () => assert.fail(),
  forward: () => assert.fail(),
  dispose: () => {},
};

inFolder("S8 modules saved as a whole keep their names", async (dir, own) => {
  const model = own(t5Model({ modules_to_save: ["lm_head", "encoder.final_layer_norm"] }));
  await model.savePretrained(dir);
  const file = await readSafetensors(`${dir}/adapter_model.safetensors`);
  assert.deepEqual([...file.keys()].filter((key) => !key.includes("poly_")), [
    "base_model.model.encoder.final_layer_norm.weight",
    "base_model.model.lm_head.weight",
  ]);
  const before = (await t5.parameters.get("lm_head.weight").data()).slice();
  const again = own(await PeftModel.fromPretrained(t5, dir));
  assert.deepEqual(await logitsOf(again), await logitsOf(model));
  assert.deepEqual(await t5.parameters.get("lm_head.weight").data(), before);
});

for (const name of ["t5_poly", "t5_mhr", "t5_regex_save", "llama_mhr"]) {
  inFolder(
    `S9 ${name}: PEFT's files come out again byte for byte, under any name`,
    async (dir, own) => {
      const path = `${GOLDEN}/${name}`;
      const { config, tensors } = await readCheckpoint(`${path}/base`);
      const base: LanguageModel = config.model_type === "t5"
        ? T5ForConditionalGeneration.fromTensors(config, tensors)
        : LlamaForCausalLM.fromTensors(config, tensors);
      const read = (folder: string, file: string) => Deno.readFile(`${folder}/${file}`);
      const text = async (folder: string) => {
        const file = JSON.parse(await Deno.readTextFile(`${folder}/adapter_config.json`));
        if (Array.isArray(file.target_modules)) file.target_modules.sort();
        return JSON.stringify(file, null, 2);
      };
      const logits: Awaited<ReturnType<typeof logitsOf>>[] = [];
      for (const adapterName of ["default", "other", "q"]) {
        const model = own(await PeftModel.fromPretrained(base, `${path}/adapter`, { adapterName }));
        assert.deepEqual(
          model.warnings.filter((text) => !text.includes("tie_word_embeddings")),
          [],
        );
        await model.savePretrained(dir);
        const folder = adapterName === "default" ? dir : `${dir}/${adapterName}`;
        assert.deepEqual(
          await read(folder, "adapter_model.safetensors"),
          await read(`${path}/adapter`, "adapter_model.safetensors"),
        );
        assert.equal(
          await Deno.readTextFile(`${folder}/adapter_config.json`),
          await text(`${path}/adapter`),
        );
        logits.push(await logitsOf(model, [0, 1, 0]));
      }
      assert.deepEqual(logits[1], logits[0]);
      assert.deepEqual(logits[2], logits[0]);
      base.dispose();
    },
  );
}
