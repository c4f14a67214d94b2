/**
 * Exports what an adapter has learned to simpler adapters: one task as LoRA, or the average of the
 * skills to start few-shot learning from.
 */
import { type TensorToStore, writeSafetensors } from "../files/safetensors.ts";
import * as tf from "../tf.ts";
import { writeFilesAtomically } from "../files/atomic_write.ts";
import { type Adapter, requireLowRank } from "../poly/adapter.ts";
import { CONFIG_NAME, savedForFields } from "./adapter_config_file.ts";
import { PREFIX, slots } from "./adapter_slots.ts";
import { checkTask, fixedFactors, type FixedRouting } from "../poly/fixed_factors.ts";
import { loraConfigText } from "./lora_config.ts";
import { Router } from "../poly/router.ts";
import {
  type Adapted,
  cardFacts,
  readmeText,
  refuseFile,
  saveAdapters,
  WEIGHTS_NAME,
} from "./save_adapters.ts";
import { PROFILES } from "../poly/settings.ts";

/**
 * Saves one task of an adapter as a plain LoRA adapter, which any program that reads LoRA can load:
 * lora_A = Aᵀ and lora_B = Bᵀ of the task's mixed skills, with lora_alpha 1, so that the scale is 1
 * / R. In evaluation it computes the same as the adapter for that task. Modules saved as a whole
 * are included.
 *
 * @throws {TypeError} when `task` is not an integer
 * @throws {RangeError} when the adapter has no such task
 * @throws {Deno.errors.NotADirectory} when `dir` is a file
 *
 * Source: tuners/lora/layer.py of PEFT for names, shapes and scale
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { Mlp } from "../models/mlp/model.ts";
 * import * as tf from "../tf.ts";
 * import { PolyConfig } from "../poly/config.ts";
 * import { getPeftModel } from "./peft_model.ts";
 *
 * await tf.setBackend("cpu");
 * const sizes = { in_features: 4, hidden_features: [], out_features: 2 };
 * const base = Mlp.fromConfig({ model_type: "mlp", ...sizes }, { seed: 0 });
 * const model = getPeftModel(base, new PolyConfig({ target_modules: ["0"], r: 3, n_tasks: 2 }));
 * const dir = await Deno.makeTempDir();
 * await exportLora(model, model.adapters.get("default")!, dir, { task: 1 });
 * const { peft_type, r } = JSON.parse(await Deno.readTextFile(`${dir}/adapter_config.json`));
 * assert.deepEqual([peft_type, r], ["LORA", 3]);
 * await Deno.remove(dir, { recursive: true });
 * ```
 */
export async function exportLora(
  model: Adapted,
  adapter: Adapter,
  dir: string,
  { task }: { readonly task: number },
): Promise<void> {
  checkTask("export a task as LoRA", adapter, task);
  requireLowRank("export a task", adapter);
  await writeLora(model, adapter, dir, { task });
}

/**
 * Saves the average of an adapter's skills, from which few-shot learning starts in MHR-μ.
 *
 * @param as `lora` for one LoRA adapter, as {@linkcode exportLora} writes it; `poly` for a Poly
 * adapter with all the skills and one task, whose routing logits are 0, so that the skills can be
 * trained further
 * @throws {Deno.errors.NotADirectory} when `dir` is a file
 *
 * Source: Caccia et al. 2023, Multi-Head Adapter Routing (arXiv 2211.03831), MHR-μ; mttl,
 * models/modifiers/routing.py, `AverageSelector`
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { Mlp } from "../models/mlp/model.ts";
 * import * as tf from "../tf.ts";
 * import { PolyConfig } from "../poly/config.ts";
 * import { getPeftModel } from "./peft_model.ts";
 *
 * await tf.setBackend("cpu");
 * const sizes = { in_features: 4, hidden_features: [], out_features: 2 };
 * const base = Mlp.fromConfig({ model_type: "mlp", ...sizes }, { seed: 0 });
 * const model = getPeftModel(base, new PolyConfig({ target_modules: ["0"], n_tasks: 5 }));
 * const dir = await Deno.makeTempDir();
 * await exportAverage(model, model.adapters.get("default")!, dir, { as: "poly" });
 * assert.equal(JSON.parse(await Deno.readTextFile(`${dir}/adapter_config.json`)).n_tasks, 1);
 * await Deno.remove(dir, { recursive: true });
 * ```
 */
export async function exportAverage(
  model: Adapted,
  adapter: Adapter,
  dir: string,
  { as }: { readonly as: "lora" | "poly" },
): Promise<void> {
  requireLowRank("export the average", adapter);
  if (as === "lora") return await writeLora(model, adapter, dir, "average");
  const config = adapter.config.with({ n_tasks: 1, settings: PROFILES.peft });
  const { n_skills: S, n_splits: H } = config;
  const Z = tf.tidy(() => tf.variable(tf.zeros([1, H * S])));
  try {
    const layers = new Map(
      [...adapter.layers].map(([name, layer]) => {
        const router = new Router(name, Z, S, H, config.settings);
        return [name, { ...layer, router }];
      }),
    );
    const average: Adapter = { ...adapter, name: "default", config, layers };
    await saveAdapters({ base: model.base, adapters: new Map([["default", average]]) }, dir);
  } finally {
    Z.dispose();
  }
}

async function writeLora(
  { base }: Adapted,
  adapter: Adapter,
  dir: string,
  routing: FixedRouting,
): Promise<void> {
  await refuseFile(dir);
  const { config } = adapter;
  const tensors: [string, TensorToStore][] = [];
  const store = async (name: string, tensor: tf.Tensor) => {
    const data = await tensor.data() as Float32Array;
    tensors.push([PREFIX + name, { shape: tensor.shape, data }]);
  };
  for (const layer of adapter.layers.values()) {
    const { A, B } = fixedFactors(layer, routing);
    const [At, Bt] = tf.tidy(() => [tf.transpose(A), tf.transpose(B)]) as [tf.Tensor, tf.Tensor];
    try {
      await store(`${layer.name}.lora_A.weight`, At);
      await store(`${layer.name}.lora_B.weight`, Bt);
    } finally {
      tf.dispose([A, B, At, Bt]);
    }
  }
  for (const { name, variable, part } of slots(adapter)) {
    if (part === "saved") await store(name, variable);
  }
  const { r, target_modules, exclude_modules, modules_to_save, task_type, revision } = config
    .toDict();
  const text = loraConfigText({
    r,
    target_modules,
    exclude_modules,
    modules_to_save,
    task_type,
    revision,
    ...savedForFields(config, base.identity),
  });
  const card = await readmeText(dir, cardFacts(base, adapter, "LORA"));
  await writeFilesAtomically(
    dir,
    new Map<string, string | Uint8Array>([
      ["README.md", card],
      [WEIGHTS_NAME, writeSafetensors(tensors)],
      [CONFIG_NAME, text],
    ]),
  );
}
