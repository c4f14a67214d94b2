import { wholeModel } from "../../run/pretrain.ts";
import { T5ForConditionalGeneration } from "../../models/t5/model.ts";
import type { MultiTaskModel } from "../../train/multi_task_model.ts";

/** A byte-level T5 of the smallest sizes, all of it trainable. */
export function tinyT5(): MultiTaskModel & { dispose(): void } {
  const base = T5ForConditionalGeneration.fromConfig({
    model_type: "t5",
    d_model: 12,
    d_kv: 4,
    d_ff: 16,
    num_layers: 1,
    num_heads: 2,
    vocab_size: 384,
    feed_forward_proj: "gated-gelu",
    tie_word_embeddings: false,
    dropout_rate: 0,
    pad_token_id: 0,
    eos_token_id: 1,
    decoder_start_token_id: 0,
  }, { seed: 0 });
  return { ...wholeModel(base), dispose: () => base.dispose() };
}
