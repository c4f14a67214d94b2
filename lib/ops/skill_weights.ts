import * as tf from "../tf.ts";
import { differentiate, isFused, runKernel, runKernelForOne } from "./fused.ts";
import { mixingWeights } from "./mixing_weights.ts";
import { relaxedBernoulli } from "./relaxed_bernoulli.ts";
import { straightThrough } from "./straight_through.ts";

/** How logits become weights. */
export interface SkillWeightsOptions {
  readonly nSplits: number;
  /** Numbers in [0, 1) to sample from, shape `[B, H, S]`; undefined for sigmoids without noise. */
  readonly uniform?: tf.Tensor | undefined;
  /** Of the relaxed Bernoulli distribution; above 0. */
  readonly temperature: number;
  /** Whether amounts are rounded to 0 or 1. */
  readonly straightThrough: boolean;
}

/**
 * How much of each skill the task of each row takes: samples of the relaxed Bernoulli distribution, or
 * sigmoids, of the task's logits, scaled to sum 1 in each split. Letters: `B` rows, `T` tasks, `H`
 * splits, `S` skills.
 *
 * Source: tuners/poly/router.py of PEFT, `PolyRouter.forward`
 *
 * @param logits Z, shape `[T, H·S]`, split-major
 * @param taskIds the task of each row, each in [0, T)
 * @returns shape `[B, H, S]`
 *
 * @example Logits of 0 share equally
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../tf.ts";
 *
 * await tf.setBackend("cpu");
 * const options = { nSplits: 1, temperature: 1, straightThrough: false };
 * const weights = skillWeights(tf.tensor2d([[9, -9], [0, 0]]), [1], options);
 * assert.deepEqual(weights.arraySync(), [[[0.5, 0.5]]]);
 * ```
 */
export function skillWeights(
  logits: tf.Tensor2D,
  taskIds: readonly number[],
  options: SkillWeightsOptions,
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
    return mixingWeights(options.straightThrough ? straightThrough(amounts) : amounts);
  });
}

differentiate(
  "Route",
  { by: ["RouteGrad"], saveOutputs: [0, 1], used: 1 },
  ({ dy, saved: [weights, slopes], attrs: { tasks, nTasks } }) => ({
    logits: () => runKernel("RouteGrad", { dy, weights, slopes }, { tasks, nTasks })[0],
  }),
);

/** Shape `[B, T]`. */
function oneHot(taskIds: readonly number[], T: number): tf.Tensor2D {
  const values = new Float32Array(taskIds.length * T);
  for (const [row, task] of taskIds.entries()) values[row * T + task] = 1;
  return tf.tensor2d(values, [taskIds.length, T]);
}
