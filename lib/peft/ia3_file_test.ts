import assert from "node:assert/strict";
import { useBackend } from "../backend/backend.ts";
import { readSafetensors } from "../files/safetensors.ts";
import { AutoModelForSeq2SeqLM } from "../models/auto_model.ts";
import { PolyConfig } from "../poly/config.ts";
import { GOLDEN } from "../testing/golden.ts";
import { smallT5 } from "../testing/models/small_models.ts";
import { withFolder } from "../testing/with_folder.ts";
import { getPeftModel, PeftModel } from "./peft_model.ts";

Deno.test("an (IA)³ adapter of PEFT is saved again as PEFT saved it", () =>
  withFolder(async (folder) => {
    await useBackend("wasm");
    const dir = `${GOLDEN}/t5_ia3`;
    const base = await AutoModelForSeq2SeqLM.fromPretrained(`${dir}/base`);
    const model = await PeftModel.fromPretrained(base, `${dir}/adapter`);
    assert.deepEqual(model.warnings, []);
    await model.savePretrained(folder);
    const config = (dir: string) => Deno.readTextFile(`${dir}/adapter_config.json`);
    const [ours, theirs] = [await config(folder), await config(`${dir}/adapter`)].map((text) =>
      JSON.parse(text)
    );
    // PEFT names the folder that the base model came from, which is another here.
    assert.deepEqual({ ...ours, base_model_name_or_path: null }, {
      ...theirs,
      base_model_name_or_path: null,
    });
    const tensors = (dir: string) => readSafetensors(`${dir}/adapter_model.safetensors`);
    const [saved, kept] = [await tensors(folder), await tensors(`${dir}/adapter`)];
    assert.deepEqual([...saved.keys()].sort(), [...kept.keys()].sort());
    for (const [name, { shape, data }] of kept) {
      assert.deepEqual([...saved.get(name)!.shape], [...shape], name);
      // 1 + (l − 1) differs from l by the rounding of l − 1 alone.
      for (const [i, l] of data.entries()) {
        assert.ok(Math.abs(saved.get(name)!.data[i]! - l) <= 2 ** -23 * Math.abs(l), name);
      }
    }
    const card = await Deno.readTextFile(`${folder}/README.md`);
    assert.match(card, /^# \(IA\)³ adapter$/m);
    model.dispose();
    base.dispose();
  }));

Deno.test("skills that PEFT's formats cannot hold are refused by name", () =>
  withFolder(async (folder) => {
    await useBackend("wasm");
    const base = smallT5();
    for (
      const [settings, why] of [
        [{ skill_form: "ia3" }, 'skill_form must be "lora": got "ia3"'],
        [{ router_type: "hypernetwork" }, 'router_type must be "logits": got "hypernetwork"'],
      ] as const
    ) {
      const model = getPeftModel(base, new PolyConfig({ n_skills: 2, settings }));
      const refused = (doing: string) => ({
        name: "RangeError",
        message: `Cannot ${doing} of adapter "default" as ${why}`,
      });
      await assert.rejects(model.savePretrained(folder), refused("save the skills"));
      await assert.rejects(model.exportLora(folder, { task: 0 }), refused("export a task"));
      await assert.rejects(
        model.exportAverage(folder, { as: "poly" }),
        refused("export the average"),
      );
      assert.throws(() => model.mergeAdapter({ task: 0 }), refused("merge a task"));
      assert.deepEqual([...Deno.readDirSync(folder)], []);
      model.dispose();
    }
    base.dispose();
  }));
