import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { loraConfigText } from "./lora_config.ts";

Deno.test("loraConfigText() equals the file that PEFT writes, byte for byte", () => {
  const text = loraConfigText({
    r: 3,
    target_modules: ["q_proj", "v_proj"],
    exclude_modules: null,
    modules_to_save: ["lm_head"],
    task_type: "CAUSAL_LM",
    base_model_name_or_path: null,
    revision: null,
    auto_mapping: null,
  });
  // Of what peft 0.21.0 saves for LoraConfig(r=3, lora_alpha=1, target_modules=["q_proj", "v_proj"],
  // modules_to_save=["lm_head"], task_type="CAUSAL_LM"), its target_modules sorted.
  assert.equal(
    createHash("sha256").update(text).digest("hex"),
    "022bf0c90c03bf07f3690d4ad8efc40367f08980fc72ef7dc4bdb5a99a780fec",
  );
});
