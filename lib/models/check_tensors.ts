import * as tf from "../tf.ts";

/** What is checked of a tensor, which may still be in its file. */
export interface Shaped {
  /** Its sizes. */
  readonly shape: readonly number[];
  /** The type of its numbers: `float32` or `int32`. */
  readonly dtype: string;
}

/**
 * Compares tensors with the parameters a model has, before any of them is used.
 *
 * @param model the class for the message
 * @param shapes every parameter's shape by its name
 * @param tensors what was read
 * @throws {RangeError} when some are missing, unexpected or of another shape; it lists all of them
 * @throws {TypeError} when some are not float32
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.throws(() => checkTensors("Mlp", new Map([["layers.0.weight", [3, 2]]]), new Map()), {
 *   message: "Cannot make a Mlp of these tensors: missing are layers.0.weight",
 * });
 * ```
 */
export function checkTensors(
  model: string,
  shapes: ReadonlyMap<string, readonly number[]>,
  tensors: ReadonlyMap<string, Shaped>,
): void {
  const missing = [...shapes.keys()].filter((name) => !tensors.has(name));
  const unexpected = [...tensors.keys()].filter((name) => !shapes.has(name));
  const misshapen: string[] = [];
  const mistyped: string[] = [];
  for (const [name, shape] of shapes) {
    const tensor = tensors.get(name);
    if (tensor === undefined) continue;
    if (`${tensor.shape}` !== `${shape}`) {
      misshapen.push(`${name} is [${tensor.shape}] and must be [${shape}]`);
    }
    if (tensor.dtype !== "float32") mistyped.push(`${name} is ${tensor.dtype}`);
  }
  const faults = [
    missing.length > 0 ? [`missing are ${missing.join(", ")}`] : [],
    unexpected.length > 0 ? [`unexpected are ${unexpected.join(", ")}`] : [],
    misshapen,
  ].flat();
  if (faults.length > 0) {
    throw new RangeError(`Cannot make a ${model} of these tensors: ${faults.join("; ")}`);
  }
  if (mistyped.length > 0) {
    throw new TypeError(
      `Cannot make a ${model} of these tensors as weights must be float32: ${mistyped.join(", ")}`,
    );
  }
}

/**
 * Whether two tensors of one size, as read from a file, hold the same numbers: detects tied matrices
 * that a file stores twice.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../tf.ts";
 *
 * await tf.setBackend("cpu");
 * assert.ok(sameValues(tf.tensor1d([1, 2]), tf.tensor1d([1, 2])));
 * assert.ok(!sameValues(tf.tensor1d([1, 2]), tf.tensor1d([1, 3])));
 * ```
 */
export function sameValues(a: tf.Tensor, b: tf.Tensor): boolean {
  // WebAssembly copies what is read. Elsewhere it is still the file's own array, and on WebGPU a part of
  // it could not be read without waiting.
  const size = tf.getBackend() === "wasm" ? BLOCK : Math.max(1, a.size);
  for (let begin = 0; begin < a.size; begin += size) {
    const [one, other] = [block(a, begin, size), block(b, begin, size)];
    for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false;
  }
  return true;
}

/** How many values are compared at once where that copies them: embeddings have hundreds of millions. */
const BLOCK = 1 << 22;

function block(tensor: tf.Tensor, begin: number, most: number): Float32Array {
  const size = Math.min(most, tensor.size - begin);
  if (size === tensor.size) return tensor.dataSync<"float32">();
  return tf.tidy(() => tf.slice(tf.reshape(tensor, [-1]), [begin], [size]).dataSync<"float32">());
}
