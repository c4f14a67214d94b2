import assert from "node:assert/strict";
import { activation } from "../ops/activation.ts";
import { activationClass } from "./activation_class.ts";

// transformers 5.17: type(ACT2FN[name]).__name__
const CLASSES = {
  relu: "ReLU",
  gelu: "GELUActivation",
  gelu_new: "NewGELUActivation",
  gelu_pytorch_tanh: "GELUTanh",
  silu: "SiLUActivation",
  swish: "SiLU",
  quick_gelu: "QuickGELUActivation",
};

Deno.test("activationClass() knows every activation by transformers' class", () => {
  for (const [name, expected] of Object.entries(CLASSES)) {
    assert.equal(activationClass(name), expected);
    assert.equal(typeof activation(name), "function");
  }
  assert.throws(
    () => activation("mish"),
    (error: Error) => error.message.endsWith(`known are ${Object.keys(CLASSES).join(", ")}`),
  );
  assert.throws(() => activationClass("mish"), {
    name: "RangeError",
    message: /"mish": known are/,
  });
  assert.throws(() => activationClass("toString"), RangeError);
});
