/** Course of a learning rate over a run. */
export interface ScheduleOptions {
  /** Number of steps of the whole run. */
  readonly steps: number;
  /** Share of the steps in which the rate rises linearly from near 0; in [0, 1]. */
  readonly warmup: number;
  /** Course after the warm-up: linearly to 0, constant, or along half a cosine to 0. */
  readonly schedule: "linear" | "constant" | "cosine";
}

/**
 * The factor on the learning rate at a step: k/w in the k-th of w warm-up steps, then the schedule.
 *
 * Source: the linear warm-up and decay of the papers' code (transformers' schedules), shifted by one
 * so that the first step is not lost at rate 0.
 *
 * @param step counted from 0, below `steps`
 * @returns in (0, 1]
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const options = { steps: 6, warmup: 1 / 3, schedule: "linear" } as const;
 * assert.deepEqual([0, 1, 2, 3, 4, 5].map((step) => learningRateFactor(step, options)), [
 *   0.5, 1, 1, 0.75, 0.5, 0.25,
 * ]);
 * ```
 */
export function learningRateFactor(step: number, options: ScheduleOptions): number {
  const warm = Math.round(options.steps * options.warmup);
  if (step < warm) return (step + 1) / warm;
  const done = (step - warm) / (options.steps - warm);
  switch (options.schedule) {
    case "constant":
      return 1;
    case "linear":
      return 1 - done;
    case "cosine":
      return (1 + Math.cos(Math.PI * done)) / 2;
  }
}
