import assert from "node:assert/strict";
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

const YARN = {
  rope_type: "yarn",
  rope_theta: 10000,
  beta_fast: 32,
  beta_slow: 1,
  truncate: true,
};
const LONGROPE = { rope_type: "longrope", short_factor: [1, 1.5, 2], long_factor: [2, 4, 8] };

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
    // What stands outside is moved in when the angles are computed.
    [{ original_max_position_embeddings: 16, rope_scaling: llama3 }, {
      ...llama3,
      rope_theta: 10000,
      original_max_position_embeddings: 16,
    }],
    [{ rope_scaling: { type: "dynamic", factor: 2 } }, {
      rope_type: "dynamic",
      rope_theta: 10000,
      factor: 2,
      max_position_embeddings: 64,
    }],
    // attention_factor is 0.1 · ln(factor) + 1, or a ratio of two such numbers.
    [{ rope_scaling: { type: "yarn", factor: 4 } }, {
      ...YARN,
      factor: 4,
      attention_factor: 0.1 * Math.log(4) + 1,
      original_max_position_embeddings: 64,
    }],
    [
      {
        rope_scaling: {
          type: "yarn",
          original_max_position_embeddings: 8,
          mscale: 0.5,
          mscale_all_dim: 2,
          beta_fast: 0,
          beta_slow: 3,
          truncate: false,
        },
      },
      {
        ...YARN,
        factor: 8,
        attention_factor: (0.05 * Math.log(8) + 1) / (0.2 * Math.log(8) + 1),
        beta_slow: 3,
        truncate: false,
        original_max_position_embeddings: 8,
      },
    ],
    [{ rope_scaling: { ...LONGROPE, original_max_position_embeddings: 16 } }, {
      ...LONGROPE,
      rope_theta: 10000,
      attention_factor: Math.sqrt(1.5), // √(1 + ln 4 / ln 16)
      original_max_position_embeddings: 16,
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

Deno.test("parseLlamaConfig() gives Gemma 3 two rotary embeddings, as both versions write them", () => {
  const both = (fields: object) => {
    const { rope, localRope } = parseLlamaConfig({
      ...SMALL,
      model_type: "gemma3_text",
      ...fields,
    });
    return [rope, localRope];
  };
  const far = { rope_type: "linear", rope_theta: 300, factor: 8 };
  const near = { rope_type: "default", rope_theta: 20 };
  const scaling = { rope_type: "linear", factor: 8 };
  assert.deepEqual(
    both({ rope_theta: 300, rope_local_base_freq: 20, rope_scaling: scaling }),
    [far, near],
  );
  const parameters = { full_attention: far, sliding_attention: near };
  assert.deepEqual(both({ rope_parameters: parameters }), [far, near]);
  assert.deepEqual(both({ rope_parameters: { full_attention: far } }), [
    far,
    { rope_type: "default", rope_theta: 10000 },
  ]);
});

Deno.test("parseLlamaConfig() turns a part of each head of a Phi-3", () => {
  const read = (fields: object) =>
    parseLlamaConfig({ ...SMALL, model_type: "phi3", pad_token_id: 0, ...fields });
  assert.equal(read({ partial_rotary_factor: 0.75 }).rotaryDim, 4); // of 6
  const { rope } = read({
    partial_rotary_factor: 0.75,
    rope_scaling: { type: "longrope", short_factor: [1, 2], long_factor: [3, 4] },
  });
  // transformers 5.17 gives original_max_position_embeddings 4096 where a Phi-3 has none.
  assert.deepEqual(rope, {
    rope_type: "longrope",
    rope_theta: 10000,
    short_factor: [1, 2],
    long_factor: [3, 4],
    attention_factor: 1,
    original_max_position_embeddings: 4096,
  });
});
