import assert from "node:assert/strict";
import { parseMlpConfig } from "./config.ts";

const GOOD = { model_type: "mlp", in_features: 4, hidden_features: [6, 5], out_features: 3 };

Deno.test("parseMlpConfig() reads sizes, activation and loss", () => {
  assert.deepEqual(parseMlpConfig({ ...GOOD, activation: "gelu", loss: "mse" }), {
    features: [4, 6, 5, 3],
    activation: "gelu",
    loss: "mse",
  });
  assert.deepEqual(parseMlpConfig({ ...GOOD, hidden_features: [] }).features, [4, 3]);
});

Deno.test("parseMlpConfig() refuses with field and value", () => {
  const cases: [object, string, RegExp][] = [
    [{ model_type: "t5" }, "RangeError", /model_type must be one of mlp: got "t5"/],
    [{ in_features: undefined }, "TypeError", /in_features must be an integer: it is absent/],
    [{ out_features: 0 }, "RangeError", /out_features must be at least 1: got 0/],
    [{ hidden_features: 6 }, "TypeError", /hidden_features must be a list of integers: got 6/],
    [{ hidden_features: [6, 0] }, "RangeError", /hidden_features must be at least 1: got \[6,0\]/],
    [
      { activation: "tanh" },
      "RangeError",
      /activation must be one of relu, gelu, silu: got "tanh"/,
    ],
    [{ loss: "mae" }, "RangeError", /loss must be one of cross_entropy, mse: got "mae"/],
  ];
  for (const [fields, name, message] of cases) {
    assert.throws(() => parseMlpConfig({ ...GOOD, ...fields }), { name, message });
  }
});
