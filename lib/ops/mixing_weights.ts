/**
 * Turns the routing logits of tasks into mixing weights: relaxed Bernoulli samples or sigmoids,
 * optionally rounded, scaled to sum 1.
 */
import * as tf from "../tf.ts";
import { differentiate, isFused, runKernel, runKernelForOne } from "./fused.ts";
import { relaxedBernoulli } from "./relaxed_bernoulli.ts";

/** Options of {@linkcode mixingWeights}. */
export interface MixingWeightsOptions {
  /** Number of splits, H. */
  readonly nSplits: number;
  /**
   * Uniform numbers in [0, 1) to sample with, shape `[B, H, S]`; undefined for sigmoids without
   * noise.
   */
  readonly uniform?: tf.Tensor | undefined;
  /** Temperature of the relaxed Bernoulli distribution; above 0. */
  readonly temperature: number;
  /** Whether amounts are rounded to 0 or 1, while the gradient ignores the rounding. */
  readonly straightThrough: boolean;
}

/**
 * The mixing weights of each row: samples of the relaxed Bernoulli distribution, or sigmoids, of
 * the logits of the row's task, scaled to sum 1 in each split. Letters: `B` rows, `T` tasks, `H`
 * splits, `S` skills.
 *
 * Source: tuners/poly/router.py of PEFT, `PolyRouter.forward`
 *
 * @param logits routing logits Z, shape `[T, H·S]`, split-major
 * @param taskIds the task of each row, each in [0, T)
 * @returns shape `[B, H, S]`
 *
 * @example Logits of 0 give every skill the same weight
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../tf.ts";
 *
 * await tf.setBackend("cpu");
 * const options = { nSplits: 1, temperature: 1, straightThrough: false };
 * const weights = mixingWeights(tf.tensor2d([[9, -9], [0, 0]]), [1], options);
 * assert.deepEqual(weights.arraySync(), [[[0.5, 0.5]]]);
 * ```
 */
export function mixingWeights(
  logits: tf.Tensor2D,
  taskIds: readonly number[],
  options: MixingWeightsOptions,
): tf.Tensor3D {
  const { nSplits: H, uniform, temperature } = options;
  if (isFused("Route", logits) && taskIds.length > 0) {
    return runKernelForOne("Route", { logits, uniform }, {
      tasks: taskIds,
      nTasks: logits.shape[0],
      nSplits: H,
      temperature,
      hard: options.straightThrough,
    });
  }
  return tf.tidy(() => {
    const shape = [taskIds.length, H, logits.shape[1] / H] as [number, number, number];
    // A product with one-hot rows: a look-up has no gradient on WebAssembly.
    const rows: tf.Tensor3D = tf.reshape(
      tf.matMul(oneHot(taskIds, logits.shape[0]), logits),
      shape,
    );
    const amounts = uniform === undefined
      ? tf.sigmoid(rows)
      : relaxedBernoulli(rows, uniform, temperature);
    return sumToOne(options.straightThrough ? straightThrough(amounts) : amounts);
  });
}

differentiate(
  "Route",
  { by: ["RouteGrad"], saveOutputs: [0, 1], used: 1 },
  ({ dy, saved: [weights, slopes], attrs: { tasks, nTasks } }) => ({
    logits: () => runKernel("RouteGrad", { dy, weights, slopes }, { tasks, nTasks })[0],
  }),
);

/**
 * Scales the last axis to sum 1: x / (Σ x + 10⁻¹²). A row that sums to less than 10⁻¹² fades to 0.
 *
 * Source: tuners/poly/router.py of PEFT, `PolyRouter.forward`
 *
 * @param amounts amount of each skill, not negative; shape `[…, S]`
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../tf.ts";
 *
 * await tf.setBackend("cpu");
 * const weights = sumToOne(tf.tensor2d([[1, 3], [0, 0]]));
 * assert.deepEqual(weights.arraySync(), [[0.25, 0.75], [0, 0]]);
 * ```
 */
export function sumToOne<T extends tf.Tensor>(amounts: T): T {
  return tf.tidy(() => tf.div(amounts, tf.add(tf.sum(amounts, -1, true), 1e-12)));
}

/**
 * Rounds to 0 or 1, one half to 0, and passes the gradient on as if there were no rounding.
 *
 * Source: Estimating or Propagating Gradients Through Stochastic Neurons, arXiv:1308.3432
 *
 * @param x in [0, 1], any shape
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../tf.ts";
 *
 * await tf.setBackend("cpu");
 * const x = tf.tensor1d([0.2, 0.5, 0.7]);
 * assert.deepEqual([...straightThrough(x).dataSync()], [0, 0, 1]);
 * const slope = tf.grad((x: tf.Tensor) => tf.mul(straightThrough(x), 3))(x);
 * assert.deepEqual([...slope.dataSync()], [3, 3, 3]);
 * ```
 */
export function straightThrough<T extends tf.Tensor>(x: T): T {
  const operation = tf.customGrad((x) => ({
    value: tf.cast(tf.greater(x as tf.Tensor, 0.5), "float32"),
    gradFunc: (dy: tf.Tensor) => dy.clone(),
  }));
  return tf.tidy(() => operation(x) as T);
}

/**
 * The task ids as one-hot rows.
 *
 * @param taskIds each in [0, T)
 * @returns shape `[B, T]`
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../tf.ts";
 *
 * await tf.setBackend("cpu");
 * assert.deepEqual(oneHot([2, 0], 3).arraySync(), [[0, 0, 1], [1, 0, 0]]);
 * ```
 */
export function oneHot(taskIds: readonly number[], T: number): tf.Tensor2D {
  const values = new Float32Array(taskIds.length * T);
  for (const [row, task] of taskIds.entries()) values[row * T + task] = 1;
  return tf.tensor2d(values, [taskIds.length, T]);
}
