import assert from "node:assert/strict";
import { getPeftModel } from "../../peft/peft_model.ts";
import { PolyConfig } from "../../poly/config.ts";
import { AutoModelForSeq2SeqLM } from "../../models/auto_model.ts";
import * as tf from "../../tf.ts";
import { parseRunConfig, type RunConfigInput } from "../config.ts";
import { adaptedLayers } from "./adapted_layers.ts";
import { outlineBase, PLANTED_OUTLINE } from "./base_outline.ts";

const BASE = await outlineBase("data/base");
const namesOf = (settings: RunConfigInput) =>
  adaptedLayers(parseRunConfig(settings), BASE).layers.map(({ name }) => name);

Deno.test("adaptedLayers() names the layers that the adapter will have", async () => {
  await tf.setBackend("cpu");
  const base = await AutoModelForSeq2SeqLM.fromPretrained("data/base");
  for (const target_modules of ["all-linear", ".*[.](q|v)", ["q", "v", "wo"]]) {
    const config = new PolyConfig({ target_modules, n_tasks: 2, n_skills: 2 });
    const model = getPeftModel(base, config, { seed: 0 });
    const layers = [...model.adapters.get("default")!.layers.keys()];
    assert.deepEqual(namesOf({ target_modules }), layers);
    assert.ok(layers.length > 0);
    model.dispose();
  }
});

Deno.test("newcomer A5: adaptedLayers() refuses targets that are none, and splits that do not divide", () => {
  for (
    const [settings, why] of [
      [{ n_splits: 5 }, /n_splits must divide the features .*SelfAttention\.\w has 96 and 96/],
      [
        { target_modules: "foo" },
        /target_modules "foo" names none .* it has q, k, v, o, wi_0, wi_1, wo/,
      ],
      [{ target_modules: ["foo"] }, /target_modules \["foo"\] names none/],
      [{ target_modules: "(q" }, /pattern/],
      [{ target_modules: ["shared"] }, /Cannot adapt "shared" .* it is a Embedding/],
    ] as const
  ) assert.throws(() => namesOf(settings as RunConfigInput), why, JSON.stringify(settings));
  const { warnings } = adaptedLayers(parseRunConfig({ target_modules: ["q", "kk"] }), BASE);
  assert.match(warnings.join(), /kk/);
  const planted = parseRunConfig({ suite: "planted", n_splits: 3 });
  assert.throws(() => adaptedLayers(planted, PLANTED_OUTLINE), /layers\.0 has 16 and 16/);
});
