import assert from "node:assert/strict";
import fc from "fast-check";
import { parseT5Config } from "./config.ts";

Deno.test("parseT5Config() takes T5Config's defaults", () => {
  assert.deepEqual(parseT5Config({}), {
    modelType: "t5",
    vocabSize: 32128,
    dModel: 512,
    dKv: 64,
    dFf: 2048,
    numLayers: 6,
    numDecoderLayers: 6,
    numHeads: 8,
    numBuckets: 32,
    maxDistance: 128,
    dropoutRate: 0.1,
    layerNormEpsilon: 1e-6,
    initializerFactor: 1,
    act: "relu",
    gated: false,
    scaleDecoderOutputs: true,
    positions: null,
    generationIds: { pad: 0, eos: [1], decoderStart: 0 },
  });
});

Deno.test("parseT5Config() reads the published configurations", () => {
  const large = parseT5Config({ // google/t5-v1_1-large and the LM-adapted of its size
    architectures: ["T5ForConditionalGeneration"],
    d_ff: 2816,
    d_kv: 64,
    d_model: 1024,
    decoder_start_token_id: 0,
    dropout_rate: 0.1,
    eos_token_id: 1,
    feed_forward_proj: "gated-gelu",
    initializer_factor: 1.0,
    is_encoder_decoder: true,
    layer_norm_epsilon: 1e-6,
    model_type: "t5",
    num_decoder_layers: 24,
    num_heads: 16,
    num_layers: 24,
    output_past: true,
    pad_token_id: 0,
    relative_attention_num_buckets: 32,
    tie_word_embeddings: false,
    vocab_size: 32128,
  });
  assert.deepEqual(
    [large.dModel, large.dFf, large.numHeads, large.numDecoderLayers],
    [1024, 2816, 16, 24],
  );
  assert.deepEqual(
    [large.act, large.gated, large.scaleDecoderOutputs],
    ["gelu_new", true, false],
  );
});

Deno.test("parseT5Config() lets a decoder differ in depth and starts it with the pad token", () => {
  const config = parseT5Config({ num_layers: 3, num_decoder_layers: null, pad_token_id: 5 });
  assert.equal(config.numDecoderLayers, 3);
  assert.equal(config.generationIds.decoderStart, 5);
  assert.equal(parseT5Config({ num_layers: 3, num_decoder_layers: 2 }).numDecoderLayers, 2);
});

Deno.test("parseT5Config() reads activation, gate and scale as transformers 5.17 does", () => {
  // printed by T5Config.from_dict: scale_decoder_outputs, dense_act_fn, is_gated_act
  const expected: [Record<string, unknown>, [boolean, string, boolean]][] = [
    [{ tie_word_embeddings: false }, [false, "relu", false]],
    [{ tie_word_embeddings: false, scale_decoder_outputs: true }, [true, "relu", false]],
    [{ tie_word_embeddings: true, scale_decoder_outputs: false }, [false, "relu", false]],
    [{ tie_word_embeddings: null }, [true, "relu", false]],
    [{ feed_forward_proj: "gated-silu" }, [true, "silu", true]],
    [{ feed_forward_proj: "gelu" }, [true, "gelu", false]],
    [{ dense_act_fn: "gelu_new", is_gated_act: true }, [true, "gelu_new", true]],
  ];
  for (const [raw, found] of expected) {
    const { scaleDecoderOutputs, act, gated } = parseT5Config(raw);
    assert.deepEqual([scaleDecoderOutputs, act, gated], found, JSON.stringify(raw));
  }
});

Deno.test("parseT5Config() reads one end, several or none, those outside the vocabulary left out", () => {
  const eos = (eos_token_id: unknown) =>
    parseT5Config({ vocab_size: 9, eos_token_id }).generationIds.eos;
  assert.deepEqual(eos(4), [4]);
  assert.deepEqual(eos([4, 7, 9]), [4, 7]);
  assert.deepEqual(eos(null), []);
});

Deno.test("parseT5Config() takes MT5Config's defaults, and never scales its outputs", () => {
  const { modelType, vocabSize, dFf, numDecoderLayers, numHeads, act, gated, scaleDecoderOutputs } =
    parseT5Config({ model_type: "mt5", tie_word_embeddings: true });
  assert.deepEqual(
    [modelType, vocabSize, dFf, numDecoderLayers, numHeads, act, gated, scaleDecoderOutputs],
    ["mt5", 250112, 1024, 8, 6, "gelu_new", true, false],
  );
});

Deno.test("parseT5Config() refuses what no T5 can be, naming field and value", () => {
  const refused: [Record<string, unknown>, string, RegExp][] = [
    [{ model_type: "umt5" }, "RangeError", /model_type must be one of t5, mt5: got "umt5"/],
    [{ d_model: "8" }, "TypeError", /d_model must be an integer: got "8"/],
    [{ d_model: 0 }, "RangeError", /d_model must be at least 1: got 0/],
    [{ num_layers: 1.5 }, "TypeError", /num_layers must be an integer/],
    [{ num_decoder_layers: -1 }, "RangeError", /num_decoder_layers/],
    [{ num_layers: 1e9 }, "RangeError", /num_layers must be in \[1, 10000\]/],
    [{ num_decoder_layers: 1e9 }, "RangeError", /num_decoder_layers must be in \[1, 10000\]/],
    [{ dropout_rate: 1.5 }, "RangeError", /dropout_rate must be in \[0, 1\]: got 1.5/],
    [{ tie_word_embeddings: "no" }, "TypeError", /tie_word_embeddings/],
    [{ feed_forward_proj: "a-b-c" }, "RangeError", /feed_forward_proj .* got "a-b-c"/],
    [{ feed_forward_proj: "gelu-gated" }, "RangeError", /feed_forward_proj/],
    [{ feed_forward_proj: "gated-glue" }, "RangeError", /activation "glue": known are/],
    [{ vocab_size: 5, pad_token_id: 5 }, "RangeError", /pad_token_id must be in \[0, 4\]/],
    [{ decoder_start_token_id: -1 }, "RangeError", /decoder_start_token_id/],
    [{ relative_attention_num_buckets: 3 }, "RangeError", /num_buckets must be at least 4/],
    [
      { relative_attention_num_buckets: 16, relative_attention_max_distance: 8 },
      "RangeError",
      /max_distance must be above half of .* 8 and 16/,
    ],
  ];
  for (const [raw, name, message] of refused) {
    assert.throws(() => parseT5Config(raw), { name, message }, JSON.stringify(raw));
  }
});

Deno.test("parseT5Config() answers anything with a T5 or an error of its own", () => {
  const keys = Object.keys({
    model_type: 0,
    vocab_size: 0,
    d_model: 0,
    num_decoder_layers: 0,
    relative_attention_max_distance: 0,
    dropout_rate: 0,
    feed_forward_proj: 0,
    is_gated_act: 0,
    eos_token_id: 0,
    pad_token_id: 0,
    scale_decoder_outputs: 0,
  });
  fc.assert(fc.property(fc.dictionary(fc.constantFrom(...keys), fc.jsonValue()), (raw) => {
    try {
      const { dModel, generationIds, vocabSize } = parseT5Config(raw);
      assert.ok(dModel >= 1 && generationIds.pad < vocabSize);
    } catch (error) {
      assert.match((error as Error).message, /^Cannot (read the configuration of|find activation)/);
    }
  }));
});
