import { join } from "node:path";
import { LlamaForCausalLM } from "../../models/llama/model.ts";
import { saveBaseModel } from "../../models/save_model.ts";
import { PRETRAIN_CONFIG, pretrainedModel } from "../../run/pretrain.ts";

/** A byte-level base model of the smallest sizes, in a folder that is gone afterwards. */
export async function withBase(
  kind: "t5" | "llama",
  use: (dir: string) => Promise<void>,
): Promise<void> {
  const dir = await Deno.makeTempDir();
  const base = kind === "t5" ? tinyT5() : LlamaForCausalLM.fromConfig({
    model_type: "llama",
    hidden_size: 8,
    intermediate_size: 12,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    vocab_size: 384,
    initializer_range: 0.5,
    pad_token_id: 0,
    eos_token_id: 1,
    bos_token_id: null,
  }, { seed: 0 });
  await saveBaseModel(base, dir);
  base.dispose();
  const tokenizer = JSON.stringify({ tokenizer_class: "ByT5Tokenizer" });
  await Deno.writeTextFile(join(dir, "tokenizer_config.json"), tokenizer);
  try {
    await use(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

function tinyT5() {
  const sizes = { d_model: 8, d_kv: 4, d_ff: 12, num_layers: 1, num_heads: 2 };
  return pretrainedModel(PRETRAIN_CONFIG.parse({
    model: sizes,
    denoising: 0,
    pairs: 0,
    steps: 1,
    batch_size: 1,
    learning_rate: 1,
    weight_decay: 0,
    warmup: 0,
    clip: 0,
  }));
}
