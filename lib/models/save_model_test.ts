import assert from "node:assert/strict";
import { join } from "node:path";
import { onEachBackend } from "../testing/on_each_backend.ts";
import { AutoModelForCausalLM } from "./auto_model.ts";
import { openSafetensors } from "../files/safetensors.ts";
import { saveBaseModel } from "./save_model.ts";

onEachBackend("saveBaseModel() keeps a model's weights exactly, and says their type", async () => {
  const tied = {
    model_type: "llama",
    vocab_size: 11,
    hidden_size: 8,
    intermediate_size: 6,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    tie_word_embeddings: true,
    torch_dtype: "float16",
  };
  const model = AutoModelForCausalLM.fromConfig(tied, { seed: 1 });
  assert.equal(model.identity.nameOrPath, null);
  const dir = await Deno.makeTempDir();
  try {
    await saveBaseModel(model, dir);
    const { torch_dtype: _, ...config } = tied;
    assert.deepEqual(JSON.parse(await Deno.readTextFile(join(dir, "config.json"))), {
      ...config,
      architectures: ["LlamaForCausalLM"],
      dtype: "float32",
    });
    {
      using file = await openSafetensors(join(dir, "model.safetensors"));
      assert.ok(!file.has("lm_head.weight"));
      assert.equal(file.names.length, 11);
    }
    const same = await AutoModelForCausalLM.fromPretrained(dir);
    for (const name of model.parameters.names) {
      const [before, after] = [model.parameters.get(name), same.parameters.get(name)];
      assert.deepEqual(await after.data(), await before.data(), name);
    }
    same.dispose();
  } finally {
    model.dispose();
    await Deno.remove(dir, { recursive: true });
  }
}, { only: ["cpu", "wasm"] });
