import assert from "node:assert/strict";
import fc from "fast-check";
import { parseLlamaConfig } from "./config.ts";
import { LLAMA_TYPES } from "./family.ts";

const LONGROPE = { rope_type: "longrope", short_factor: [1, 1.5, 2], long_factor: [2, 4, 8] };

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
    localRope: null,
    rotaryDim: 128,
    attentionScale: 1 / Math.sqrt(128),
    caps: { attention: null, logits: null },
    residualDropout: 0,
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
  assert.deepEqual(parseLlamaConfig({ model_type: "qwen3" }), {
    ...parseLlamaConfig({ model_type: "qwen2" }),
    modelType: "qwen3",
    bias: none,
  });
  const gemma2 = {
    ...shared,
    modelType: "gemma2",
    vocabSize: 256000,
    hiddenSize: 2304,
    intermediateSize: 9216,
    numLayers: 26,
    numHeads: 8,
    numKeyValueHeads: 4,
    headDim: 256,
    rotaryDim: 256,
    attentionScale: 1 / 16,
    hiddenAct: "gelu_pytorch_tanh",
    positions: 8192,
    windows: Array.from({ length: 26 }, (_, i) => i % 2 === 0 ? 4096 : null),
    caps: { attention: 50, logits: 30 },
    bias: none,
    tieWordEmbeddings: true,
    padTokenId: 0,
    generationIds: { pad: 0, eos: [1], decoderStart: null },
  };
  assert.deepEqual(parseLlamaConfig({ model_type: "gemma2" }), gemma2);
  assert.deepEqual(parseLlamaConfig({ model_type: "gemma3_text" }), {
    ...gemma2,
    modelType: "gemma3_text",
    vocabSize: 262208,
    positions: 131072,
    rope: { rope_type: "default", rope_theta: 1e6 },
    localRope: { rope_type: "default", rope_theta: 1e4 },
    windows: Array.from({ length: 26 }, (_, i) => i % 6 === 5 ? null : 4096),
    caps: { attention: null, logits: null },
  });
  assert.deepEqual(parseLlamaConfig({ model_type: "phi3" }), {
    ...shared,
    modelType: "phi3",
    vocabSize: 32064,
    hiddenSize: 3072,
    intermediateSize: 8192,
    numKeyValueHeads: 32,
    headDim: 96,
    rotaryDim: 96,
    attentionScale: 1 / Math.sqrt(96),
    rmsNormEps: 1e-5,
    positions: 4096,
    windows: layers(null),
    bias: none,
    padTokenId: 32000,
    generationIds: { pad: 32000, eos: [32000], decoderStart: null },
  });
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
  const gemma = { model_type: "gemma3_text", sliding_window: 5 };
  assert.deepEqual(windows({ ...gemma, model_type: "gemma2" }), [5, null, 5]);
  assert.deepEqual(windows({ ...gemma, sliding_window_pattern: 3 }), [5, 5, null]);
  assert.deepEqual(windows({ ...gemma, layer_types: kinds }), [5, null, 5]);
  assert.deepEqual(windows({ model_type: "phi3", pad_token_id: 0 }), [null, null, null]);
  assert.deepEqual(windows({ model_type: "phi3", pad_token_id: 0, sliding_window: 5 }), [5, 5, 5]);
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
      /model_type must be one of llama, mistral, .*phi3: got "t5"/,
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
      { rope_parameters: { rope_type: "proportional", factor: 4 } },
      "RangeError",
      /rope_parameters.rope_type must be one of default, linear, .*llama3: got "proportional"/,
    ],
    [
      { model_type: "phi3", pad_token_id: 0, rope_scaling: { type: "su", factor: 4 } },
      "RangeError",
      /rope_scaling.type must be one of default, longrope: got "su"/,
    ],
    [
      { model_type: "gemma3_text", rope_scaling: { rope_type: "yarn", factor: 4 } },
      "RangeError",
      /rope_scaling.rope_type must be one of default, linear: got "yarn"/,
    ],
    [
      { rope_scaling: { ...LONGROPE, long_factor: [1, 2] } },
      "RangeError",
      /long_factor must be a list of 3 numbers above 0/,
    ],
    [
      { head_dim: 2, rope_scaling: { type: "dynamic", factor: 4 } },
      "RangeError",
      /head_dim must be above 2 with rope_type "dynamic"/,
    ],
    [
      { rope_theta: 1, rope_scaling: { type: "yarn", factor: 4 } },
      "RangeError",
      /rope_theta must be above 1 with rope_type "yarn"/,
    ],
    [
      { model_type: "phi3", pad_token_id: 0, partial_rotary_factor: 0.5 },
      "RangeError",
      /an even number of the 6 features of a head .*: it is 0.5/,
    ],
    [
      { model_type: "gemma2", use_bidirectional_attention: true },
      "RangeError",
      /use_bidirectional_attention is not supported/,
    ],
    [
      { model_type: "gemma3_text", attn_logit_softcapping: 50 },
      "RangeError",
      /attn_logit_softcapping must be null, as transformers passes over it: got 50/,
    ],
    [
      { model_type: "gemma2", final_logit_softcapping: 0 },
      "RangeError",
      /final_logit_softcapping must be above 0, or null for none: got 0/,
    ],
    [
      { model_type: "gemma2", sliding_window: null },
      "RangeError",
      /layer_types has sliding_attention, which needs a sliding_window: it is null/,
    ],
    [
      { model_type: "phi3", pad_token_id: undefined },
      "RangeError",
      /pad_token_id must be in \[-1, 28\]: it is absent/,
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
    "sliding_window_pattern",
    "attn_logit_softcapping",
    "original_max_position_embeddings",
    "__proto__",
  ];
  const hostile = fc.dictionary(fc.constantFrom(...names), fc.jsonValue(), { maxKeys: 3 });
  fc.assert(fc.property(fc.constantFrom(...LLAMA_TYPES), hostile, (type, fields) => {
    try {
      const config = parseLlamaConfig({ ...SMALL, pad_token_id: 0, model_type: type, ...fields });
      assert.equal(config.windows.length, config.numLayers);
      assert.ok(config.headDim % 2 === 0 && config.rotaryDim <= config.headDim);
    } catch (error) {
      assert.ok(error instanceof TypeError || error instanceof RangeError, `${error}`);
      assert.match(error.message, /^Cannot (read the configuration|find activation)/);
    }
  }));
});
