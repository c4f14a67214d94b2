/** What the seeds of a comparison could find, and how many would decide it. */
import type { CrossedEstimate } from "../statistics/crossed.ts";
import type { Estimate } from "../statistics/estimate.ts";
import { effectSize, powerOf, runsToDecide, seedsToDecide } from "../statistics/planning.ts";
import type { Row } from "./table.ts";

/** The power that {@linkcode planOf} counts seeds for. */
export const WANTED_POWER = 0.8;

/**
 * How large an effect is beside its spread, and what seeds could find: `dz`, the mean over the standard
 * deviation of one seed; `power`, the chance that this many seeds find the smallest effect of interest at
 * p below 5 %, where one is declared; and `seeds_to_decide`, the seeds that find it with a chance of 80 %.
 * Where none is declared, these are the seeds for an effect as large as the one seen.
 *
 * Numbers that cannot be had are missing values: of fewer than three seeds, of effects that are all equal,
 * and `seeds_to_decide` where no number of seeds is enough, as the same few tasks decide.
 *
 * @param estimate of the effect, on the scale that means are taken on
 * @param least the smallest effect of interest on that scale, above 0; null where none is declared
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { estimateMean } from "../statistics/mean.ts";
 *
 * const { dz, power, seeds_to_decide } = planOf(estimateMean([0.1, 0.3, 0.2, 0.2]), 0.1);
 * assert.deepEqual([Number(dz).toFixed(2), Number(power).toFixed(2)], ["2.45", "0.40"]);
 * assert.equal(seeds_to_decide, 8);
 * assert.deepEqual(planOf(estimateMean([0.1, 0.3]), null), { dz: null, seeds_to_decide: null });
 * ```
 */
export function planOf(estimate: Estimate | CrossedEstimate, least: number | null): Row {
  const { n, standard_error, df } = estimate;
  const dz = effectSize(estimate);
  const isKnown = dz !== null && standard_error !== null && df !== null;
  const power = isKnown && least !== null ? powerOf({ standard_error, df, effect: least }) : null;
  const effect = least ?? Math.abs(estimate.estimate ?? 0);
  return {
    dz,
    ...(least === null ? {} : { power }),
    seeds_to_decide: !isKnown || effect === 0
      ? null
      : "n_tasks" in estimate
      ? runsToDecide({ ...spreadOf(estimate), effect, power: WANTED_POWER })
      : seedsToDecide({ sd: standard_error * Math.sqrt(n), effect, power: WANTED_POWER }),
  };
}

/** The parts that a crossed mean varies by, which three seeds and two tasks always give. */
function spreadOf({ n_tasks, task_sd, run_sd, residual_sd }: CrossedEstimate) {
  return { n_tasks, task_sd: task_sd!, run_sd: run_sd!, residual_sd: residual_sd! };
}
