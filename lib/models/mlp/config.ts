import { ConfigFields } from "../config_fields.ts";

/** The activations of {@linkcode MlpConfig}, with PyTorch's classes. */
export const MLP_ACTIVATIONS = { relu: "ReLU", gelu: "GELU", silu: "SiLU" } as const;

/** The losses of {@linkcode MlpConfig}. */
const MLP_LOSSES = ["cross_entropy", "mse"] as const;

/** Configuration of a multi-layer perceptron, checked. */
export interface MlpConfig {
  /** Features in, of each hidden layer, and out; one linear layer between neighbours. */
  readonly features: readonly number[];
  /** Activation function between two linear layers. */
  readonly activation: keyof typeof MLP_ACTIVATIONS;
  /** Loss between outputs and labels. */
  readonly loss: typeof MLP_LOSSES[number];
}

/**
 * Reads the configuration of a multi-layer perceptron: `in_features`, `hidden_features` (a list, which
 * may be empty), `out_features`, `activation` (relu, gelu or silu; relu when absent) and `loss`
 * (cross_entropy or mse; cross_entropy when absent).
 *
 * @throws {TypeError} when a field has a wrong type or a needed one is absent
 * @throws {RangeError} when a field is out of range
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const raw = { model_type: "mlp", in_features: 4, hidden_features: [8], out_features: 3 };
 * assert.deepEqual(parseMlpConfig(raw), {
 *   features: [4, 8, 3],
 *   activation: "relu",
 *   loss: "cross_entropy",
 * });
 * ```
 */
export function parseMlpConfig(raw: Readonly<Record<string, unknown>>): MlpConfig {
  const fields = new ConfigFields("mlp", raw);
  fields.choice("model_type", ["mlp"]);
  return {
    features: [
      fields.integer("in_features", { min: 1 }),
      ...fields.integers("hidden_features", 1),
      fields.integer("out_features", { min: 1 }),
    ],
    activation: fields.choice(
      "activation",
      Object.keys(MLP_ACTIVATIONS) as (keyof typeof MLP_ACTIVATIONS)[],
      "relu",
    ),
    loss: fields.choice("loss", MLP_LOSSES, "cross_entropy"),
  };
}
