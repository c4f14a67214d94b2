/** Formats of adapters: their configs, settings and weights. */
import { join } from "node:path";
import { writeSafetensors } from "../files/safetensors.ts";
import { Mlp } from "../models/mlp/model.ts";
import { parseAdapterConfig } from "../peft/adapter_config_file.ts";
import { loadAdapter } from "../peft/load_adapter.ts";
import { parseSettings, settingsText } from "../peft/settings_file.ts";
import { disposeAdapter } from "../poly/adapter.ts";
import { PROFILES } from "../poly/settings.ts";
import * as tf from "../tf.ts";
import { type Format, json, text } from "./format.ts";

const CONFIG = {
  auto_mapping: null,
  base_model_name_or_path: null,
  exclude_modules: null,
  inference_mode: true,
  init_weights: true,
  modules_to_save: null,
  n_skills: 2,
  n_splits: 1,
  n_tasks: 3,
  peft_type: "POLY",
  peft_version: "0.21.0",
  poly_type: "poly",
  r: 2,
  revision: null,
  target_modules: ["0"],
  task_type: null,
};

const IA3_CONFIG = {
  auto_mapping: null,
  exclude_modules: null,
  fan_in_fan_out: false,
  feedforward_modules: ["2"],
  inference_mode: true,
  init_ia3_weights: true,
  modules_to_save: null,
  peft_type: "IA3",
  peft_version: "0.21.0",
  target_modules: ["0", "2"],
  task_type: null,
};

const zeros = (...shape: number[]) => ({
  shape,
  data: new Float32Array(shape.reduce((product, n) => product * n, 1)),
});

const WEIGHTS = () =>
  writeSafetensors([
    ["base_model.model.layers.0.poly_lora_A", zeros(1, 2, 4, 2)],
    ["base_model.model.layers.0.poly_lora_B", zeros(1, 2, 2, 3)],
    ["base_model.model.layers.0.poly_router.module_logits", zeros(3, 2)],
  ]);

const IA3_WEIGHTS = () =>
  writeSafetensors([
    ["base_model.model.layers.0.ia3_l", zeros(3, 1)],
    ["base_model.model.layers.2.ia3_l", zeros(1, 3)],
  ]);

let base: Mlp | null = null;

/** Loads an adapter of a small model, of which some files are given. */
async function load(
  dir: string,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<void> {
  if (base === null) {
    await tf.setBackend("cpu");
    const sizes = { in_features: 4, hidden_features: [3], out_features: 2 };
    base = Mlp.fromConfig({ model_type: "mlp", ...sizes }, { seed: 0 });
  }
  const all = { "adapter_config.json": json(CONFIG), "adapter_model.safetensors": WEIGHTS() };
  for (const [name, content] of Object.entries({ ...all, ...files })) {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    await Deno.writeFile(join(dir, name), bytes);
  }
  disposeAdapter(await loadAdapter(base, dir, "fuzzed", { onWarning: () => {} }));
}

export const ADAPTER_FORMATS: Readonly<Record<string, Format>> = {
  adapter_config: {
    seeds: () => [
      json(CONFIG),
      json({ ...CONFIG, target_modules: ".*\\.[0]$", exclude_modules: ["2"] }),
    ],
    async read(input, dir) {
      parseAdapterConfig(text(input));
      await load(dir, { "adapter_config.json": input });
    },
  },
  ia3_config: {
    seeds: () => [json(IA3_CONFIG)],
    async read(input, dir) {
      parseAdapterConfig(text(input));
      await load(dir, { "adapter_config.json": input, "adapter_model.safetensors": IA3_WEIGHTS() });
    },
  },
  adapter_settings: {
    seeds: () => Object.values(PROFILES).map(settingsText),
    async read(input, dir) {
      parseSettings(text(input), { n_tasks: 3, n_skills: 2 });
      await load(dir, { "poly_settings.json": input });
    },
  },
  adapter_weights: {
    seeds: () => [WEIGHTS()],
    read: (input, dir) => load(dir, { "adapter_model.safetensors": input }),
  },
};
