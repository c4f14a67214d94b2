/** What PEFT's format can say of router options and composition, and what merging and stacks make of them. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { seededNoise } from "../ops/noise.ts";
import { PolyConfig } from "../poly/config.ts";
import type { PolySettings } from "../poly/settings.ts";
import { stackAdapters } from "../poly/stack.ts";
import { assertClose } from "../testing/assert_close.ts";
import { fillWithWaves } from "../testing/models/small_models.ts";
import { onEachBackend } from "../testing/on_each_backend.ts";
import { plainBase } from "../testing/plain_poly.ts";
import { wave } from "../testing/wave.ts";
import { withFolder } from "../testing/with_folder.ts";
import * as tf from "../tf.ts";
import type { Mlp } from "../models/mlp/model.ts";
import { adaptTogether, type Owner } from "./adapt_together.ts";
import { getPeftModel, PeftModel } from "./peft_model.ts";
import { readSafetensors } from "../files/safetensors.ts";
import { SETTINGS_NAME } from "./settings_file.ts";

const [T, S, R, I, O] = [3, 4, 2, 16, 12];

function model(base: Mlp, settings: Partial<PolySettings>, n_tasks = T): PeftModel<Mlp> {
  const sizes = { target_modules: ["0"], n_tasks, n_skills: S, r: R };
  const made = getPeftModel(base, new PolyConfig({ ...sizes, settings }));
  fillWithWaves(made.adapters.get("default")!);
  return made;
}

/** Outputs of one row of a task. */
const outputs = (model: PeftModel<Mlp>, task: number): tf.Tensor3D =>
  tf.tidy(() => {
    const features = tf.tensor3d(wave(I, 0.3), [1, 1, I]);
    return model.forward({ features, taskIds: [task] }).logits as tf.Tensor3D;
  });

onEachBackend(
  "PEFT computes a shared skill from the logits that are saved",
  async ({ tolerance }) => {
    const base = plainBase();
    const shared = model(base, { router_shared_skill: true });
    await withFolder(async (dir) => {
      await shared.savePretrained(dir);
      const loaded = await PeftModel.fromPretrained(base, dir);
      const { settings } = loaded.adapters.get("default")!.config;
      assert.equal(settings.router_shared_skill, true);
      await Deno.remove(join(dir, SETTINGS_NAME)); // as PEFT, which does not read it
      const asPeft = await PeftModel.fromPretrained(base, dir);
      assert.ok(asPeft.adapters.get("default")!.config.isPeft);
      for (const task of [0, 2]) {
        const [expected, ...found] = [shared, loaded, asPeft].map((model) => outputs(model, task));
        for (const y of found) await assertClose(y, expected!, tolerance);
        tf.dispose([expected!, ...found]);
      }
      loaded.dispose();
      asPeft.dispose();
    });
    shared.dispose();
    base.dispose();
  },
  { only: ["wasm", "cpu"] },
);

onEachBackend("what PEFT would compute otherwise is not saved, and says why", async () => {
  const base = plainBase();
  await withFolder(async (dir) => {
    for (
      const [settings, word] of [
        [{ router_normalization: "average_correction" }, "average_correction"],
        [{ router_normalization: "l2_norm", router_noise: "none" }, "l2_norm"],
        [{ composition: "products" }, "products"],
      ] as const
    ) {
      const made = model(base, settings);
      const refused = { name: "RangeError", message: RegExp(`PEFT would not .*"${word}"`) };
      await assert.rejects(made.savePretrained(dir), refused);
      if (word === "products") {
        await assert.rejects(made.exportAverage(dir, { as: "poly" }), refused);
      }
      const adapter = made.adapters.get("default")!;
      assert.throws(() => stackAdapters([adapter]), /Cannot stack adapters as/);
      assert.deepEqual([...Deno.readDirSync(dir)], []);
      made.dispose();
    }
    const settings = { composition: "products" } as const;
    assert.throws(() => new PolyConfig({ n_splits: 2, settings }), /"products" is of one split/);
  });
  base.dispose();
}, { only: ["cpu"] });

onEachBackend("merging and LoRA have what the adapter computes", async ({ tolerance }) => {
  const base = plainBase();
  for (
    const [settings, rank] of [
      [{ composition: "products" }, S * R],
      [{ composition: "products", router_shared_skill: true }, S * R],
      [{ router_normalization: "average_correction" }, R],
      [{ router_normalization: "l2_norm", router_noise: "none" }, R],
    ] as const
  ) {
    const made = model(base, settings);
    const expected = outputs(made, 1);
    made.mergeAdapter({ task: 1 });
    const merged = outputs(made, 1);
    await assertClose(merged, expected, tolerance, JSON.stringify(settings));
    made.unmergeAdapter();
    await withFolder(async (dir) => {
      await made.exportLora(dir, { task: 1 });
      const { r, lora_alpha } = JSON.parse(
        await Deno.readTextFile(join(dir, "adapter_config.json")),
      );
      assert.deepEqual([r, lora_alpha], [rank, 1]);
      const file = await readSafetensors(join(dir, "adapter_model.safetensors"));
      const of = (name: string) => {
        const { shape, data } = file.get(`base_model.model.layers.0.${name}.weight`)!;
        return tf.tensor2d(data as Float32Array, shape as [number, number]);
      };
      const y = tf.tidy(() => {
        const x = tf.tensor2d(wave(I, 0.3), [1, I]);
        const narrow = tf.matMul(x, of("lora_A"), false, true);
        const update = tf.div(tf.matMul(narrow, of("lora_B"), false, true), r);
        const own = base.forward({ features: tf.reshape(x, [1, 1, I]) as tf.Tensor3D }).logits;
        return tf.add(own, tf.reshape(update, [1, 1, O]));
      });
      await assertClose(y, expected, tolerance, JSON.stringify(settings));
      y.dispose();
    });
    tf.dispose([expected, merged]);
    made.dispose();
  }
  base.dispose();
}, { only: ["wasm"] });

onEachBackend("owners whose skills no kernel mixes are adapted one by one", async () => {
  const base = plainBase();
  const steps = async (together: number) => {
    const owners = [0, 1].map((i): Owner<Batch, Mlp> => ({
      model: model(base, { composition: "products", router_shared_skill: true }, 1),
      settings: { steps: 2, batchSize: 2 },
      context: {
        nextBatch: () => ({ values: wave(2 * I, i), taskIds: [0, 0] }),
        noise: seededNoise(i),
      },
    }));
    const losses: number[][] = [[], []];
    for await (const { owner, outcome } of adaptTogether(trainable, owners, { most: together })) {
      if (outcome !== null && "loss" in outcome) losses[owner]!.push(outcome.loss);
    }
    for (const { model } of owners) model.dispose();
    return losses;
  };
  assert.deepEqual(await steps(8), await steps(1));
  base.dispose();
}, { only: ["wasm"] });

type Batch = { readonly values: Float32Array; readonly taskIds: readonly number[] };

function trainable(model: PeftModel<Mlp>) {
  return {
    forward: ({ values, ...call }: Batch & { readonly training?: boolean }) => {
      const rows = call.taskIds.length;
      const features = tf.tensor3d(values, [rows, 1, I]);
      const labels = tf.zeros([rows, 1, O]) as tf.Tensor3D;
      const { loss } = model.forward({ ...call, features, labels });
      return { loss: loss as tf.Scalar };
    },
    trainableParameters: (part?: "skills" | "router") => model.trainableParameters(part),
  };
}
