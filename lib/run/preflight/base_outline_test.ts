import assert from "node:assert/strict";
import { join } from "node:path";
import { AutoModelForCausalLM, AutoModelForSeq2SeqLM } from "../../models/auto_model.ts";
import { LlamaForCausalLM } from "../../models/llama/model.ts";
import { saveBaseModel } from "../../models/save_model.ts";
import { withFolder } from "../../testing/with_folder.ts";
import * as tf from "../../tf.ts";
import { outlineBase, PLANTED_OUTLINE } from "./base_outline.ts";
import { plantedProblem } from "../planted.ts";
import { parseRunConfig } from "../config.ts";

await tf.setBackend("cpu");

Deno.test("outlineBase() has the modules and the identity of the model that is loaded", async () => {
  const t5 = await AutoModelForSeq2SeqLM.fromPretrained("data/base");
  const outline = await outlineBase("data/base");
  assert.deepEqual(outline.modules, t5.modules);
  assert.equal(outline.outputEmbedding, t5.outputEmbedding);
  assert.equal(outline.identity.modelType, t5.identity.modelType);
  t5.dispose();
  await withFolder(async (dir) => {
    const llama = LlamaForCausalLM.fromConfig({
      model_type: "llama",
      vocab_size: 384,
      hidden_size: 8,
      intermediate_size: 6,
      num_hidden_layers: 1,
      num_attention_heads: 2,
      eos_token_id: 1,
      pad_token_id: 0,
    }, { seed: 0 });
    await saveBaseModel(llama, dir);
    const loaded = await AutoModelForCausalLM.fromPretrained(dir);
    const outline = await outlineBase(dir);
    assert.deepEqual(outline.modules, loaded.modules);
    assert.equal(outline.outputEmbedding, loaded.outputEmbedding);
    for (const model of [llama, loaded]) model.dispose();
  });
  const planted = await plantedProblem(
    parseRunConfig({ suite: "planted", n_tasks: 2, n_heldout_tasks: 0, n_train: 1 }),
  );
  const linear = planted.base.modules.filter(({ kind }) => kind === "Linear");
  assert.deepEqual(PLANTED_OUTLINE.modules, linear);
  assert.equal(PLANTED_OUTLINE.outputEmbedding, planted.base.outputEmbedding);
  planted.dispose();
});

Deno.test("newcomer A5: outlineBase() refuses what loading would refuse, and tells where tokenizer and model disagree", async () => {
  await withFolder(async (dir) => {
    const files = ["config.json", "model.safetensors", "generation_config.json"];
    const there: string[] = [];
    for await (const { name } of Deno.readDir("data/base")) there.push(name);
    assert.ok(files.slice(0, 2).every((name) => there.includes(name)), there.join());
    for (const name of there) await Deno.copyFile(join("data/base", name), join(dir, name));
    const [config, weights] = [join(dir, "config.json"), join(dir, "model.safetensors")];
    const whole = JSON.parse(await Deno.readTextFile(config));
    const withConfig = async (change: object) =>
      await Deno.writeTextFile(config, JSON.stringify({ ...whole, ...change }));

    await withConfig({ model_type: "bert" });
    await assert.rejects(outlineBase(dir), /must be one of t5, mt5, llama, .*: found "bert"/);
    await withConfig({ d_ff: whole.d_ff + 1 });
    await assert.rejects(
      outlineBase(dir),
      /Cannot make a T5ForConditionalGeneration of these tensors/,
    );
    await withConfig({ eos_token_id: 7 });
    assert.match(
      (await outlineBase(dir)).warnings.join(" "),
      /end token 1, .* end generation at 7/,
    );
    await Deno.writeTextFile(config, "{");
    await assert.rejects(outlineBase(dir), /config\.json/);
    await withConfig({});
    await Deno.truncate(weights, 1000);
    await assert.rejects(outlineBase(dir), /is it cut off\?/);
    await Deno.remove(weights);
    await assert.rejects(outlineBase(dir), /found neither/);
    await Deno.remove(config);
    await assert.rejects(outlineBase(dir), /config\.json|tokenizer/);
  });
});
