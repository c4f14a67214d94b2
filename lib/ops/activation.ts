/**
 * Activation functions by their Hugging Face names, and gated activations, which have a faster
 * kernel where x · σ(a polynomial of x) describes them.
 */
import * as tf from "../tf.ts";
import { differentiate, isFused, runKernel } from "./fused.ts";

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
 * The activation function of a Hugging Face name, such as `relu`, `gelu_new` or `silu`;
 * elementwise.
 *
 * Source: transformers activations.py, `ACT2FN`.
 *
 * @throws {RangeError} when no activation has that name
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
      `Cannot find activation "${name.slice(0, 100)}": known are ${
        Object.keys(ACTIVATIONS).join(", ")
      }`,
    );
  }
  const apply = ACTIVATIONS[name]!;
  return (x) => tf.tidy(() => apply(x)) as typeof x;
}

/**
 * A gated activation, act(x) · gate, elementwise.
 *
 * Source: GLU Variants Improve Transformer, arXiv:2002.05202.
 *
 * @param name name of the activation, one that {@linkcode activation} knows
 * @param gate same shape as `x`
 * @throws {RangeError} when no activation has that name
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../tf.ts";
 *
 * await tf.setBackend("cpu");
 * const y = gatedActivation("relu", tf.tensor1d([-2, 3]), tf.tensor1d([5, 7]));
 * assert.deepEqual([...y.dataSync()].map(Math.abs), [0, 21]);
 * ```
 */
export function gatedActivation<T extends tf.Tensor>(name: string, x: T, gate: T): T {
  const act = activation(name);
  const slope = LOGISTIC[name];
  if (slope !== undefined && isFused("Gate", x)) {
    return runKernel("Gate", { x, gate }, slope)[0] as T;
  }
  return tf.tidy(() => tf.mul(act(x), gate));
}

/**
 * Coefficients of activations x · σ(linear · x + cubic · x³); GELU's tanh is a σ of twice its
 * argument.
 */
const LOGISTIC: Readonly<Record<string, { readonly linear: number; readonly cubic: number }>> = {
  silu: { linear: 1, cubic: 0 },
  swish: { linear: 1, cubic: 0 },
  quick_gelu: { linear: 1.702, cubic: 0 },
  gelu_new: { linear: 2 * Math.sqrt(2 / Math.PI), cubic: 2 * Math.sqrt(2 / Math.PI) * 0.044715 },
  gelu_pytorch_tanh: {
    linear: 2 * Math.sqrt(2 / Math.PI),
    cubic: 2 * Math.sqrt(2 / Math.PI) * 0.044715,
  },
};

differentiate(
  "Gate",
  { by: ["GateGrad"], save: ["x", "gate"] },
  ({ dy, saved: [x, gate], attrs }) => {
    const [dx, dGate] = runKernel("GateGrad", { dy, x, gate }, attrs);
    return { x: () => dx, gate: () => dGate };
  },
);

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
