import assert from "node:assert/strict";
import { join } from "node:path";
import { HubError } from "../../hub/hugging_face.ts";
import { AutoTokenizer, type Tokenizer } from "./tokenizer.ts";

type Json = Record<string, unknown>;

async function withTokenizer(
  files: Record<string, Json | string>,
  test: (tokenizer: Tokenizer) => void,
): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    for (const [name, content] of Object.entries(files)) {
      const text = typeof content === "string" ? content : JSON.stringify(content);
      await Deno.writeTextFile(join(dir, name), text);
    }
    test(await AutoTokenizer.fromPretrained(dir));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

function special(tokens: Record<string, number>): Json[] {
  return Object.entries(tokens).map(([content, id]) => ({
    id,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  }));
}

function template(before: Record<string, number>, after: Record<string, number>): Json {
  const piece = (id: string) => ({ SpecialToken: { id, type_id: 0 } });
  return {
    type: "TemplateProcessing",
    single: [
      ...Object.keys(before).map(piece),
      { Sequence: { id: "A", type_id: 0 } },
      ...Object.keys(after).map(piece),
    ],
    pair: [],
    special_tokens: Object.fromEntries(
      Object.entries({ ...before, ...after }).map((
        [id, n],
      ) => [id, { id, ids: [n], tokens: [id] }]),
    ),
  };
}

function ids(tokens: string): Record<string, number> {
  return Object.fromEntries(tokens.split(" ").map((token, id) => [token, id]));
}

/** A tokenizer, and what PreTrainedTokenizerFast of transformers 5.17.0 does with the same one. */
interface Case {
  readonly kind: string;
  readonly json: Json;
  readonly config: Json;
  readonly vocabSize: number;
  readonly padId: number;
  readonly eosId: number | null;
  /** For the truncated encoding. */
  readonly maxLength: number;
  /** A text, its ids, and its ids truncated. */
  readonly encoded: readonly (readonly [string, number[], number[]])[];
  /** Ids, their text, and their text without special tokens. */
  readonly decoded: readonly (readonly [number[], string, string])[];
}

const UNIGRAM: Case = {
  kind: "a unigram model of words, as T5's",
  json: {
    added_tokens: special({
      "<pad>": 0,
      "</s>": 1,
      "<unk>": 2,
      "<extra_id_1>": 16,
      "<extra_id_0>": 17,
    }),
    normalizer: { type: "NFKC" },
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [
        { type: "WhitespaceSplit" },
        { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true },
      ],
    },
    post_processor: template({}, { "</s>": 1 }),
    decoder: { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true },
    model: {
      type: "Unigram",
      unk_id: 2,
      byte_fallback: false,
      vocab: [
        ["<pad>", 0],
        ["</s>", 0],
        ["<unk>", 0],
        ["▁", -2],
        ["▁the", -3],
        ["▁qu", -4],
        ["ick", -4.5],
        ["t", -5],
        ["h", -5.1],
        ["e", -5.2],
        ["é", -6],
        ["日本", -6.5],
        ["▁日", -6.6],
        ["s", -4.9],
        ["1", -5.5],
        ["2", -5.6],
      ],
    },
  },
  config: { eos_token: "</s>", pad_token: "<pad>", unk_token: "<unk>" },
  vocabSize: 18,
  padId: 0,
  eosId: 1,
  maxLength: 3,
  encoded: [
    ["", [1], [1]],
    [" ", [1], [1]],
    ["the quick", [4, 5, 6, 1], [4, 5, 1]],
    [" the  quick\n", [4, 5, 6, 1], [4, 5, 1]],
    ["\ufb01the e\u0301", [3, 2, 7, 8, 9, 3, 10, 1], [3, 2, 1]],
    ["日本 語 ☃☃ ☃", [3, 11, 3, 2, 3, 2, 3, 2, 1], [3, 11, 1]],
    ["the <extra_id_0>quick</s> 12", [4, 17, 5, 6, 1, 3, 14, 15, 1], [4, 17, 1]],
    ["😀the", [3, 2, 7, 8, 9, 1], [3, 2, 1]],
  ],
  decoded: [
    [[], "", ""],
    [[4, 5, 6, 1, 0, 0], "the quick</s><pad><pad>", "the quick"],
    [[16, 4, 2, 17, 1], "<extra_id_1> the<unk><extra_id_0></s>", "the"],
    [[3, 3, 13, 99], " s", " s"],
  ],
};

const BYTE_LEVEL: Case = {
  kind: "a byte-level BPE model, as Qwen's",
  json: {
    added_tokens: special({ "<|endoftext|>": 0, "<|im_start|>": 1, "<|im_end|>": 2 }),
    normalizer: { type: "NFC" },
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [
        {
          type: "Split",
          pattern: {
            Regex: "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}|" +
              " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
          },
          behavior: "Isolated",
          invert: false,
        },
        { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false },
      ],
    },
    post_processor: {
      type: "ByteLevel",
      add_prefix_space: true,
      trim_offsets: false,
      use_regex: true,
    },
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: "BPE",
      unk_token: null,
      byte_fallback: false,
      vocab: ids(
        "<|endoftext|> <|im_start|> <|im_end|> ' 1 2 3 4 D N O T d e h l n o r t w " +
          "¥ © Â Ã Ì ã æ ð ĉ Ċ Ġ Ģ ģ Ĺ ĺ Ł ł el hel lo hello 't do ld or wor Ġhello Ġdo",
      ),
      merges: "e l,h el,l o,hel lo,' t,d o,l d,o r,w or,Ġ hello,Ġ do".split(","),
    },
  },
  config: {
    eos_token: { __type: "AddedToken", content: "<|im_end|>" },
    pad_token: "<|endoftext|>",
    clean_up_tokenization_spaces: true,
  },
  vocabSize: 49,
  padId: 0,
  eosId: 2,
  maxLength: 2,
  encoded: [
    ["", [], []],
    ["hello world", [41, 31, 46, 44], [41, 31]],
    ["  hello\n\n world ", [31, 47, 30, 30, 31, 46, 44, 31], [31, 47]],
    ["don't DON'T 1234", [43, 16, 42, 31, 8, 10, 9, 3, 11, 31, 4, 5, 6, 7], [43, 16]],
    ["é日😀", [24, 22, 27, 34, 21, 28, 36, 35, 32], [24, 22]],
    ["<|im_start|>hello<|im_end|>\t", [1, 41, 2, 29], [1, 41]],
    ["e\u0301", [24, 22], [24, 22]],
    ["\u00a0 \u3000", [23, 37, 31, 26, 32, 32], [23, 37]],
  ],
  decoded: [
    [[1, 43, 16, 42, 31, 31, 28, 36, 35, 32], "<|im_start|>don't  😀", "don't  😀"],
    [[41, 31, 31, 46, 44, 2], "hello  world<|im_end|>", "hello  world"],
    [[28, 36, 35], "\ufffd", "\ufffd"],
    [[1, 54, 2], "<|im_start|><|im_end|>", ""],
  ],
};

const BYTE_FALLBACK: Case = {
  kind: "a BPE model with bytes to fall back on, as Llama 2's",
  json: {
    added_tokens: special({ "<unk>": 0, "<s>": 1, "</s>": 2 }),
    normalizer: {
      type: "Sequence",
      normalizers: [
        { type: "Prepend", prepend: "▁" },
        { type: "Replace", pattern: { String: " " }, content: "▁" },
      ],
    },
    pre_tokenizer: null,
    post_processor: template({ "<s>": 1 }, {}),
    decoder: {
      type: "Sequence",
      decoders: [
        { type: "Replace", pattern: { String: "▁" }, content: " " },
        { type: "ByteFallback" },
        { type: "Fuse" },
        { type: "Strip", content: " ", start: 1, stop: 0 },
      ],
    },
    model: {
      type: "BPE",
      unk_token: "<unk>",
      fuse_unk: true,
      byte_fallback: true,
      vocab: ids(
        "<unk> <s> </s> <0xE6> <0x97> <0xA5> <0x0A> ▁ h e l o ▁h el lo ▁hel ▁hello",
      ),
      merges: "▁ h,e l,l o,▁h el,▁hel lo".split(","),
    },
  },
  config: { eos_token: "</s>", bos_token: "<s>", unk_token: "<unk>", padding_side: "left" },
  vocabSize: 17,
  padId: 2, // Python has none, and refuses to pad
  eosId: 2,
  maxLength: 3,
  encoded: [
    ["", [1], [1]],
    ["hello hello", [1, 16, 16], [1, 16, 16]],
    ["日\n", [1, 7, 3, 4, 5, 6], [1, 7, 3]],
    ["é hello</s> he", [1, 7, 0, 16, 2, 7, 12, 9], [1, 7, 0]],
    [" hello", [1, 7, 16], [1, 7, 16]],
  ],
  decoded: [
    [[1, 16, 16, 2], "<s> hello hello</s>", "hello hello"],
    [[3, 4, 5, 16], "日 hello", "日 hello"],
    [[7, 7, 16, 0], "  hello<unk>", "  hello"],
  ],
};

const WORD_PIECE: Case = {
  kind: "a WordPiece model, as BERT's",
  json: {
    added_tokens: special({ "[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3 }),
    normalizer: {
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: template({ "[CLS]": 2 }, { "[SEP]": 3 }),
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: {
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab: ids("[PAD] [UNK] [CLS] [SEP] the quick ##ly ##s , don ' t cafe 日 ! a"),
    },
  },
  config: {
    pad_token: "[PAD]",
    unk_token: "[UNK]",
    cls_token: "[CLS]",
    sep_token: "[SEP]",
    clean_up_tokenization_spaces: true,
  },
  vocabSize: 16,
  padId: 0,
  eosId: null,
  maxLength: 4,
  encoded: [
    ["", [2, 3], [2, 3]],
    ["The quickly, THES!", [2, 4, 5, 6, 8, 4, 7, 14, 3], [2, 4, 5, 3]],
    ["Café don't 日日", [2, 12, 9, 10, 11, 13, 13, 3], [2, 12, 9, 3]],
    ["zzz the[SEP]a", [2, 1, 4, 3, 15, 3], [2, 1, 4, 3]],
  ],
  decoded: [
    [
      [2, 4, 5, 6, 8, 9, 10, 11, 14, 3, 0],
      "[CLS] the quickly, don't! [SEP] [PAD]",
      "the quickly, don't!",
    ],
    [[12, 1, 13], "cafe [UNK] 日", "cafe 日"],
  ],
};

for (const one of [UNIGRAM, BYTE_LEVEL, BYTE_FALLBACK, WORD_PIECE]) {
  const files = { "tokenizer.json": one.json, "tokenizer_config.json": one.config };
  Deno.test(`AutoTokenizer.fromPretrained() agrees with Python on ${one.kind}`, async () => {
    await withTokenizer(files, (tokenizer) => {
      const { vocabSize, padId, eosId } = tokenizer;
      assert.deepEqual([vocabSize, padId, eosId], [one.vocabSize, one.padId, one.eosId]);
      for (const [text, ids, truncated] of one.encoded) {
        assert.deepEqual(tokenizer.encode(text), ids, text);
        assert.deepEqual(tokenizer.encode(text, { maxLength: one.maxLength }), truncated, text);
      }
      for (const [ids, text, plain] of one.decoded) {
        assert.equal(tokenizer.decode(ids), text);
        assert.equal(tokenizer.decode(ids, { skipSpecialTokens: true }), plain);
      }
    });
  });
}

Deno.test("encode() leaves special tokens out when told to, and checks the length", async () => {
  const { json, config } = WORD_PIECE;
  await withTokenizer({ "tokenizer.json": json, "tokenizer_config.json": config }, (tokenizer) => {
    assert.deepEqual(tokenizer.encode("the a", { addSpecialTokens: false }), [4, 15]);
    assert.deepEqual(tokenizer.encode("the a", { addSpecialTokens: false, maxLength: 1 }), [4]);
    assert.deepEqual(tokenizer.encode("the a", { maxLength: 2 }), [2, 3]);
    for (const maxLength of [1, 0, -1, 2.5, NaN]) {
      assert.throws(() => tokenizer.encode("the a", { maxLength }), {
        name: "RangeError",
        message: `Cannot encode as maxLength must be an integer of at least 2, ` +
          `with room for 2 special tokens: found ${maxLength}`,
      });
    }
    assert.throws(() => tokenizer.encode("a\ud800"), /RangeError: .*half of a surrogate pair/);
    for (const id of [-1, 1.5, NaN]) {
      assert.throws(() => tokenizer.decode([4, id]), {
        name: "RangeError",
        message: `Cannot decode id ${id} as ids must be integers of at least 0`,
      });
    }
  });
});

Deno.test("encodeBatch() pads where the configuration says, and truncates", async () => {
  const { json, config } = BYTE_FALLBACK;
  await withTokenizer({ "tokenizer.json": json, "tokenizer_config.json": config }, (tokenizer) => {
    const texts = ["hello hello hello", "hello"];
    assert.deepEqual(tokenizer.encodeBatch(texts, { maxLength: 3 }), {
      inputIds: [[1, 16, 16], [2, 1, 16]],
      attentionMask: [[1, 1, 1], [0, 1, 1]],
    });
    assert.deepEqual(tokenizer.encodeBatch(texts, { padSide: "right" }), {
      inputIds: [[1, 16, 16, 16], [1, 16, 2, 2]],
      attentionMask: [[1, 1, 1, 1], [1, 1, 0, 0]],
    });
    assert.deepEqual(tokenizer.encodeBatch([]), { inputIds: [], attentionMask: [] });
  });
});

Deno.test("T1 add_bos_token and add_eos_token change nothing beside a tokenizer.json", async () => {
  const { json, config } = BYTE_FALLBACK;
  for (
    const asked of [
      { add_bos_token: true, add_eos_token: true },
      { add_bos_token: false, add_eos_token: true },
      { add_bos_token: false },
    ]
  ) {
    const files = { "tokenizer.json": json, "tokenizer_config.json": { ...config, ...asked } };
    await withTokenizer(files, (tokenizer) => {
      assert.deepEqual(tokenizer.encode("hello"), [1, 16]);
    });
  }
});

Deno.test("AutoTokenizer.fromPretrained() prefers special_tokens_map.json as Python does", async () => {
  const files = {
    "tokenizer.json": UNIGRAM.json,
    "tokenizer_config.json": { eos_token: "</s>" },
    "special_tokens_map.json": { eos_token: "<unk>", pad_token: { content: "<pad>" } },
  };
  await withTokenizer(files, ({ padId, eosId }) => assert.deepEqual([padId, eosId], [0, 2]));
  await withTokenizer(
    { ...files, "tokenizer_config.json": { eos_token: "</s>", added_tokens_decoder: {} } },
    ({ padId, eosId }) => assert.deepEqual([padId, eosId], [1, 1]),
  );
  await withTokenizer(
    { "tokenizer.json": UNIGRAM.json },
    ({ padId, eosId }) => assert.deepEqual([padId, eosId], [0, null]),
  );
});

Deno.test("AutoTokenizer.fromPretrained() adds a special token that is not in the vocabulary", async () => {
  const files = { "tokenizer.json": UNIGRAM.json, "tokenizer_config.json": { pad_token: "<PAD>" } };
  await withTokenizer(files, (tokenizer) => {
    assert.deepEqual([tokenizer.padId, tokenizer.vocabSize], [18, 19]);
    assert.deepEqual(tokenizer.encode("the<PAD>"), [4, 18, 1]);
  });
});

Deno.test("AutoTokenizer.fromPretrained() takes bytes where the folder is ByT5's", async () => {
  const isBytes = ({ vocabSize, encode }: Tokenizer) => {
    assert.equal(vocabSize, 384);
    assert.equal(typeof encode, "function");
  };
  const config = { tokenizer_class: "ByT5Tokenizer" };
  await withTokenizer({ "tokenizer_config.json": config }, isBytes);
  await withTokenizer(
    { "tokenizer_config.json": config, "tokenizer.json": UNIGRAM.json },
    isBytes,
  );
  await withTokenizer({ "config.json": { vocab_size: 384 } }, isBytes);
  await withTokenizer(
    { "config.json": { vocab_size: 384 }, "tokenizer.json": UNIGRAM.json },
    ({ vocabSize }) => assert.equal(vocabSize, 18),
  );
  const saved = { "0": { content: "<pad>" }, "259": { content: "<extra_id_0>" } };
  await withTokenizer(
    { "tokenizer_config.json": { ...config, added_tokens_decoder: saved } },
    isBytes,
  );
  for (const moved of [{ "383": { content: "<extra_id_0>" } }, { "384": { content: "<new>" } }]) {
    await assert.rejects(
      withTokenizer(
        { "tokenizer_config.json": { ...config, added_tokens_decoder: moved } },
        isBytes,
      ),
      /SyntaxError: .* ByT5's ids are fixed: found "<(extra_id_0|new)>" as id 38[34]/,
    );
  }
});

Deno.test("AutoTokenizer.fromPretrained() refuses what it cannot understand", async () => {
  const no = () => assert.fail("there is no tokenizer");
  await assert.rejects(withTokenizer({}, no), /NotFound: .* has no tokenizer\.json; make one with/);
  await assert.rejects(
    withTokenizer({ "config.json": { vocab_size: 32128 } }, no),
    Deno.errors.NotFound,
  );
  const wrong: [Record<string, Json | string>, RegExp][] = [
    [{ "tokenizer.json": "{" }, /tokenizer\.json" as it must hold one JSON object/],
    [{ "tokenizer.json": "[]" }, /tokenizer\.json" as it must hold one JSON object/],
    [{ "tokenizer_config.json": "null" }, /tokenizer_config\.json" as it must hold one JSON/],
    [{ "tokenizer.json": {} }, /its tokenizer\.json cannot be used: /],
    [
      { "tokenizer.json": { ...UNIGRAM.json, model: { type: "Magic", vocab: {} } } },
      /its tokenizer\.json cannot be used: model Magic is not supported/,
    ],
    [
      { "tokenizer.json": { ...UNIGRAM.json, pre_tokenizer: { type: "UnicodeScripts" } } },
      /pre_tokenizer UnicodeScripts is not supported/,
    ],
    [
      {
        "tokenizer.json": {
          ...BYTE_FALLBACK.json,
          model: { ...BYTE_FALLBACK.json.model as Json, dropout: 0.1 },
        },
      },
      /BPE\.dropout is not supported: found 0\.1/,
    ],
    [
      {
        "tokenizer.json": UNIGRAM.json,
        "tokenizer_config.json": { tokenizer_class: "BertTokenizerFast" },
      },
      /tokenizer_class "BertTokenizerFast" is not supported/,
    ],
    [
      {
        "tokenizer.json": UNIGRAM.json,
        "tokenizer_config.json": { auto_map: { AutoTokenizer: ["a.B", null] } },
      },
      /auto_map names code of its own/,
    ],
    [
      { "tokenizer.json": UNIGRAM.json, "tokenizer_config.json": { fix_mistral_regex: true } },
      /fix_mistral_regex is not supported/,
    ],
    [
      {
        "tokenizer.json": UNIGRAM.json,
        "tokenizer_config.json": { fast_tokenizer_files: ["tokenizer.4.0.0.json"] },
      },
      /fast_tokenizer_files is not supported/,
    ],
    [
      { "tokenizer.json": UNIGRAM.json, "tokenizer_config.json": { pad_token: 0 } },
      /its tokenizer\.json cannot be used: pad_token must be a text or an AddedToken/,
    ],
    [
      { "tokenizer.json": UNIGRAM.json, "tokenizer_config.json": { padding_side: "both" } },
      /padding_side must be "left" or "right": found "both"/,
    ],
  ];
  for (const [files, message] of wrong) {
    await assert.rejects(withTokenizer(files, no), (error) => {
      assert.ok(error instanceof SyntaxError, String(error));
      assert.match(error.message, message);
      return true;
    });
  }
  await assert.rejects(AutoTokenizer.fromPretrained("./no-such-folder"), HubError);
});
