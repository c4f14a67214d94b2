import {
  meanRouting,
  type RouterLogits,
  type RoutingMeasures,
  splitMixingWeights,
} from "./measures.ts";
import { randomStream } from "../util/random.ts";
import type { Allocation } from "../poly/allocation.ts";
import { type Recovery, recoveryOf } from "./recovery.ts";
import { mean } from "../util/vectors.ts";

/** Number of permutations for the null; the smallest p is 1 / 200. */
const PERMUTATIONS = 199;

/** Measures of learned routing, and its recovery of the truth where that is known. */
export type RoutingMetrics =
  & { readonly [name in keyof RoutingMeasures]: number }
  & { readonly [name in keyof Recovery]?: number | null };

/**
 * Metrics of learned routing: the measures of its state, as means over routers and splits, and how
 * well it recovers the true allocation, when that is known.
 *
 * Skills of different routers and splits correspond to each other in nothing but their indices. So
 * each split of each router is matched to the truth on its own, and `recovery`, `recovery_f1` and
 * `recovery_null` are means over all of them. Where the truth has splits of its own, each of them is
 * compared with the learned splits that share features with it, and `recovery_p` is the largest of
 * their values.
 *
 * @param routers as `learnedRouting()` reads them
 * @param truth true skills of the tasks that the model knows, `[T, S]`, one for each split of the truth;
 * the number of learned splits may be another
 * @param seed seed of the permutations
 * @returns null for recovery when no true skill distinguishes tasks
 */
export function routingMetrics(
  routers: readonly RouterLogits[],
  truth: readonly Allocation[] | null,
  seed: number,
): RoutingMetrics {
  const state = { ...meanRouting(routers) };
  if (truth === null) return state;
  const learned = routers.map(splitMixingWeights);
  const found = truth.map((allocation, split) =>
    recoveryOf(
      learned.flatMap((splits) => sharing(splits, split, truth.length)),
      allocation,
      { permutations: PERMUTATIONS, stream: randomStream(seed, `recovery/${split}`) },
    )
  ).filter((recovery) => recovery !== null);
  const meanOf = (key: keyof (typeof found)[number]) =>
    found.length === 0 ? null : mean(found.map((recovery) => recovery[key]));
  return {
    ...state,
    recovery: meanOf("recovery"),
    recovery_f1: meanOf("recovery_f1"),
    recovery_null: meanOf("recovery_null"),
    recovery_p: found.length === 0 ? null : Math.max(...found.map(({ recovery_p }) => recovery_p)),
  };
}

/** Those of a router's splits that share features with one of `count` splits of the truth. */
function sharing<T>(splits: readonly T[], trueSplit: number, count: number): T[] {
  const H = splits.length;
  return splits.filter((_, h) =>
    h * count < (trueSplit + 1) * H && trueSplit * H < (h + 1) * count
  );
}
