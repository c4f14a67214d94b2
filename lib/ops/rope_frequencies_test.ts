import assert from "node:assert/strict";
import { inverseFrequencies, type RopeParameters, rotaryScale } from "./rope_frequencies.ts";

const SCALED = { rope_theta: 500, original_max_position_embeddings: 64 };
const YARN = { rope_type: "yarn", ...SCALED, factor: 4, beta_fast: 4, beta_slow: 1 } as const;

const ROPE: Record<string, RopeParameters> = {
  default: { rope_type: "default", rope_theta: 10000 },
  linear: { rope_type: "linear", rope_theta: 10000, factor: 2.5 },
  dynamic: { rope_type: "dynamic", rope_theta: 500, factor: 2.5, max_position_embeddings: 16 },
  yarn: { ...YARN, truncate: true, attention_factor: 1.138629436111989 },
  "yarn, not truncated": { ...YARN, truncate: false, attention_factor: 0.9295234923939468 },
  longrope: {
    rope_type: "longrope",
    ...SCALED,
    short_factor: [1, 1.1, 1.2, 1.3, 1.4, 1.5],
    long_factor: [1, 2, 3, 4, 5, 6.5],
    attention_factor: 1.1547005383792517,
  },
  llama3: { rope_type: "llama3", ...SCALED, factor: 8, low_freq_factor: 1, high_freq_factor: 4 },
};

// transformers 5.17.0, LlamaRotaryEmbedding(config).inv_freq with head_dim 12; for dynamic and longrope
// ROPE_INIT_FUNCTIONS with seq_len.
const EXPECTED: [type: string, positions: number, angles: number[]][] = [
  ["default", 9, [1.0, 0.215443447, 0.046415884, 0.00999999978, 0.00215443433, 0.000464158948]],
  ["linear", 9, [
    0.400000006,
    0.0861773789,
    0.0185663532,
    0.00399999972,
    0.000861773733,
    0.000185663579,
  ]],
  ["dynamic", 16, [1.0, 0.354953676, 0.125992104, 0.0447213612, 0.0158740096, 0.00563453929]],
  ["dynamic", 40, [1.0, 0.259915948, 0.0675562993, 0.0175589621, 0.00456385361, 0.00118621869]],
  ["yarn", 9, [1.0, 0.266215265, 0.0629960522, 0.0111803403, 0.00396850239, 0.00140863482]],
  ["yarn, not truncated", 9, [
    1.0,
    0.335547447,
    0.0485026687,
    0.0111803403,
    0.00396850239,
    0.00140863482,
  ]],
  ["longrope", 64, [1.0, 0.322685122, 0.10499341, 0.034401048, 0.0113385776, 0.00375635945]],
  ["longrope", 65, [1.0, 0.177476838, 0.0419973694, 0.0111803403, 0.00317480182, 0.000866852177]],
  ["llama3", 9, [1.0, 0.315150023, 0.026161287, 0.00559017016, 0.0019842512, 0.000704317412]],
];

for (const [type, positions, expected] of EXPECTED) {
  Deno.test(`inverseFrequencies() gives transformers' numbers for ${type}, ${positions} positions`, () => {
    const angles = inverseFrequencies(12, ROPE[type]!, positions);
    assert.equal(angles.length, expected.length);
    expected.forEach((angle, i) => {
      const error = Math.abs(angles[i]! - angle) / angle;
      assert.ok(error < 2.4e-7, `${type}[${i}]: ${angles[i]}, expected ${angle}`);
    });
  });
}

Deno.test("rotaryScale() is 1 but where a type has a factor for attention", () => {
  const scales = Object.values(ROPE).map(rotaryScale);
  assert.deepEqual(scales, [1, 1, 1, 1.138629436111989, 0.9295234923939468, 1.1547005383792517, 1]);
});

Deno.test("inverseFrequencies() refuses an odd head", () => {
  assert.throws(() => inverseFrequencies(7, ROPE.default!), {
    name: "RangeError",
    message: /head_dim must be a positive even number: got 7/,
  });
});

// torch 2.13: 1.0 / (10000 ** (torch.arange(0, 6, 2).float() / 6)) / 1.7
Deno.test("M7 inverseFrequencies() divides by the float32 of a linear factor", () => {
  const angles = inverseFrequencies(6, { rope_type: "linear", rope_theta: 10000, factor: 1.7 });
  const bits = [...new Uint32Array(angles.buffer)].map((word) => word.toString(16));
  assert.deepEqual(bits, ["3f169696", "3cdfab82", "3aa61c03"]);
});
