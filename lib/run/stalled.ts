import type { RunConfig } from "./config.ts";

/** What training has measured step by step, and at its evaluations. */
export interface TrainingCourse {
  /** Loss of every step. */
  readonly losses: readonly number[];
  /** Norm of the gradient before clipping, of every step. */
  readonly gradientNorms: readonly number[];
  /** Loss on the validation examples, of every evaluation. */
  readonly validationLosses: readonly number[];
}

/**
 * The step from which on training was dead, counted from 1; null when it was not. Training is dead
 * when nothing that it does can change the loss any more, although there is something left to learn:
 *
 * - the gradient is exactly zero at every step to the end, and there are at least two such steps; or
 * - the loss does not move from its start: all training losses after the first step are the same number
 *   (of at least three, although each step has another batch), or all validation losses are (of at
 *   least two).
 *
 * Equal means equal to the last digit: slow training, and training that gets worse, is not dead. Where
 * the loss has fallen to a thousandth of its first value, a gradient of zero is success. Who sets
 * `learning_rate` to 0 wants a run that does not learn, and it is not judged.
 *
 * @param config settings of the run; only the learning rate is looked at
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const blownUp = { losses: [4.1, 5.95, 5.95, 5.95], gradientNorms: [0.8, 0, 0, 0] };
 * const config = { learning_rate: 1e9 };
 * assert.equal(stalledAt(config, { ...blownUp, validationLosses: [5.95] }), 2);
 * const healthy = { losses: [4.1, 3.9], gradientNorms: [0.8, 0.7], validationLosses: [3.8] };
 * assert.equal(stalledAt(config, healthy), null);
 * ```
 */
export function stalledAt(
  { learning_rate }: Pick<RunConfig, "learning_rate">,
  { losses, gradientNorms, validationLosses }: TrainingCourse,
): number | null {
  if (learning_rate === 0 || losses.length === 0) return null;
  if (losses.at(-1)! <= LEARNED * losses[0]!) return null;
  const zeros = gradientNorms.length - 1 - gradientNorms.findLastIndex((norm) => norm !== 0);
  if (zeros >= LEAST_ZEROS) return gradientNorms.length - zeros + 1;
  const [, second, ...rest] = losses;
  if (rest.length >= LEAST_LOSSES - 1 && rest.every((loss) => loss === second)) return 2;
  const [first, ...others] = validationLosses;
  return others.length > 0 && others.every((loss) => loss === first) ? 1 : null;
}

/** The share of its first value at which a loss has nothing left to learn. */
const LEARNED = 1e-3;
/** Steps with a gradient of zero that are no accident of one batch. */
const LEAST_ZEROS = 2;
/** Equal losses of different batches that are no accident. */
const LEAST_LOSSES = 3;
