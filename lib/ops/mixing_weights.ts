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
  /** Whether the amount of the last skill is 1 in every split, whatever its logit; false when absent. */
  readonly sharedSkill?: boolean | undefined;
  /**
   * What makes weights of amounts: their sum (when absent), the constant √H / √S, or, of logits in place of
   * amounts, the Euclidean norm, where nothing is sampled, rounded or shared.
   */
  readonly normalization?: "sum" | "average_correction" | "l2_norm" | undefined;
}

/**
 * The mixing weights of each row: samples of the relaxed Bernoulli distribution, or sigmoids, of
 * the logits of the row's task, scaled to sum 1 in each split. Letters: `B` rows, `T` tasks, `H`
 * splits, `S` skills.
 *
 * Source: tuners/poly/router.py of PEFT, `PolyRouter.forward`; for the shared skill and other
 * normalizations mttl c66b20d6, models/modifiers/poly.py, `PolytroponSelector.forward`. Kernels compute what
 * PEFT does; all else is composed of plain operations.
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
  const { nSplits: H, uniform, temperature, sharedSkill = false, normalization = "sum" } = options;
  const isPeft = !sharedSkill && normalization === "sum";
  if (isPeft && isFused("Route", logits) && taskIds.length > 0) {
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
    if (normalization === "l2_norm") return toUnitNorm(rows);
    const sampled = uniform === undefined
      ? tf.sigmoid(rows)
      : relaxedBernoulli(rows, uniform, temperature);
    const own = options.straightThrough ? straightThrough(sampled) : sampled;
    const amounts = sharedSkill ? withSharedSkill(own) : own;
    return normalization === "sum"
      ? sumToOne(amounts)
      : tf.mul(amounts, Math.sqrt(H) / Math.sqrt(shape[2])) as tf.Tensor3D;
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
 * The mixing weights that many routers give the same rows: what {@linkcode mixingWeights} gives for each.
 * Letters as there; `N` routers.
 *
 * @param logits routing logits of each router, all of shape `[T, H·S]`
 * @param options as there, with uniform numbers of shape `[N, B, H, S]`
 * @returns shape `[N, B, H, S]`
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../tf.ts";
 *
 * await tf.setBackend("cpu");
 * const options = { nSplits: 1, temperature: 1, straightThrough: false };
 * const logits = [tf.tensor2d([[0, 0]]), tf.tensor2d([[200, -200]])];
 * const weights = mixingWeightsOfAll(logits, [0], options);
 * assert.deepEqual(weights.arraySync(), [[[[0.5, 0.5]]], [[[1, 0]]]]);
 * ```
 */
export function mixingWeightsOfAll(
  logits: readonly tf.Tensor2D[],
  taskIds: readonly number[],
  options: MixingWeightsOptions,
): tf.Tensor4D {
  const { nSplits: H, uniform, temperature } = options;
  const [T, width] = logits[0]!.shape;
  if (isFused("RouteAll", ...logits) && taskIds.length > 0) {
    const named = Object.fromEntries(logits.map((tensor, i) => [`logits${i}`, tensor]));
    return runKernelForOne("RouteAll", { ...named, uniform }, {
      tasks: taskIds,
      nTasks: T,
      nSplits: H,
      temperature,
      hard: options.straightThrough,
    });
  }
  const shape = [taskIds.length, H, width / H];
  return tf.tidy(() =>
    tf.stack(logits.map((tensor, i) =>
      mixingWeights(tensor, taskIds, {
        ...options,
        uniform: uniform === undefined
          ? undefined
          : tf.reshape(tf.slice(uniform, [i, 0, 0, 0], [1, -1, -1, -1]), shape),
      })
    )) as tf.Tensor4D
  );
}

differentiate(
  "RouteAll",
  { by: ["RouteAllGrad"], saveOutputs: [0, 1], used: 1 },
  ({ dy, saved: [weights, slopes], attrs: { tasks, nTasks } }) => {
    const gradients = runKernel("RouteAllGrad", { dy, weights, slopes }, { tasks, nTasks });
    return Object.fromEntries(gradients.map((gradient, i) => [`logits${i}`, () => gradient]));
  },
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
 * Scales the last axis to Euclidean norm 1: x / max(‖x‖, 10⁻¹²), as `torch.nn.functional.normalize` does.
 * Zeros stay zeros, with a finite gradient.
 */
function toUnitNorm(x: tf.Tensor3D): tf.Tensor3D {
  return tf.div(x, tf.sqrt(tf.maximum(tf.sum(tf.square(x), -1, true), 1e-24)));
}

/** The amounts with 1 in place of the last skill's, `[…, S]`, which gets no gradient. */
function withSharedSkill(amounts: tf.Tensor3D): tf.Tensor3D {
  const S = amounts.shape[2];
  const isShared = tf.tensor1d(Array.from({ length: S }, (_, skill) => skill === S - 1 ? 1 : 0));
  return tf.add(tf.mul(amounts, tf.sub(1, isShared)), isShared);
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
