import { escapedValue } from "../../files/escaped.ts";
import { isObject, type Json } from "./options.ts";
import { type ClassDefaults, type TokenizerFiles } from "./tokenizer_config.ts";

/** The classes of transformers whose tokenizers are computed here. */
export type TokenizerClass =
  | "TokenizersBackend"
  | "T5Tokenizer"
  | "LlamaTokenizer"
  | "GemmaTokenizer"
  | "Qwen2Tokenizer"
  | "GPT2Tokenizer";

/** Names under which transformers takes a `tokenizer.json` as it is. */
const AS_IT_IS = ["TokenizersBackend", "PreTrainedTokenizerFast", "PreTrainedTokenizer"];

/** Classes that build a tokenizer of their own from the vocabulary and merges alone. */
const BUILDERS: readonly string[] = [
  "T5Tokenizer",
  "LlamaTokenizer",
  "GemmaTokenizer",
  "Qwen2Tokenizer",
  "GPT2Tokenizer",
];

/** The class of a model's type, where files name none or a wrong one. */
const OF_MODELS: Readonly<Record<string, TokenizerClass>> = {
  t5: "T5Tokenizer",
  mt5: "T5Tokenizer",
  umt5: "TokenizersBackend",
  mistral: "TokenizersBackend",
  qwen2: "Qwen2Tokenizer",
  qwen3: "Qwen2Tokenizer",
  gemma2: "GemmaTokenizer",
  gemma3_text: "GemmaTokenizer",
  phi3: "TokenizersBackend",
  gpt2: "GPT2Tokenizer",
};

/**
 * The class that transformers takes for a folder, given `tokenizer_config.json` and `config.json`.
 *
 * @throws {RangeError} when it is one whose tokenizers are not computed here, or Python reads something
 * other than `tokenizer.json`
 *
 * Source: transformers 5.17, models/auto/tokenization_auto.py
 */
export function tokenizerClass(config: Json | null, model: Json | null): TokenizerClass {
  const named = config?.tokenizer_class ?? model?.tokenizer_class ?? null;
  const name = named === null
    ? null
    : String(named).replace(/(?<!TokenizerFas|PreTrained)Fast$/, "");
  const ofModel = OF_MODELS[String(model?.model_type)];
  if (isObject(config?.auto_map) && config.auto_map.AutoTokenizer !== undefined) {
    throw new RangeError("auto_map names code of its own, which is not run here");
  }
  if (config?.fix_mistral_regex === true) {
    throw new RangeError("fix_mistral_regex is not supported, as Python then splits otherwise");
  }
  if ([config?.fast_tokenizer_files ?? []].flat().some((file) => file !== "tokenizer.json")) {
    throw new RangeError(
      "fast_tokenizer_files is not supported, as Python then reads another file",
    );
  }
  if (name === null) return ofModel ?? "TokenizersBackend";
  // These models' files are known to name a wrong class.
  if (ofModel === "TokenizersBackend" || model?.model_type === "qwen2") return ofModel!;
  if (AS_IT_IS.includes(name)) return "TokenizersBackend";
  if (BUILDERS.includes(name)) return name as TokenizerClass;
  throw new RangeError(
    `tokenizer_class ${escapedValue(named)} is not supported, as Python builds another tokenizer ` +
      `for it; set it to "TokenizersBackend" to have what tokenizer.json says`,
  );
}

/** A `tokenizer.json` as a class has it. */
export interface OfClass {
  readonly json: Json;
  readonly defaults: ClassDefaults;
  /** Whether a text ends with the end token, whatever the post-processor says. */
  readonly endsWith: boolean;
  /** Whether special tokens lose their flags. */
  readonly readds: boolean;
}

/** What a class makes of the files. */
export function asClass(files: TokenizerFiles, name: TokenizerClass): OfClass {
  const { tokenizer, config } = files;
  if (name === "TokenizersBackend") {
    return { json: tokenizer, defaults: {}, endsWith: false, readds: false };
  }
  const model = isObject(tokenizer.model) ? tokenizer.model : {};
  const type = name === "T5Tokenizer" ? "Unigram" : "BPE";
  if (model.type !== type) {
    throw new RangeError(`the model of a ${name} must be ${type}: found ${model.type}`);
  }
  const rest = { ...tokenizer, added_tokens: [] };
  const { vocab, merges } = model;
  const space = config?.add_prefix_space ?? null;
  switch (name) {
    case "T5Tokenizer": {
      const metaspace = {
        type: "Metaspace",
        replacement: "▁",
        prepend_scheme: "always",
        split: true,
      };
      return {
        json: {
          ...rest,
          model: { type, vocab, unk_id: 2, byte_fallback: false },
          normalizer: precompiled(tokenizer.normalizer),
          pre_tokenizer: {
            type: "Sequence",
            pretokenizers: [{ type: "WhitespaceSplit" }, metaspace],
          },
          decoder: metaspace,
        },
        defaults: {
          named: { eos_token: "</s>", unk_token: "<unk>", pad_token: "<pad>" },
          extra: (additional) => withSentinels(additional, Number(config?.extra_ids ?? 100)),
        },
        endsWith: true,
        readds: false,
      };
    }
    case "LlamaTokenizer": {
      const begins = space === null || Boolean(space);
      const scheme = !begins ? "never" : config?.legacy === true ? "always" : "first";
      return {
        json: {
          ...rest,
          model: { type, vocab, merges, fuse_unk: true, byte_fallback: true },
          normalizer: null,
          pre_tokenizer: {
            type: "Metaspace",
            replacement: "▁",
            prepend_scheme: scheme,
            split: false,
          },
          decoder: {
            type: "Sequence",
            decoders: [
              { type: "Replace", pattern: { String: "▁" }, content: " " },
              { type: "ByteFallback" },
              { type: "Fuse" },
              ...(begins ? [{ type: "Strip", content: " ", start: 1, stop: 0 }] : []),
            ],
          },
        },
        defaults: {
          named: { unk_token: "<unk>", bos_token: "<s>", eos_token: "</s>" },
          padSide: "left",
        },
        endsWith: false,
        readds: false,
      };
    }
    case "GemmaTokenizer": {
      const { unk_token } = config ?? {};
      const unknown = isObject(unk_token) ? unk_token.content : unk_token ?? "<unk>";
      return {
        json: {
          ...rest,
          model: { type, vocab, merges, unk_token: unknown, fuse_unk: true, byte_fallback: true },
          normalizer: { type: "Replace", pattern: { String: " " }, content: "▁" },
          // It would split at spaces, of which the normalizer leaves none.
          pre_tokenizer: null,
          decoder: {
            type: "Sequence",
            decoders: [
              { type: "Replace", pattern: { String: "▁" }, content: " " },
              { type: "ByteFallback" },
              { type: "Fuse" },
            ],
          },
        },
        defaults: {
          named: {
            unk_token: "<unk>",
            bos_token: "<bos>",
            eos_token: "<eos>",
            pad_token: "<pad>",
            mask_token: "<mask>",
          },
          padSide: "left",
        },
        endsWith: false,
        readds: false,
      };
    }
    case "Qwen2Tokenizer": {
      const end = "<|endoftext|>";
      return {
        json: {
          ...rest,
          model: { type, vocab, merges },
          normalizer: { type: "NFC" },
          pre_tokenizer: {
            type: "Sequence",
            pretokenizers: [
              { type: "Split", pattern: { Regex: QWEN2 }, behavior: "Isolated", invert: false },
              { ...BYTE_LEVEL, add_prefix_space: Boolean(space), use_regex: false },
            ],
          },
          decoder: BYTE_LEVEL,
        },
        defaults: { named: { unk_token: end, eos_token: end, pad_token: end } },
        endsWith: false,
        readds: true,
      };
    }
    case "GPT2Tokenizer": {
      const end = "<|endoftext|>";
      return {
        json: {
          ...rest,
          model: { type, vocab, merges },
          normalizer: null,
          pre_tokenizer: { ...BYTE_LEVEL, add_prefix_space: Boolean(space) },
          decoder: BYTE_LEVEL,
        },
        defaults: { named: { unk_token: end, bos_token: end, eos_token: end } },
        endsWith: false,
        readds: false,
      };
    }
  }
}

const BYTE_LEVEL = {
  type: "ByteLevel",
  add_prefix_space: true,
  trim_offsets: true,
  use_regex: true,
};

const QWEN2 = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}|" +
  " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

/** The first `Precompiled` of a normalizer, which is all that T5's class keeps of it. */
function precompiled(normalizer: unknown): unknown {
  if (!isObject(normalizer)) return null;
  const among = normalizer.type === "Sequence" ? normalizer.normalizers : [normalizer];
  return (among as Json[]).find(({ type }) => type === "Precompiled") ?? null;
}

/** Tokens with T5's `<extra_id_0>` and so on, unless they have them. */
function withSentinels(additional: unknown, count: number): readonly unknown[] {
  const given = Array.isArray(additional) ? additional : [];
  const own = given.filter((token) => String(token).includes("<extra_id_")).length;
  if (own === 0) return [...given, ...Array.from({ length: count }, (_, i) => `<extra_id_${i}>`)];
  if (count === 0 || count === own) return given;
  throw new RangeError(
    `extra_ids must be how many <extra_id_> there are in additional_special_tokens, ${own}: ` +
      `found ${count}`,
  );
}
