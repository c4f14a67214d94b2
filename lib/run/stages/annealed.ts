import type { Trainable } from "../../train/multi_task_model.ts";

/**
 * A model whose routing goes over to the uniform average in the course of some steps: in training its
 * weights are w′ = a·w + (1 − a) / S with a = cos(π/2 · k / N) in step k of N, counted from 0. Evaluation
 * is as it was.
 *
 * Source: mttl c66b20d6, models/monitors.py, `PolytroponUniformInterpolation` (`uniform_interp_steps`).
 * Differs: its last N steps belong to multi-task training and its schedule, these come after it.
 *
 * @param steps N; positive
 * @param accumulation batches in a step
 * @param start steps that have been taken before
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../../tf.ts";
 *
 * await tf.setBackend("cpu");
 * const shares: (number | undefined)[] = [];
 * const model = {
 *   forward: ({ uniformShare }: { readonly uniformShare?: number }) => {
 *     shares.push(uniformShare);
 *     return { loss: tf.scalar(0) };
 *   },
 *   trainableParameters: () => new Map(),
 * };
 * const { forward } = annealed(model, 2, 1, 0);
 * for (let step = 0; step < 2; step++) forward({ training: true });
 * forward({});
 * assert.deepEqual(shares, [0, 1 - Math.cos(Math.PI / 4), undefined]);
 * ```
 */
export function annealed<Batch extends object>(
  model: Trainable<Batch>,
  steps: number,
  accumulation: number,
  start: number,
): Trainable<Batch> {
  let batches = start * accumulation;
  return {
    forward(inputs) {
      if (!inputs.training) return model.forward(inputs);
      const step = Math.floor(batches++ / accumulation);
      return model.forward({ ...inputs, uniformShare: 1 - Math.cos(Math.PI / 2 * step / steps) });
    },
    trainableParameters: (part) => model.trainableParameters(part),
  };
}
