/** The calls that people write, through the public surface alone; TensorFlow.js makes the tensors. */
import assert from "node:assert/strict";
import {
  AutoModelForCausalLM,
  AutoModelForSeq2SeqLM,
  getPeftModel,
  PeftModel,
  PolyConfig,
  saveBaseModel,
  seededNoise,
  train,
  useBackend,
} from "./mod.ts";
import { readSafetensors } from "./files/safetensors.ts";
import { assertClose } from "./testing/assert_close.ts";
import { GOLDEN } from "./testing/golden.ts";
import { withFolder } from "./testing/with_folder.ts";
import * as tf from "./tf.ts";

type Rows = number[][];

/** Each way to pass the same ids. */
const FORMS: Record<
  string,
  [(rows: Rows) => Rows | tf.Tensor2D, (ids: number[]) => number[] | tf.Tensor]
> = {
  "plain arrays": [(rows) => rows, (ids) => ids],
  "tensors": [
    (rows) => tf.tensor2d(rows, undefined, "int32"),
    (ids) => tf.tensor1d(ids, "int32"),
  ],
  "tensors, task ids [B, 1]": [
    (rows) => tf.tensor2d(rows, undefined, "int32"),
    (ids) => tf.tensor2d(ids, [ids.length, 1], "int32"),
  ],
};

Deno.test({
  name: "the public calls give PEFT's numbers, from plain arrays and from tensors",
  sanitizeOps: false,
  sanitizeResources: false,
  fn: () =>
    withFolder(async (folder) => {
      const dir = `${GOLDEN}/t5_mhr/base`;
      const adapterDir = `${GOLDEN}/t5_mhr/adapter`;
      const expected = await readSafetensors(`${GOLDEN}/t5_mhr/expected.safetensors`);
      const rows = (name: string): Rows => {
        const { shape: [B, L], data } = expected.get(name)!;
        return Array.from({ length: B! }, (_, b) => Array.from(data.slice(b * L!, (b + 1) * L!)));
      };

      const { name } = await useBackend();
      const tolerance = name === "webgpu" ? 1e-3 : 1e-5;
      const base = await AutoModelForSeq2SeqLM.fromPretrained(dir);
      const model = await PeftModel.fromPretrained(base, adapterDir);
      for (const [form, [ids, vector]] of Object.entries(FORMS)) {
        const before = tf.memory().numTensors;
        const inputIds = ids(rows("input_ids"));
        const attentionMask = ids(rows("attention_mask"));
        const labels = ids(rows("labels"));
        const taskIds = vector(Array.from(expected.get("task_ids")!.data));

        const { logits, loss, encoderLastHiddenState } = model.forward({
          inputIds,
          attentionMask,
          labels,
          taskIds,
        });
        await assertClose(logits, expected.get("logits")!, tolerance, form);
        await assertClose(loss, { shape: [], data: expected.get("loss")!.data }, tolerance, form);
        const greedy: number[][] = await model.generate({
          inputIds,
          attentionMask,
          taskIds,
          max_new_tokens: 8,
          min_new_tokens: 3,
        });
        assert.deepEqual(greedy, rows("greedy"), form);
        const beams: number[][] = await model.generate({
          inputIds,
          attentionMask,
          taskIds,
          max_new_tokens: 8,
          num_beams: 3,
        });
        assert.deepEqual(beams, rows("beam3"), form);
        tf.dispose([logits, loss, encoderLastHiddenState!]);
        tf.dispose({ inputIds, attentionMask, labels, taskIds } as tf.TensorContainer);
        assert.equal(tf.memory().numTensors, before, form);
      }

      await model.savePretrained(`${folder}/again`);
      assert.deepEqual(
        await Deno.readFile(`${folder}/again/adapter_model.safetensors`),
        await Deno.readFile(`${adapterDir}/adapter_model.safetensors`),
      );
      await model.exportLora(`${folder}/lora`, { task: 2 });
      const lora = JSON.parse(await Deno.readTextFile(`${folder}/lora/adapter_config.json`));
      assert.deepEqual([lora.peft_type, lora.r, lora.lora_alpha], ["LORA", 2, 1]);
      model.dispose();
      base.dispose();
    }),
});

const SIZES = {
  t5: { d_model: 12, d_kv: 4, d_ff: 20, num_heads: 4, num_layers: 1, vocab_size: 23 },
  llama: {
    hidden_size: 16,
    intermediate_size: 20,
    num_hidden_layers: 1,
    num_attention_heads: 4,
    vocab_size: 23,
    initializer_range: 0.3,
  },
};

const CASES = {
  AutoModelForSeq2SeqLM: {
    Auto: AutoModelForSeq2SeqLM,
    config: { model_type: "t5", ...SIZES.t5 },
    task_type: "SEQ_2_SEQ_LM",
  },
  AutoModelForCausalLM: {
    Auto: AutoModelForCausalLM,
    config: { model_type: "llama", ...SIZES.llama },
    task_type: "CAUSAL_LM",
  },
} as const;

for (const [what, { Auto, config, task_type }] of Object.entries(CASES)) {
  Deno.test(`the public calls work as written, on a model made here: ${what}`, () =>
    withFolder(async (folder) => {
      await useBackend("wasm");
      const tensors = tf.memory().numTensors;
      const dir = `${folder}/base`;
      const fresh = Auto.fromConfig(config, { seed: 1 });
      await saveBaseModel(fresh, dir);
      fresh.dispose();

      const base = await Auto.fromPretrained(dir);
      // B is drawn, so that the adapter does something.
      const poly = new PolyConfig({
        task_type,
        r: 8,
        n_tasks: 3,
        n_skills: 2,
        n_splits: 4,
        init_weights: false,
      });
      const model = getPeftModel(base, poly);
      const rows = { inputIds: [[5, 9, 3], [20, 4, 1]], attentionMask: [[1, 1, 1], [1, 1, 1]] };
      const target = [[7, 12, 1], [15, 3, 1]];
      const results: unknown[] = [];
      for (const [ids, vector] of Object.values(FORMS)) {
        const inputIds = ids(rows.inputIds);
        const attentionMask = ids(rows.attentionMask);
        const labels = ids(target);
        const taskIds = vector([2, 0]);
        const out = model.forward({ inputIds, attentionMask, labels, taskIds });
        const { logits, loss } = out;
        const generated: number[][] = await model.generate({
          inputIds,
          attentionMask,
          taskIds,
          max_new_tokens: 8,
          num_beams: 3,
        });
        results.push([await logits.data(), await loss.data(), generated]);
        tf.dispose({ ...out });
        tf.dispose({ inputIds, attentionMask, labels, taskIds } as tf.TensorContainer);
      }
      assert.deepEqual(results[1], results[0]);
      assert.deepEqual(results[2], results[0]);

      const outDir = `${folder}/adapter`;
      await model.savePretrained(outDir);
      await model.exportLora(`${folder}/lora`, { task: 2 });
      const again = await PeftModel.fromPretrained(base, outDir);
      assert.deepEqual(again.warnings, []);
      const batch = { ...rows, labels: target };
      const [one, two, plain] = [
        model.forward({ ...batch, taskIds: [2, 0] }),
        again.forward({ ...batch, taskIds: [2, 0] }),
        again.disableAdapter(() => again.forward(batch)),
      ];
      assert.deepEqual(await two.logits.data(), await one.logits.data());
      assert.notDeepEqual(await plain.logits.data(), await one.logits.data());
      tf.dispose([one, two, plain].map((out) => ({ ...out })) as tf.TensorContainer);

      // What was exported is what merging adds: B A / r, with lora_alpha 1.
      const lora = await readSafetensors(`${folder}/lora/adapter_model.safetensors`);
      const [key] = [...lora.keys()].filter((key) => key.endsWith(".lora_A.weight"));
      const [A, B] = ["A", "B"].map((part) => lora.get(key!.replace("lora_A", `lora_${part}`))!);
      const name = key!.replace("base_model.model.", "").replace(".lora_A", "");
      const before = Float32Array.from(await base.parameters.get(name).data());
      const merged = again.mergeAndUnload({ task: 2 });
      const [O, I] = merged.parameters.get(name).shape as [number, number];
      const data = before.map((weight, at) => {
        const [o, i] = [Math.floor(at / I), at % I];
        for (let k = 0; k < 8; k++) weight += B!.data[o * 8 + k]! * A!.data[k * I + i]! / 8;
        return weight;
      });
      await assertClose(merged.parameters.get(name), { shape: [O, I], data }, 1e-6);
      assert.notDeepEqual(data, before);
      model.dispose();
      merged.dispose();
      assert.equal(tf.memory().numTensors, tensors);
    }));
}

for (const [what, { Auto, config, task_type }] of Object.entries(CASES)) {
  Deno.test(`train() takes a PeftModel as it stands, with defaults: ${what}`, async () => {
    await useBackend("wasm");
    const tensors = tf.memory().numTensors;
    const base = Auto.fromConfig({ ...config, dropout_rate: 0 }, { seed: 1 });
    const poly = {
      task_type,
      r: 4,
      n_tasks: 2,
      n_skills: 4,
      target_modules: "all-linear",
    } as const;
    const model = getPeftModel(base, new PolyConfig(poly));
    const parts = ["router", "skills"] as const;
    const moved = async (part: typeof parts[number], before: Map<string, Float32Array>) => {
      for (const [name, variable] of model.trainableParameters(part)) {
        if (String(await variable.data()) !== String(before.get(name))) return true;
      }
      return false;
    };
    const valuesNow = async () => {
      const values = new Map<string, Float32Array>();
      for (const [name, variable] of model.trainableParameters()) {
        values.set(name, Float32Array.from(await variable.data()));
      }
      return values;
    };
    // The same question, another answer for each task.
    const batch = {
      inputIds: [[5, 9, 3], [5, 9, 3]],
      attentionMask: [[1, 1, 1], [1, 1, 1]],
      labels: [[7, 12, 1], [15, 3, 1]],
      taskIds: [0, 1],
    };
    const context = { nextBatch: () => batch, noise: seededNoise(0) };

    const losses: number[] = [];
    for await (const { loss } of train(model, { steps: 100 }, context)) losses.push(loss);
    assert.ok(losses.at(-1)! < losses[0]! / 2, `${losses}`);
    for (const routerLearningRate of [0, 0.1]) {
      const before = await valuesNow();
      for await (const _ of train(model, { steps: 1, routerLearningRate }, context));
      assert.deepEqual(await Promise.all(parts.map((part) => moved(part, before))), [
        routerLearningRate > 0,
        true,
      ]);
    }
    model.dispose();
    base.dispose();
    assert.equal(tf.memory().numTensors, tensors);
  });
}

Deno.test("the first example of README.md runs as it stands, but for its folders", () =>
  withFolder(async (folder) => {
    await useBackend("wasm");
    const { config, task_type } = CASES.AutoModelForSeq2SeqLM;
    const base = AutoModelForSeq2SeqLM.fromConfig(config, { seed: 1 });
    await saveBaseModel(base, `${folder}/base`);
    const model = getPeftModel(base, new PolyConfig({ task_type, n_tasks: 3 }));
    await model.savePretrained(`${folder}/adapter`);
    model.dispose();
    base.dispose();

    const readme = await Deno.readTextFile(new URL("../README.md", import.meta.url));
    let [, program] = /```ts ignore\n([^]*?)```/.exec(readme)!;
    const stands = {
      "./lib/mod.ts": new URL("./mod.ts", import.meta.url).href,
      "path/or/hub-id": `${folder}/base`,
      "path/to/adapter": `${folder}/adapter`,
      "adapter_for_peft": `${folder}/out`,
      "lora_for_anyone": `${folder}/lora`,
    };
    for (const [text, place] of Object.entries(stands)) {
      assert.ok(program!.includes(`"${text}"`), text);
      program = program!.replace(`"${text}"`, JSON.stringify(place));
    }
    await Deno.writeTextFile(
      `${folder}/example.ts`,
      `const inputIds = [[5, 9, 3], [20, 4, 1]], attentionMask = [[1, 1, 1], [1, 1, 0]];
       const labels = [[7, 1], [8, 1]], taskIds = [2, 0];
       ${program}
       export { ids, logits, loss };`,
    );
    const { ids, logits, loss } = await import(new URL(`file://${folder}/example.ts`).href);
    assert.equal(ids.length, 2);
    assert.deepEqual(logits.shape, [2, 2, 23]);
    assert.ok((await loss.data())[0] > 0);
    for (const written of ["out", "lora"]) {
      assert.ok((await readSafetensors(`${folder}/${written}/adapter_model.safetensors`)).size > 0);
    }
  }));
