/** Formats of models: weights, configs, settings of generation, tokenizers. */
import { join } from "node:path";
import { parseJsonObject } from "../files/json_object.ts";
import { parseSafetensors, writeSafetensors } from "../files/safetensors.ts";
import type { LanguageModel } from "../models/base_model.ts";
import { readCheckpoint } from "../models/checkpoint.ts";
import { checkOptions } from "../models/generation/options.ts";
import { generationIdsOf } from "../models/generation_ids.ts";
import { parseLlamaConfig } from "../models/llama/config.ts";
import { parseT5Config } from "../models/t5/config.ts";
import { AutoTokenizer } from "../models/tokenizers/tokenizer.ts";
import { type Format, json, text } from "./format.ts";

const T5 = {
  architectures: ["T5ForConditionalGeneration"],
  model_type: "t5",
  d_model: 12,
  d_kv: 6,
  d_ff: 20,
  num_layers: 2,
  num_decoder_layers: 1,
  num_heads: 3,
  vocab_size: 23,
  relative_attention_num_buckets: 6,
  relative_attention_max_distance: 9,
  feed_forward_proj: "gated-gelu",
  tie_word_embeddings: false,
  dropout_rate: 0.1,
  layer_norm_epsilon: 1e-6,
  decoder_start_token_id: 0,
  eos_token_id: 1,
  pad_token_id: 0,
};

const LLAMA = {
  model_type: "llama",
  hidden_size: 16,
  intermediate_size: 22,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  hidden_act: "silu",
  vocab_size: 29,
  max_position_embeddings: 64,
  rms_norm_eps: 1e-5,
  bos_token_id: 1,
  eos_token_id: [2, 3],
};

const DECODERS = [
  {
    ...LLAMA,
    rope_scaling: {
      rope_type: "llama3",
      factor: 8,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 32,
    },
  },
  { ...LLAMA, rope_parameters: { rope_type: "default", rope_theta: 10_000 }, head_dim: 8 },
  { ...LLAMA, model_type: "mistral", sliding_window: 32 },
  { ...LLAMA, model_type: "qwen2", use_sliding_window: false, max_window_layers: 2 },
  {
    ...LLAMA,
    model_type: "qwen3",
    rope_scaling: { rope_type: "yarn", factor: 4, truncate: false },
  },
  { ...LLAMA, model_type: "gemma2", attn_logit_softcapping: null, query_pre_attn_scalar: 4 },
  {
    ...LLAMA,
    model_type: "gemma3_text",
    sliding_window_pattern: 2,
    rope_parameters: { full_attention: { rope_type: "linear", factor: 8, rope_theta: 1e6 } },
  },
  {
    ...LLAMA,
    model_type: "phi3",
    pad_token_id: 0,
    rope_scaling: { type: "longrope", short_factor: [1, 2], long_factor: [3, 4] },
  },
];

const WEIGHTS = () =>
  writeSafetensors([
    ["encoder.weight", { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }],
    ["half", { shape: [4], data: Float32Array.of(0.5, -1, 0, 2), dtype: "BF16" }],
    ["ids", { shape: [2], data: Int32Array.of(7, 8) }],
    ["empty", { shape: [0, 3], data: new Float32Array(0) }],
  ], { format: "pt" });

const SPECIALS = { "<unk>": 0, "</s>": 1, "<s>": 2, "<pad>": 3 };

const added = (content: string, id: number) => ({
  id,
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
});

const TOKENIZERS = [
  {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [added("<unk>", 0), added("</s>", 1)],
    normalizer: { type: "Sequence", normalizers: [{ type: "NFC" }, { type: "Lowercase" }] },
    pre_tokenizer: {
      type: "ByteLevel",
      add_prefix_space: false,
      trim_offsets: true,
      use_regex: true,
    },
    post_processor: {
      type: "TemplateProcessing",
      single: [{ SpecialToken: { id: "<s>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
      pair: [{ Sequence: { id: "A", type_id: 0 } }, { Sequence: { id: "B", type_id: 0 } }],
      special_tokens: { "<s>": { id: "<s>", ids: [2], tokens: ["<s>"] } },
    },
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: "<unk>",
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: { ...SPECIALS, t: 4, h: 5, e: 6, th: 7, the: 8, "Ġ": 9, "Ġthe": 10 },
      merges: [["t", "h"], ["th", "e"], ["Ġ", "the"]],
    },
  },
  {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [added("<pad>", 0), added("</s>", 1), added("<unk>", 2)],
    normalizer: { type: "Replace", pattern: { Regex: " {2,}" }, content: " " },
    pre_tokenizer: { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true },
    post_processor: {
      type: "TemplateProcessing",
      single: [{ Sequence: { id: "A", type_id: 0 } }, { SpecialToken: { id: "</s>", type_id: 0 } }],
      pair: [{ Sequence: { id: "A", type_id: 0 } }, { Sequence: { id: "B", type_id: 0 } }],
      special_tokens: { "</s>": { id: "</s>", ids: [1], tokens: ["</s>"] } },
    },
    decoder: { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true },
    model: {
      type: "Unigram",
      unk_id: 2,
      vocab: [["<pad>", 0], ["</s>", 0], ["<unk>", 0], ["▁", -2], ["▁the", -3], ["a", -4.5]],
      byte_fallback: false,
    },
  },
  {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [added("<unk>", 0)],
    normalizer: { type: "Replace", pattern: { Regex: "(?:\\s*)*\\s*\\s*!" }, content: " " },
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [
        "(?:a|ab|b)*c",
        "(?:\\p{L}+)+!",
        "(?:a?){30}a{30}",
        "(?<=!(?:\\w+)+)-|(?=(?:.+)+=).",
        "(?>(?:a|aa)+)$|\\s++$",
        "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
      ].map((Regex) => ({
        type: "Split",
        pattern: { Regex },
        behavior: "Isolated",
        invert: false,
      })),
    },
    post_processor: null,
    decoder: { type: "Replace", pattern: { Regex: "(?:(?:a+)+b)+$" }, content: "" },
    model: {
      type: "WordLevel",
      unk_token: "<unk>",
      vocab: { "<unk>": 0, [`${"a".repeat(60)}`]: 1 },
    },
  },
];

const TOKENIZER_CONFIGS = [
  {
    tokenizer_class: "PreTrainedTokenizerFast",
    eos_token: "</s>",
    unk_token: "<unk>",
    pad_token: "<pad>",
  },
  {
    tokenizer_class: "LlamaTokenizerFast",
    add_bos_token: true,
    add_eos_token: false,
    bos_token: { __type: "AddedToken", ...added("<s>", 2) },
    eos_token: "</s>",
    model_max_length: 512,
    added_tokens_decoder: { "3": added("<pad>", 3) },
    clean_up_tokenization_spaces: false,
    chat_template: "{{ messages }}",
  },
  { tokenizer_class: "ByT5Tokenizer", extra_ids: 125, eos_token: "</s>" },
];

/** Texts and ids that a tokenizer is tried with. */
const TEXTS = [
  "the  theta",
  "",
  "naïve 日本 <s></s> \n\t x_y",
  "🙂".repeat(20),
  `${"a".repeat(1500)}${" ".repeat(1500)}?`,
];
const IDS = [0, 4, 1, 2, 3, 5];

async function useTokenizer(dir: string): Promise<void> {
  const tokenizer = await AutoTokenizer.fromPretrained(dir);
  for (const words of TEXTS) tokenizer.decode(tokenizer.encode(words));
  tokenizer.decode(IDS, { skipSpecialTokens: true });
  if (tokenizer.padId !== null) tokenizer.encodeBatch(TEXTS, { maxLength: 8 });
}

async function write(
  dir: string,
  files: Readonly<Record<string, string | Uint8Array | (() => Uint8Array)>>,
): Promise<void> {
  for (const [name, given] of Object.entries(files)) {
    const content = typeof given === "function" ? given() : given;
    await Deno.writeFile(
      join(dir, name),
      typeof content === "string" ? new TextEncoder().encode(content) : content,
    );
  }
}

/** A model as far as its settings of generation go. */
function generating(generationConfig: Readonly<Record<string, unknown>> | null, config: object) {
  const identity = {
    modelType: "t5",
    nameOrPath: "x",
    className: "T5",
    config,
    generationConfig,
    generationIds: { pad: 0, eos: [1], decoderStart: 0 },
  };
  return { identity, vocabSize: 23, isEncoderDecoder: true } as unknown as LanguageModel;
}

export const MODEL_FORMATS: Readonly<Record<string, Format>> = {
  safetensors: {
    seeds: () => [WEIGHTS()],
    read(input) {
      using file = parseSafetensors(input);
      for (const name of file.names) file.read(name);
    },
  },
  t5_config: {
    seeds: () => [json(T5), json({ ...T5, model_type: "mt5", feed_forward_proj: "relu" })],
    read: (input) => parseT5Config(parseJsonObject(text(input), "config.json")),
  },
  llama_config: {
    seeds: () => DECODERS.map(json),
    read: (input) => parseLlamaConfig(parseJsonObject(text(input), "config.json")),
  },
  generation_config: {
    seeds: () => [
      json({ decoder_start_token_id: 0, eos_token_id: 1, pad_token_id: 0, max_length: 20 }),
      json({
        eos_token_id: [1, 2],
        decoder_start_token_id: 0,
        pad_token_id: 0,
        do_sample: true,
        temperature: 0.7,
        top_k: 5,
        top_p: 0.9,
        bad_words_ids: [[1, 2], [3]],
        suppress_tokens: [1, 2],
        exponential_decay_length_penalty: [5, 1.1],
        forced_eos_token_id: 3,
        sequence_bias: [[[1, 2], 0.5]],
      }),
    ],
    read(input) {
      const config = parseJsonObject(text(input), "generation_config.json");
      for (const model of [generating(config, {}), generating(null, config)]) {
        checkOptions(model, { seed: 0 });
        generationIdsOf(model, {});
      }
    },
  },
  checkpoint_index: {
    seeds: () => [json({
      metadata: { total_size: 24 },
      weight_map: { "encoder.weight": "a.safetensors", ids: "b.safetensors" },
    })],
    async read(input, dir) {
      await write(dir, {
        "config.json": json(T5),
        "a.safetensors": () =>
          writeSafetensors([["encoder.weight", { shape: [1], data: Float32Array.of(1) }]]),
        "b.safetensors": () =>
          writeSafetensors([["ids", { shape: [2], data: Int32Array.of(7, 8) }]]),
        "model.safetensors.index.json": input,
      });
      (await readCheckpoint(dir)).warnings.join();
    },
  },
  tokenizer: {
    seeds: () => TOKENIZERS.map(json),
    async read(input, dir) {
      // Of a type whose tokenizer is what the file says, of every kind.
      await write(dir, { "config.json": json({ model_type: "umt5" }), "tokenizer.json": input });
      await useTokenizer(dir);
    },
  },
  tokenizer_config: {
    seeds: () => TOKENIZER_CONFIGS.map(json),
    async read(input, dir) {
      await write(dir, { "tokenizer.json": json(TOKENIZERS[0]), "tokenizer_config.json": input });
      await useTokenizer(dir);
    },
  },
};
