import assert from "node:assert/strict";
import { readSafetensors } from "../files/safetensors.ts";
import { assertClose } from "../testing/assert_close.ts";
import { onEachBackend } from "../testing/on_each_backend.ts";
import { BATCH, fillWithWaves, smallT5 } from "../testing/models/small_models.ts";
import { withFolder } from "../testing/with_folder.ts";
import * as tf from "../tf.ts";
import { PolyConfig, type PolyConfigOptions } from "../poly/config.ts";
import { getPeftModel, PeftModel } from "./peft_model.ts";

const OPTIONS: PolyConfigOptions = {
  task_type: "SEQ_2_SEQ_LM",
  target_modules: ["q", "wo"],
  exclude_modules: ["decoder.block.0.layer.0.SelfAttention.q"],
  modules_to_save: ["lm_head"],
  r: 5,
  n_tasks: 3,
  n_skills: 4,
  n_splits: 2,
};

function make(options: PolyConfigOptions = {}) {
  const base = smallT5();
  const model = getPeftModel(base, new PolyConfig({ ...OPTIONS, ...options }));
  fillWithWaves(model.adapters.get("default")!);
  return { base, model };
}

const { inputIds, attentionMask, labels } = BATCH;
const N = inputIds.length;

/** PEFT's weights of one task's routing logits, by plain loops. */
function weightsOf(logits: Float32Array, task: number, S: number, H: number): number[][] {
  return Array.from({ length: H }, (_, h) => {
    const sigmoids = Array.from(
      { length: S },
      (_, s) => 1 / (1 + Math.exp(-logits[task * H * S + h * S + s]!)),
    );
    const sum = sigmoids.reduce((total, p) => total + p, 0);
    return sigmoids.map((p) => p / sum);
  });
}

onEachBackend("exportLora() writes Aᵀ and Bᵀ of the task's mixed skills", async ({ tolerance }) => {
  const { base, model } = make();
  const adapter = model.adapters.get("default")!;
  await withFolder(async (dir) => {
    await model.exportLora(dir, { task: 1 });
    const file = await readSafetensors(`${dir}/adapter_model.safetensors`);
    assert.equal(file.size, 2 * adapter.layers.size + 1);
    const name = "encoder.block.1.layer.1.DenseReluDense.wo"; // I 20, O 12
    const [I, O, R, S, H] = [20, 12, 5, 4, 2];
    const { skillsA, skillsB, router } = adapter.layers.get(name)!;
    const [A, B, Z] = [
      await skillsA.data(),
      await skillsB.data(),
      await router.moduleLogits.data(),
    ];
    const w = weightsOf(Z as Float32Array, 1, S, H);
    const loraA = new Float32Array(R * I);
    for (let i = 0; i < I; i++) {
      const [h, d] = [Math.floor(i / (I / H)), i % (I / H)];
      for (let r = 0; r < R; r++) {
        for (let s = 0; s < S; s++) {
          loraA[r * I + i]! += w[h]![s]! * A[((h * S + s) * (I / H) + d) * R + r]!;
        }
      }
    }
    const loraB = new Float32Array(O * R);
    for (let o = 0; o < O; o++) {
      const [h, d] = [Math.floor(o / (O / H)), o % (O / H)];
      for (let r = 0; r < R; r++) {
        for (let s = 0; s < S; s++) {
          loraB[o * R + r]! += w[h]![s]! * B[((h * S + s) * R + r) * (O / H) + d]!;
        }
      }
    }
    const stored = (suffix: string) => file.get(`base_model.model.${name}.${suffix}`)!;
    await assertClose(stored("lora_A.weight"), { shape: [R, I], data: loraA }, tolerance);
    await assertClose(stored("lora_B.weight"), { shape: [O, R], data: loraB }, tolerance);
    assert.deepEqual(
      file.get("base_model.model.lm_head.weight")!.data,
      await adapter.savedModules.get("lm_head.weight")!.data(),
    );
    const config = JSON.parse(await Deno.readTextFile(`${dir}/adapter_config.json`));
    assert.deepEqual(
      [
        config.peft_type,
        config.r,
        config.lora_alpha,
        config.target_modules,
        config.exclude_modules,
      ],
      ["LORA", R, 1, ["q", "wo"], ["decoder.block.0.layer.0.SelfAttention.q"]],
    );
    assert.match(await Deno.readTextFile(`${dir}/README.md`), /^ {2}- lora$/m);
  });
  model.dispose();
  base.dispose();
});

onEachBackend(
  "exportAverage() as Poly computes what every skill's equal share computes",
  async ({ tolerance }) => {
    const { base, model } = make({
      settings: { router_granularity: "model", router_noise: "none" },
    });
    const adapter = model.adapters.get("default")!;
    await withFolder(async (dir) => {
      await model.exportAverage(dir, { as: "poly" });
      const average = await PeftModel.fromPretrained(base, dir);
      assert.deepEqual(average.warnings, []);
      const { config, layers } = average.adapters.get("default")!;
      assert.equal(config.n_tasks, 1);
      assert.ok(config.isPeft);
      for (const [name, { skillsA }] of layers) {
        assert.deepEqual(await skillsA.data(), await adapter.layers.get(name)!.skillsA.data());
      }
      const got = average.forward({ inputIds, attentionMask, labels, taskIds: [0, 0, 0] });
      // Equal logits mix every skill alike.
      for (const { router: { moduleLogits } } of adapter.layers.values()) {
        tf.tidy(() => moduleLogits.assign(tf.zerosLike(moduleLogits)));
      }
      const expected = model.forward({ inputIds, attentionMask, labels, taskIds: [0, 0, 0] });
      await assertClose(got.logits, expected.logits, tolerance);
      for (const out of [got, expected]) {
        tf.dispose([out.logits, out.loss, out.encoderLastHiddenState!]);
      }
      average.dispose();
    });
    model.dispose();
    base.dispose();
  },
  { only: ["wasm"] },
);

onEachBackend(
  "exportAverage() as LoRA equals exportLora() of equal routing",
  async ({ tolerance }) => {
    const { base, model } = make();
    await withFolder(async (dir) => {
      await model.exportAverage(`${dir}/average`, { as: "lora" });
      for (const { router: { moduleLogits } } of model.adapters.get("default")!.layers.values()) {
        tf.tidy(() => moduleLogits.assign(tf.zerosLike(moduleLogits)));
      }
      await model.exportLora(`${dir}/task`, { task: 2 });
      const [average, task] = [
        await readSafetensors(`${dir}/average/adapter_model.safetensors`),
        await readSafetensors(`${dir}/task/adapter_model.safetensors`),
      ];
      assert.deepEqual([...average.keys()], [...task.keys()]);
      for (const [key, tensor] of average) {
        await assertClose(tensor, task.get(key)!, tolerance, key);
      }
    });
    model.dispose();
    base.dispose();
  },
  { only: ["cpu", "wasm"] },
);

onEachBackend("exportLora() exports straight-through routing, which no Poly file can", async () => {
  const { base, model } = make({ settings: { router_straight_through: true } });
  await withFolder(async (dir) => {
    await assert.rejects(() => model.savePretrained(`${dir}/poly`), /router_straight_through/);
    await model.exportLora(`${dir}/lora`, { task: 0 });
    const file = await readSafetensors(`${dir}/lora/adapter_model.safetensors`);
    const name = "encoder.block.0.layer.0.SelfAttention.q";
    const { skillsA, router } = model.adapters.get("default")!.layers.get(name)!;
    const [A, Z] = [await skillsA.data(), await router.moduleLogits.data()];
    // The first split takes the skills whose logit is above 0, in equal shares; A is [H, S, 6, 5].
    const on = [0, 1, 2, 3].filter((skill) => Z[skill]! > 0);
    assert.ok(on.length > 0 && on.length < 4);
    const mean = on.reduce((sum, skill) => sum + A[skill * 6 * 5]!, 0) / on.length;
    const [first] = file.get(`base_model.model.${name}.lora_A.weight`)!.data;
    assert.ok(Math.abs(first! - mean) < 1e-6);
  });
  model.dispose();
  base.dispose();
}, { only: ["cpu"] });

onEachBackend("exportLora() refuses tasks that are not there, and files", async () => {
  const { base, model } = make();
  await withFolder(async (dir) => {
    for (const task of [-1, 3, 1e9]) {
      await assert.rejects(() => model.exportLora(`${dir}/x`, { task }), {
        name: "RangeError",
        message: /task must be one of 0 to 2, those of adapter "default": got/,
      });
    }
    for (const task of [0.5, NaN, "1" as unknown as number]) {
      await assert.rejects(() => model.exportLora(`${dir}/x`, { task }), { name: "TypeError" });
    }
    await assert.rejects(() => model.exportLora(`${dir}/x`, { task: 0, adapterName: "nope" }), {
      name: "RangeError",
      message: /nope/,
    });
    await Deno.writeTextFile(`${dir}/file`, "");
    for (const as of ["lora", "poly"] as const) {
      await assert.rejects(() => model.exportAverage(`${dir}/file`, { as }), {
        name: "NotADirectory",
      });
    }
    assert.deepEqual([...Deno.readDirSync(dir)].map(({ name }) => name), ["file"]);
  });
  model.dispose();
  base.dispose();
}, { only: ["cpu"] });

onEachBackend(
  "a LoRA of a task adds x·A·B / R to the base layer, as the adapter does",
  async ({ tolerance }) => {
    const { base, model } = make({ modules_to_save: null });
    await withFolder(async (dir) => {
      await model.exportLora(dir, { task: 2 });
      const expected = model.forward({
        inputIds,
        attentionMask,
        labels,
        taskIds: Array(N).fill(2),
      });
      const file = await readSafetensors(`${dir}/adapter_model.safetensors`);
      const plain = base.plainCall();
      const lora = Object.assign(Object.create(plain), {
        linear: (name: string, x: tf.Tensor3D) =>
          tf.tidy(() => {
            const [A, B] = ["lora_A", "lora_B"].map((key) => {
              const stored = file.get(`base_model.model.${name}.${key}.weight`);
              return stored && tf.tensor2d(stored.data, stored.shape as [number, number]);
            });
            const y = plain.linear(name, x);
            if (A === undefined || B === undefined) return y;
            const flat = tf.reshape(x, [-1, A.shape[1]]) as tf.Tensor2D;
            const update = tf.matMul(tf.matMul(flat, A, false, true), B, false, true);
            return tf.add(y, tf.reshape(tf.div(update, 5), y.shape)) as tf.Tensor3D;
          }),
        parameter: (name: string) => plain.parameter(name),
        dropout: (x: tf.Tensor) => x,
      });
      const got = base.forward({ inputIds, attentionMask, labels }, lora);
      await assertClose(got.logits, expected.logits, tolerance);
      for (const out of [got, expected]) {
        tf.dispose([out.logits, out.loss, out.encoderLastHiddenState!]);
      }
    });
    model.dispose();
    base.dispose();
  },
  { only: ["cpu", "wasm"] },
);
