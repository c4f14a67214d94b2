import * as tf from "../tf.ts";

type Activation = (x: tf.Tensor) => tf.Tensor;

const ACTIVATIONS: Readonly<Record<string, Activation>> = {
  relu: tf.relu,
  gelu,
  gelu_new: geluTanh,
  gelu_pytorch_tanh: geluTanh,
  silu: swish,
  swish,
  quick_gelu: (x) => tf.mul(x, tf.sigmoid(tf.mul(x, 1.702))),
};

/**
 * The activation function of a Hugging Face name, such as `relu`, `gelu_new` or `silu`; elementwise.
 *
 * Source: transformers activations.py, `ACT2FN`.
 *
 * @throws {RangeError} when there is none of that name
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../tf.ts";
 *
 * await tf.setBackend("cpu");
 * assert.deepEqual(activation("relu")(tf.tensor1d([-2, 3])).arraySync(), [0, 3]);
 * ```
 */
export function activation(name: string): <T extends tf.Tensor>(x: T) => T {
  if (!Object.hasOwn(ACTIVATIONS, name)) {
    throw new RangeError(
      `Cannot find activation "${name}": known are ${Object.keys(ACTIVATIONS).join(", ")}`,
    );
  }
  const apply = ACTIVATIONS[name]!;
  return (x) => tf.tidy(() => apply(x)) as typeof x;
}

/** x · Φ(x), with Φ the normal distribution function. */
function gelu(x: tf.Tensor): tf.Tensor {
  return tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1));
}

/** ½x · (1 + tanh(√(2/π) · (x + 0.044715 x³))). */
function geluTanh(x: tf.Tensor): tf.Tensor {
  const inner = tf.mul(
    tf.add(x, tf.mul(tf.mul(tf.square(x), x), 0.044715)),
    Math.sqrt(2 / Math.PI),
  );
  return tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(inner), 1));
}

function swish(x: tf.Tensor): tf.Tensor {
  return tf.mul(x, tf.sigmoid(x));
}
