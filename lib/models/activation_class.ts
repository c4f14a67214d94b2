/** PyTorch classes by the names that `activation` knows. */
const CLASSES: Readonly<Record<string, string>> = {
  relu: "ReLU",
  gelu: "GELUActivation",
  gelu_new: "NewGELUActivation",
  gelu_pytorch_tanh: "GELUTanh",
  silu: "SiLUActivation",
  swish: "SiLU",
  quick_gelu: "QuickGELUActivation",
};

/**
 * The class that an activation of this name has among a `transformers` model's modules.
 *
 * Source: transformers 5.17 activations.py, `ACT2FN`.
 *
 * @throws {RangeError} when there is none of that name
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(activationClass("silu"), "SiLUActivation");
 * ```
 */
export function activationClass(name: string): string {
  if (!Object.hasOwn(CLASSES, name)) {
    throw new RangeError(
      `Cannot name the class of activation "${name}": known are ${Object.keys(CLASSES).join(", ")}`,
    );
  }
  return CLASSES[name]!;
}
