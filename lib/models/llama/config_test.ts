import assert from "node:assert/strict";
import fc from "fast-check";
import { parseLlamaConfig } from "./config.ts";

const SMALL = {
  model_type: "llama",
  vocab_size: 29,
  hidden_size: 24,
  intermediate_size: 20,
  num_hidden_layers: 3,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 64,
};

Deno.test("parseLlamaConfig() takes transformers' defaults of each type", () => {
  const shared = {
    hiddenSize: 4096,
    numLayers: 32,
    numHeads: 32,
    headDim: 128,
    hiddenAct: "silu",
    rmsNormEps: 1e-6,
    initializerRange: 0.02,
    attentionDropout: 0,
    rope: { rope_type: "default", rope_theta: 10000 },
    tieWordEmbeddings: false,
    padTokenId: null,
    positions: 2048,
  };
  const none = { qkv: false, o: false, mlp: false };
  const layers = <T>(value: T) => new Array<T>(32).fill(value);
  assert.deepEqual(parseLlamaConfig({ model_type: "llama" }), {
    ...shared,
    modelType: "llama",
    vocabSize: 32000,
    intermediateSize: 11008,
    numKeyValueHeads: 32,
    windows: layers(null),
    bias: none,
    generationIds: { pad: 2, eos: [2], decoderStart: null },
  });
  assert.deepEqual(parseLlamaConfig({ model_type: "mistral" }), {
    ...shared,
    modelType: "mistral",
    positions: 131072,
    vocabSize: 32000,
    intermediateSize: 14336,
    numKeyValueHeads: 8,
    windows: layers(4096),
    bias: none,
    generationIds: { pad: 2, eos: [2], decoderStart: null },
  });
  assert.deepEqual(parseLlamaConfig({ model_type: "qwen2" }), {
    ...shared,
    modelType: "qwen2",
    positions: 32768,
    vocabSize: 151936,
    intermediateSize: 22016,
    numKeyValueHeads: 32,
    windows: layers(null),
    bias: { qkv: true, o: false, mlp: false },
    generationIds: { pad: null, eos: [], decoderStart: null },
  });
});

Deno.test("parseLlamaConfig() reads the rotary embedding as transformers 5 and 4 write it", () => {
  const llama3 = { rope_type: "llama3", factor: 8, low_freq_factor: 1, high_freq_factor: 4 };
  // Each right side is transformers 5.17's LlamaConfig(**left).rope_parameters.
  const cases: [object, object][] = [
    [{}, { rope_type: "default", rope_theta: 10000 }],
    [{ rope_theta: 5000 }, { rope_type: "default", rope_theta: 5000 }],
    [{ rope_theta: 5000, rope_scaling: null }, { rope_type: "default", rope_theta: 5000 }],
    [{ rope_parameters: { rope_type: "default" } }, { rope_type: "default", rope_theta: 10000 }],
    [{ rope_parameters: { rope_theta: 3 } }, { rope_type: "default", rope_theta: 3 }],
    [{ rope_theta: 5000, rope_scaling: { type: "linear", factor: 2 } }, {
      rope_type: "linear",
      rope_theta: 5000,
      factor: 2,
    }],
    [{ rope_theta: 77, rope_parameters: { rope_type: "linear", factor: 2 } }, {
      rope_type: "linear",
      rope_theta: 77,
      factor: 2,
    }],
    [
      {
        rope_scaling: { rope_type: "linear", factor: 4 },
        rope_parameters: { rope_type: "default", rope_theta: 3 },
      },
      { rope_type: "linear", rope_theta: 10000, factor: 4 },
    ],
    [{ rope_theta: 500, rope_scaling: llama3 }, {
      ...llama3,
      rope_theta: 500,
      original_max_position_embeddings: 64,
    }],
    [{ rope_scaling: { ...llama3, original_max_position_embeddings: 32 } }, {
      ...llama3,
      rope_theta: 10000,
      original_max_position_embeddings: 32,
    }],
  ];
  for (const [fields, expected] of cases) {
    assert.deepEqual(
      parseLlamaConfig({ ...SMALL, ...fields }).rope,
      expected,
      JSON.stringify(fields),
    );
  }
});

Deno.test("parseLlamaConfig() gives each layer its window", () => {
  const windows = (fields: object) => parseLlamaConfig({ ...SMALL, ...fields }).windows;
  const qwen2 = { model_type: "qwen2", use_sliding_window: true, sliding_window: 5 };
  const kinds = ["sliding_attention", "full_attention", "sliding_attention"];
  assert.deepEqual(windows({ sliding_window: 5 }), [null, null, null]);
  assert.deepEqual(windows({ model_type: "mistral", sliding_window: 5 }), [5, 5, 5]);
  assert.deepEqual(windows({ model_type: "mistral", sliding_window: null }), [null, null, null]);
  assert.deepEqual(windows(qwen2), [null, null, null]); // max_window_layers is 28
  assert.deepEqual(windows({ ...qwen2, max_window_layers: 1 }), [null, 5, 5]);
  assert.deepEqual(windows({ ...qwen2, layer_types: kinds }), [5, null, 5]);
  assert.deepEqual(windows({ ...qwen2, max_window_layers: 0, use_sliding_window: false }), [
    null,
    null,
    null,
  ]);
});

Deno.test("parseLlamaConfig() reads heads, biases and ids", () => {
  const read = (fields: object) => parseLlamaConfig({ ...SMALL, ...fields });
  assert.equal(read({ head_dim: null }).headDim, 6);
  assert.equal(read({ head_dim: 10 }).headDim, 10);
  assert.equal(read({ num_key_value_heads: null }).numKeyValueHeads, 4);
  assert.equal(read({ model_type: "mistral", num_key_value_heads: null }).numKeyValueHeads, 4);
  assert.deepEqual(read({ attention_bias: true }).bias, { qkv: true, o: true, mlp: false });
  assert.deepEqual(read({ mlp_bias: true }).bias, { qkv: false, o: false, mlp: true });
  assert.deepEqual(read({ eos_token_id: [7, 9], pad_token_id: 4 }).generationIds, {
    pad: 4,
    eos: [7, 9],
    decoderStart: null,
  });
  assert.deepEqual(read({ eos_token_id: 7 }).generationIds, {
    pad: 7,
    eos: [7],
    decoderStart: null,
  });
  assert.deepEqual(read({ eos_token_id: null }).generationIds, {
    pad: null,
    eos: [],
    decoderStart: null,
  });
  assert.equal(read({ pad_token_id: -1 }).padTokenId, 28); // PyTorch counts from the end
  assert.equal(read({ pad_token_id: -1, eos_token_id: 7 }).generationIds.pad, 7);
});

Deno.test("parseLlamaConfig() refuses what it cannot compute, with field and value", () => {
  const llama3 = { rope_type: "llama3", factor: 8, low_freq_factor: 4, high_freq_factor: 4 };
  const cases: [object, string, RegExp][] = [
    [
      { model_type: "t5" },
      "RangeError",
      /model_type must be one of llama, mistral, qwen2: got "t5"/,
    ],
    [{ model_type: undefined }, "TypeError", /model_type must be a string: it is absent/],
    [{ hidden_size: "24" }, "TypeError", /"llama" as hidden_size must be an integer: got "24"/],
    [{ hidden_size: 0 }, "RangeError", /hidden_size must be at least 1: got 0/],
    [{ num_hidden_layers: 1.5 }, "TypeError", /num_hidden_layers must be an integer: got 1.5/],
    [{ num_attention_heads: 5 }, "RangeError", /must divide hidden_size: they are 5 and 24/],
    [{ num_key_value_heads: 3 }, "RangeError", /must divide num_attention_heads: they are 3 and 4/],
    [{ head_dim: 7 }, "RangeError", /head_dim must be even.*: it is 7/],
    [{ hidden_act: "mish" }, "RangeError", /"mish"/],
    [{ attention_dropout: 1.5 }, "RangeError", /attention_dropout must be in \[0, 1\]: got 1.5/],
    [
      { tie_word_embeddings: "yes" },
      "TypeError",
      /tie_word_embeddings must be true or false: got "yes"/,
    ],
    [{ pad_token_id: 29 }, "RangeError", /pad_token_id must be in \[-1, 28\]: got 29/],
    [{ eos_token_id: "</s>" }, "TypeError", /eos_token_id must be an id or a list of ids/],
    [{ rope_scaling: 2 }, "TypeError", /rope_scaling must be an object: got 2/],
    [
      { rope_parameters: { rope_type: "yarn", factor: 4 } },
      "RangeError",
      /rope_parameters.rope_type must be one of default, linear, llama3: got "yarn"/,
    ],
    [
      { rope_scaling: { type: "dynamic", factor: 4 } },
      "RangeError",
      /rope_scaling.type must be one of/,
    ],
    [
      { rope_scaling: { type: "linear" } },
      "TypeError",
      /rope_scaling.factor must be a number: it is absent/,
    ],
    [
      { rope_parameters: llama3 },
      "RangeError",
      /must be above low_freq_factor.*: they are 4 and 4/,
    ],
    [
      { partial_rotary_factor: 0.5 },
      "RangeError",
      /partial_rotary_factor is not supported: got 0.5/,
    ],
    [{ model_type: "qwen2", layer_types: ["full_attention"] }, "RangeError", /it names 1 of 3/],
    [
      { model_type: "qwen2", layer_types: new Array(3).fill("chunked_attention") },
      "RangeError",
      /got "chunked_attention"/,
    ],
    [
      { model_type: "qwen2", layer_types: new Array(3).fill("sliding_attention") },
      "RangeError",
      /needs use_sliding_window and sliding_window: they are false and 4096/,
    ],
    [
      { model_type: "mistral", sliding_window: 0 },
      "RangeError",
      /sliding_window must be at least 1/,
    ],
  ];
  for (const [fields, name, message] of cases) {
    assert.throws(() => parseLlamaConfig({ ...SMALL, ...fields }), { name, message });
  }
});

Deno.test("parseLlamaConfig() answers anything with a configuration or a typed error", () => {
  const names = [
    ...Object.keys(SMALL),
    "rope_parameters",
    "rope_scaling",
    "eos_token_id",
    "head_dim",
    "sliding_window",
    "layer_types",
    "hidden_act",
    "pad_token_id",
    "__proto__",
  ];
  const hostile = fc.dictionary(fc.constantFrom(...names), fc.jsonValue(), { maxKeys: 3 });
  fc.assert(fc.property(fc.constantFrom("llama", "mistral", "qwen2"), hostile, (type, fields) => {
    try {
      const config = parseLlamaConfig({ ...SMALL, model_type: type, ...fields });
      assert.equal(config.windows.length, config.numLayers);
      assert.ok(config.headDim % 2 === 0);
    } catch (error) {
      assert.ok(error instanceof TypeError || error instanceof RangeError, `${error}`);
      assert.match(error.message, /^Cannot (read the configuration|find activation)/);
    }
  }));
});
